"""``mlops job cancel``: end a running attempt."""

from __future__ import annotations

import click

from mlops_nb.cli.output import echo_json, format_option


@click.command("cancel", epilog="Example: mlops job cancel 3f0c9a11b2d4")
@click.argument("attempt")
@format_option
def cancel(attempt: str, output_format: str) -> None:
    """End the running ATTEMPT; what it computed so far is saved, `--resume` can go on from it.

    Exit codes: 0 it was asked to end; 2 it is not running, or not on this machine.
    """
    from mlops_nb.config import load_project
    from mlops_nb.jobs.progress import cancel as ask

    row = ask(load_project(), attempt)
    if output_format == "json":
        echo_json({"schema": 1, "attempt": row.attempt, "job": row.job})
    else:
        click.echo(f"attempt {row.attempt} of job {row.job} is asked to end")
