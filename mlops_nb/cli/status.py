"""``mlops status``: one screen."""

from __future__ import annotations

import click

from mlops_nb.cli.output import echo_json, format_option
from mlops_nb.config import load_project


@click.command("status", epilog="Example: mlops status --format json")
@format_option
def command(output_format: str) -> None:
    """Show models, jobs, alerts, freshness and what to do next."""
    from mlops_nb.actions.status import status

    found = status(load_project())
    if output_format == "json":
        echo_json(found.to_dict())
    else:
        click.echo(str(found))
