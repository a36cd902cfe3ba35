"""``mlops sync``: bring the journal into the store."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import click

from mlops_nb.cli.output import echo_json, format_option

if TYPE_CHECKING:
    from mlops_nb.tracking.sync import SyncReport


@click.command(epilog="Example: mlops sync")
@click.option("--follow", is_flag=True, help="Go on until no run has written for some seconds.")
@format_option
def command(follow: bool, output_format: str) -> None:
    """Bring what runs have logged into the store.

    Notebooks start this by themselves; call it after the store could not be reached, or to end
    runs whose kernel died.
    """
    from dataclasses import asdict

    from mlops_nb.config import load_project
    from mlops_nb.tracking.sync import sync

    project = load_project()
    if follow:
        _follow(output_format)
        return
    report = sync(project)
    if output_format == "json":
        echo_json({"schema": 1, **asdict(report)})
        return
    _echo_report(report)


def _follow(output_format: str) -> None:
    from mlops_nb.config import load_project
    from mlops_nb.tracking.follower import follow

    # The notebook's own work goes first on a small machine.
    os.nice(5)
    # Nobody waits for this process: a server that is slow to write gets the time that it needs.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")
    # The store makes an object of every point and drops it at once: looking for circles among
    # them takes a quarter of the time.
    gc.set_threshold(100_000, 50, 50)
    for answer in follow(load_project()):
        if isinstance(answer, Exception):
            click.echo(f"warning: {answer}", err=True)
        else:
            _echo_report(answer)


def _echo_report(report: SyncReport) -> None:
    for warning in report.warnings:
        click.echo(f"warning: {warning}", err=True)
    parts = [f"{report.points} points", f"{len(report.finished)} runs finished"]
    if report.killed:
        parts.append(f"{len(report.killed)} killed")
    if report.live:
        parts.append(f"{len(report.live)} still running")
    click.echo(", ".join(parts) if report.changed or report.live else "nothing to bring over")
