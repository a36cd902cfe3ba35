"""``mlops model pack``: the evidence of a version in one signed zip."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_nb.cli.output import echo_json, format_option


@click.command("pack", epilog="Example: mlops model pack flights -o flights.zip")
@click.argument("reference")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The zip to write.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    default=Path("~/.ssh/id_ed25519"),
    show_default=True,
    help="The SSH key to sign with.",
)
@click.option("--as", "identity", default="", help="Who you are; git's user.email by default.")
@click.option("--without-model", is_flag=True, help="Leave the model file out; its hash stays.")
@format_option
def pack(
    reference: str,
    output: Path,
    key: Path,
    identity: str,
    without_model: bool,
    output_format: str,
) -> None:
    """Write all that a version rests on into one signed zip, for an auditor offline."""
    from mlops_nb.actions.pack import pack as run_pack

    made = run_pack(
        reference,
        output,
        key=key.expanduser(),
        identity=identity,
        with_model=not without_model,
    )
    if output_format == "json":
        echo_json({"schema": 1, "pack": made.to_dict()})
        return
    click.echo(f"wrote {made.path}: {made.version}, {made.files} files, signed by {made.signer}")
    for gap in made.gaps:
        click.echo(f"gap: {gap}")
    click.echo(f"check it: mlops model audit --pack {made.path} --allowed-signers allowed_signers")
