"""``mlops job``: run notebooks unattended."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from mlops_nb.cli.job_cancel import cancel
from mlops_nb.cli.job_export import export
from mlops_nb.cli.job_many import backfill, sweep, workers_option
from mlops_nb.cli.job_serve import serve
from mlops_nb.cli.output import echo_json, echo_table, format_option

if TYPE_CHECKING:
    from mlops_nb.state.attempts import AttemptRow


@click.group(epilog="Example: mlops job run train -p depth=8")
def command() -> None:
    """Run notebooks unattended: on demand, by their schedule, after each other."""


def as_moment(text: str | None, option: str) -> datetime | None:
    """Return the moment that an option names, UTC unless it says otherwise.

    Raises
    ------
    InputError
        It is no date or time.
    """
    from mlops_nb.errors import InputError

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        problem = f"{option} wants a date or a time, got {text!r}"
        raise InputError(problem, f"{option} 2026-04-01T06:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def as_parameters(pairs: tuple[str, ...]) -> dict[str, object]:
    """Return the values of ``-p name=value`` options, still as they were typed.

    Raises
    ------
    InputError
        One is not of that form, or a name is given twice.
    """
    from mlops_nb.errors import InputError
    from mlops_nb.jobs.values import Text

    values: dict[str, object] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise InputError(f"-p wants NAME=VALUE, got {pair!r}", "-p depth=8")
        if name in values:
            raise InputError(f"parameter {name!r} is given twice")
        values[name] = Text(value)
    return values


@command.command("list", epilog="Example: mlops job list")
@format_option
def list_jobs(output_format: str) -> None:
    """List the project's jobs, how they ended last and when they are due next."""
    from mlops_nb.config import load_project
    from mlops_nb.errors import ConfigError
    from mlops_nb.jobs.history import overview

    project = load_project()
    if not project.config.jobs:
        raise ConfigError(f"no job is declared in {project.root}", "mlops init")
    lines = overview(project)
    if output_format == "json":
        jobs = [
            {
                "job": line.name,
                "notebook": line.notebook,
                "schedule": line.schedule,
                "after": line.after,
                "last_status": line.last.status if line.last else None,
                "last_started": line.last.started.isoformat() if line.last else None,
                "next_due": line.next_due.isoformat() if line.next_due else None,
            }
            for line in lines
        ]
        echo_json({"schema": 1, "jobs": jobs})
        return
    echo_table(
        ["job", "notebook", "starts", "last", "next due (UTC)"],
        [
            [
                line.name,
                line.notebook,
                line.schedule or (f"after {line.after}" if line.after else "on demand"),
                f"{line.last.status}, {line.last.started:%Y-%m-%d %H:%M}" if line.last else "-",
                f"{line.next_due:%Y-%m-%d %H:%M}" if line.next_due else "-",
            ]
            for line in lines
        ],
    )


@command.command("run", epilog="Example: mlops job run train -p depth=8 -p start=2013-01-01")
@click.argument("name")
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A value for a parameter of the notebook, in the type it declares; repeatable.",
)
@click.option(
    "--logical-time",
    metavar="TIME",
    help="The due time to run for, ISO 8601, UTC unless it names a zone; now by default.",
)
@click.option(
    "--resume",
    is_flag=False,
    flag_value="last",
    metavar="[ATTEMPT]",
    help="Go on from the newest attempt that did not succeed, or from the one named: cells that "
    "`mlops.checkpoint` makes needless do not run again.",
)
@format_option
def run(
    name: str,
    parameters: tuple[str, ...],
    logical_time: str | None,
    resume: str | None,
    output_format: str,
) -> None:
    """Run the job NAME now, and the jobs that its ending starts.

    Exit codes: 0 succeeded; 1 the notebook or one of its checks failed; 2 wrong job, parameter
    or notebook; 75 it is running for this due time; 124 time limit; 137 out of memory; 138 the
    kernel died; 143 cancelled.
    """
    from mlops_nb.actions.run_job import as_json, run_job
    from mlops_nb.cli.progress import echo_attempt, progress
    from mlops_nb.config import load_project

    project = load_project()
    values = as_parameters(parameters)
    moment = as_moment(logical_time, "--logical-time")
    with progress() as shown:
        record = run_job(
            project, name, values, logical_time=moment, resume=resume, on_progress=shown.tell
        )
        shown.ended(record)
    if output_format == "json":
        echo_json(as_json(project, record))
    else:
        echo_attempt(project, record)
    raise SystemExit(record.exit_code)


@command.command("history", epilog="Example: mlops job history train --limit 500 --html")
@click.argument("name", required=False)
@click.option("--limit", default=20, show_default=True, help="At most so many attempts.")
@click.option(
    "--html",
    is_flag=False,
    flag_value=".mlops/jobs/index.html",
    metavar="[FILE]",
    help="Write a page over them that links to every report, and print where it is.",
)
@format_option
def history(name: str | None, limit: int, html: str | None, output_format: str) -> None:
    """Show the attempts, the newest first, of all jobs or of NAME."""
    from mlops_nb.config import load_project
    from mlops_nb.errors import NotFoundError, did_you_mean
    from mlops_nb.jobs import history as past

    project = load_project()
    rows = past.history(project, name, limit=limit)
    if name is not None and not rows and name not in project.config.jobs:
        raise NotFoundError(f"unknown job {name!r}", did_you_mean(name, project.config.jobs))
    page = None
    if html is not None:
        from mlops_nb.jobs.index import write_index

        page = str(write_index(project, rows, project.root / html))
    if output_format == "json":
        echo_json({"schema": 1, "attempts": [_as_json(row) for row in rows], "page": page})
        return
    if page is not None:
        click.echo(page)
        return
    echo_table(
        ["attempt", "job", "started (UTC)", "took", "by", "status", "why"],
        [
            [
                row.attempt,
                row.job,
                f"{row.started:%Y-%m-%d %H:%M:%S}",
                f"{(row.ended - row.started).total_seconds():.1f} s" if row.ended else "-",
                row.origin,
                row.status,
                (row.message.splitlines() or [""])[0][:80],
            ]
            for row in rows
        ],
    )


def _as_json(row: AttemptRow) -> dict[str, object]:
    return asdict(row) | {
        "logical_time": row.logical_time.isoformat(),
        "started": row.started.isoformat(),
        "ended": row.ended.isoformat() if row.ended else None,
    }


@command.command(
    "tick", epilog="Example: mlops job tick --at 2026-03-29T06:00 (from cron, every minute)"
)
@click.argument("names", nargs=-1)
@click.option("--at", metavar="TIME", help="The moment to act for, ISO 8601; now by default.")
@workers_option
@format_option
def tick(names: tuple[str, ...], at: str | None, workers: int | None, output_format: str) -> None:
    """Run every job, or those of NAMES, whose due time has come.

    Call it each minute from cron or a timer. A due time is run once, however often and from
    however many processes this is called. Of several that have passed since the last run, the
    job's `catch-up` says which are run.
    """
    from mlops_nb.actions.run_job import as_json
    from mlops_nb.actions.tick_jobs import tick as tick_jobs
    from mlops_nb.cli.progress import echo_attempt, progress
    from mlops_nb.config import load_project

    project = load_project()
    moment = as_moment(at, "--at") or datetime.now(UTC)
    with progress() as shown:
        done = tick_jobs(project, moment, names=names, workers=workers, on_progress=shown.tell)
        for record in (one.record for one in done if one.record):
            shown.ended(record)
    if output_format == "json":
        ticked = [
            {
                "job": one.job,
                "due": one.due.isoformat(),
                "missed": one.missed,
                "attempt": as_json(project, one.record) if one.record else None,
            }
            for one in done
        ]
        echo_json({"schema": 1, "ran": ticked})
    for one in done if output_format == "text" else ():
        passed = f"; {one.missed} missed before it, passed over" if one.missed else ""
        click.echo(f"{one.job} was due at {one.due:%Y-%m-%d %H:%M} UTC{passed}")
        if one.record is None:
            click.echo(
                "  another process runs it, or as many as its concurrency allows are running"
            )
        else:
            echo_attempt(project, one.record, indent="  ")
    if not done and output_format == "text":
        click.echo("nothing is due")
    raise SystemExit(1 if any(one.record and one.record.exit_code for one in done) else 0)


for _command in (backfill, cancel, sweep, serve, export):
    command.add_command(_command)
