"""``mlops monitor``: check a live model by running the monitor notebook."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_nb.cli.output import echo_json, format_option, printable


@click.command(epilog="Example: mlops monitor flights --window 7d --report monitor.html")
@click.argument("model")
@click.option(
    "--window",
    default="1d",
    show_default=True,
    help="Length of the period: a number and m, h, d or w.",
)
@click.option("--at", metavar="TIME", help="End of the period, ISO 8601; now by default.")
@click.option(
    "--report",
    "target",
    metavar="OUT",
    type=click.Path(dir_okay=False),
    help="Write a report: .html the executed notebook; .md, .png or .json its verdict.",
)
@format_option
def command(
    model: str, window: str, at: str | None, target: str | None, output_format: str
) -> None:
    """Check MODEL over the latest period, on every dimension.

    Exit codes are those of `mlops job run`: 0 all well, 1 findings or a failed notebook.
    """
    from mlops_nb.actions.monitor_model import monitor_model
    from mlops_nb.actions.run_job import as_json
    from mlops_nb.cli.job import as_moment
    from mlops_nb.cli.progress import echo_attempt, progress
    from mlops_nb.config import load_project

    project = load_project()
    moment = as_moment(at, "--at")
    with progress() as shown:
        record = monitor_model(
            project, model, window=window, at=moment, report=target, on_progress=shown.tell
        )
        shown.ended(record)
    if output_format == "json":
        echo_json(as_json(project, record))
    else:
        echo_attempt(project, record)
        for result in record.results:
            if result.status in {"warned", "failed", "error"}:
                told = printable(f"{result.identity}: {result.message}")
                click.echo(f"  {result.status.value:<7} {told}")
        if target and Path(target).is_file():
            click.echo(f"  report    {target}")
    raise SystemExit(record.exit_code)
