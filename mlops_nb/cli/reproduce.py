"""``mlops run reproduce``: make a result again and compare it."""

from __future__ import annotations

from typing import Literal

import click

from mlops_nb.cli.output import echo_json, format_option

tolerance_option = click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1e-6,
    show_default=True,
    help="Relative difference up to which a metric counts as the same.",
)
cell_timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=3600.0,
    show_default=True,
    help="Seconds that one cell may take.",
)


@click.command(epilog="Example: mlops run reproduce baseline --env locked")
@click.argument("run")
@click.option(
    "--env",
    type=click.Choice(["current", "locked"]),
    default="current",
    show_default=True,
    help="Run in this environment, or in one that uv makes from the run's environment.txt.",
)
@tolerance_option
@click.option("--ignore", multiple=True, metavar="METRIC", help="Do not compare this metric.")
@cell_timeout_option
@format_option
def command(
    run: str,
    env: Literal["current", "locked"],
    tolerance: float,
    ignore: tuple[str, ...],
    timeout: float,
    output_format: str,
) -> int:
    """Run the cells that a run depends on once more, and compare every metric.

    The cells run where the run was made and read the files that it read; what they log does not
    enter the store. The verdict is recorded on the run, as a tag and as mlops/reproduce.json.

    Exit codes: 0 reproduced, 1 different, 2 the cells could not be run to their end.
    """
    from mlops_nb.config import load_project
    from mlops_nb.tracking.reproduce import reproduce

    result = reproduce(
        load_project(), run, env=env, tolerance=tolerance, ignore=ignore, timeout=timeout
    )
    if output_format == "json":
        echo_json(result.to_dict())
    else:
        click.echo(repr(result))
    return result.exit_code
