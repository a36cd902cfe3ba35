"""``mlops job sweep`` and ``mlops job backfill``: one job many times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from mlops_nb.cli.output import echo_json, echo_table, format_option

if TYPE_CHECKING:
    from mlops_nb.actions.fan_out import Outcome, Point
    from mlops_nb.config import Project

workers_option = click.option(
    "--workers", type=click.IntRange(min=1), help="At most so many at once; one per processor."
)
_engine_option = click.option(
    "--engine",
    default="",
    metavar="dask://HOST:PORT",
    help="Run on the workers of a dask cluster that see this folder, instead of on this machine.",
)


@click.command(epilog="Example: mlops job backfill score 2026-03-01 2026-04-01 --every 1d")
@click.argument("name")
@click.argument("start")
@click.argument("end")
@click.option("--every", help="Distance of the due times, as 1d; by default the job's schedule.")
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="For all of them."
)
@workers_option
@_engine_option
@format_option
def backfill(
    name: str,
    start: str,
    end: str,
    every: str | None,
    parameters: tuple[str, ...],
    workers: int | None,
    engine: str,
    output_format: str,
) -> None:
    """Run the job NAME for every due time from START until before END.

    What has succeeded for its due time is not run again: the same command goes on where it was
    interrupted. Times are ISO 8601, UTC unless they name a zone.
    """
    from mlops_nb.actions.fan_out import backfill_points
    from mlops_nb.cli.job import as_moment, as_parameters
    from mlops_nb.config import load_project
    from mlops_nb.jobs.durations import as_duration

    project = load_project()
    first, last = as_moment(start, "START"), as_moment(end, "END")
    points = backfill_points(
        project,
        name,
        first or datetime.now(UTC),
        last or datetime.now(UTC),
        every=as_duration(every, "--every") if every else None,
        parameters=as_parameters(parameters),
    )
    _run(project, points, workers, engine, output_format)


@click.command(epilog="Example: mlops job sweep train -p depth=3,5,8 -p rate=0.1,0.3 --metric auc")
@click.argument("name")
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE,VALUE…",
    help="The values that a parameter takes, with commas between; repeatable.",
)
@click.option("--metric", default="", help="Order by this metric of the runs, the greatest first.")
@click.option("--smallest", is_flag=True, help="Order the smallest metric first.")
@click.option(
    "--logical-time",
    metavar="TIME",
    help="The due time of the first; the same again goes on with what has not succeeded.",
)
@workers_option
@_engine_option
@format_option
def sweep(
    name: str,
    parameters: tuple[str, ...],
    metric: str,
    smallest: bool,
    logical_time: str | None,
    workers: int | None,
    engine: str,
    output_format: str,
) -> None:
    """Run the job NAME for every combination of values."""
    from mlops_nb.actions.fan_out import sweep_points
    from mlops_nb.cli.job import as_moment, as_parameters
    from mlops_nb.config import load_project
    from mlops_nb.errors import InputError
    from mlops_nb.jobs.values import Text

    project = load_project()
    grid = {
        key: [Text(value.strip()) for value in str(values).split(",")]
        for key, values in as_parameters(parameters).items()
    }
    if not grid:
        raise InputError("a sweep wants the values of a parameter", "-p depth=3,5,8")
    at = as_moment(logical_time, "--logical-time") or datetime.now(UTC)
    points = sweep_points(project, name, grid, at)
    _run(project, points, workers, engine, output_format, metric=metric, smallest=smallest)


def _run(
    project: Project,
    points: Sequence[Point],
    workers: int | None,
    engine: str,
    output_format: str,
    *,
    metric: str = "",
    smallest: bool = False,
) -> None:
    from mlops_nb.actions.fan_out import run_points
    from mlops_nb.actions.tick_jobs import default_workers
    from mlops_nb.jobs.supervisor import Stop

    outcomes = []
    with Stop() as stop:
        at_once = workers or default_workers()
        for outcome in run_points(project, points, workers=at_once, engine=engine, stop=stop):
            outcomes.append(outcome)
            click.echo(f"{len(outcomes)}/{len(points)} {_line(outcome)}", err=True)
    outcomes.sort(key=lambda outcome: outcome.point.logical_time)
    values = _metrics(project, outcomes, metric) if metric else {}
    if metric:
        sign = 1 if smallest else -1
        outcomes.sort(key=lambda o: (o.attempt not in values, sign * values.get(o.attempt, 0.0)))
    if output_format == "json":
        rows = [_as_json(outcome, values) for outcome in outcomes]
        echo_json({"schema": 1, "points": len(points), "metric": metric or None, "ran": rows})
    else:
        _echo(outcomes, metric, values)
        failed = sum(bool(outcome.exit_code) for outcome in outcomes)
        left = len(points) - len(outcomes)
        more = f", {left} not begun" if left else ""
        click.echo(f"{len(outcomes) - failed} succeeded, {failed} did not{more}")
    if len(outcomes) < len(points):
        raise SystemExit(143)
    raise SystemExit(1 if any(outcome.exit_code for outcome in outcomes) else 0)


def _line(outcome: Outcome) -> str:
    given = " ".join(f"{key}={value}" for key, value in outcome.point.parameters.items())
    before = ", before" if outcome.before else ""
    return f"{outcome.point.logical_time:%Y-%m-%d %H:%M} {given} {outcome.status}{before}"


def _metrics(project: Project, outcomes: Sequence[Outcome], metric: str) -> dict[str, float]:
    from mlops_nb.store.runs import get_run

    found = {}
    for outcome in outcomes:
        if outcome.run_id:
            metrics = get_run(project, outcome.run_id).metrics
            if metric in metrics:
                found[outcome.attempt] = metrics[metric]
    return found


def _echo(outcomes: Sequence[Outcome], metric: str, values: dict[str, float]) -> None:
    names = list(dict.fromkeys(key for one in outcomes for key in one.point.parameters))
    headers = ["due (UTC)", *names, *([metric] if metric else []), "status", "attempt", "why"]

    def rows() -> Iterator[list[object]]:
        for one in outcomes:
            yield [
                f"{one.point.logical_time.astimezone(UTC):%Y-%m-%d %H:%M}",
                *(str(one.point.parameters.get(key, "-")) for key in names),
                *([values.get(one.attempt)] if metric else []),
                f"{one.status}{' (before)' if one.before else ''}",
                one.attempt or "-",
                (one.message.splitlines() or [""])[0][:60],
            ]

    echo_table(headers, list(rows()))


def _as_json(outcome: Outcome, values: dict[str, float]) -> dict[str, Any]:
    return {
        "job": outcome.point.job,
        "logical_time": outcome.point.logical_time.isoformat(),
        "parameters": {key: str(value) for key, value in outcome.point.parameters.items()},
        "status": outcome.status,
        "attempt": outcome.attempt,
        "folder": outcome.folder,
        "run_id": outcome.run_id,
        "message": outcome.message,
        "before": outcome.before,
        "metric": values.get(outcome.attempt),
    }
