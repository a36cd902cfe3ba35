"""``mlops model approve``: sign for a version."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_nb.cli.output import echo_json, format_option


@click.command("approve", epilog="Example: mlops model approve flights@challenger --role science")
@click.argument("reference")
@click.option(
    "--role",
    type=click.Choice(["science", "engineering"]),
    required=True,
    help="For which side you answer.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    default=Path("~/.ssh/id_ed25519"),
    show_default=True,
    help="The SSH key to sign with.",
)
@click.option("--as", "identity", default="", help="Who you are; git's user.email by default.")
@format_option
def approve(reference: str, role: str, key: Path, identity: str, output_format: str) -> None:
    """Sign for a version with an SSH key; NAME alone means its challenger."""
    from mlops_nb.actions.approve import approve as run_approval

    given = run_approval(reference, role, key=key.expanduser(), identity=identity)
    if output_format == "json":
        echo_json({"schema": 1, "approval": given.to_dict()})
    else:
        click.echo(f"{given.identity} approves {reference} for {given.role}")
        click.echo(f"next: mlops model promote {reference}")
