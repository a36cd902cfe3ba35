"""``mlops model handover``: a folder that an engineer can run with nothing else."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_nb.cli.output import echo_json, format_option


@click.command("handover", epilog="Example: mlops model handover flights@champion -o flights.zip")
@click.argument("reference")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder to make, or a .zip file.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Rows of the hold-out for the smoke test.",
)
@click.option(
    "--allow-pickle",
    is_flag=True,
    help="Also hand over a model stored as a pickle; loading it runs the code inside.",
)
@format_option
def handover(
    reference: str, output: Path, rows: int, allow_pickle: bool, output_format: str
) -> None:
    """Write one folder with a version and all it takes to run it; begin with `make smoke` in it.

    Model, lock with hashes, scoring notebook, data contract, smoke test with expected answers,
    service levels, playbook and card. Rows of the hold-out leave with it, without their labels.
    """
    from mlops_nb.actions.handover import hand_over

    written = hand_over(reference, output, rows=rows, allow_pickle=allow_pickle)
    if output_format == "json":
        echo_json({"schema": 1, "reference": reference, "output": str(written)})
    else:
        click.echo(f"wrote {written}; in it: make smoke")
