"""``mlops run bisect``: which change moved the metric."""

from __future__ import annotations

import click

from mlops_nb.cli.output import echo_json, format_option
from mlops_nb.cli.reproduce import cell_timeout_option, tolerance_option


@click.command(epilog="Example: mlops run bisect baseline")
@click.argument("run")
@click.argument("other", required=False)
@tolerance_option
@cell_timeout_option
@format_option
def command(
    run: str, other: str | None, tolerance: float, timeout: float, output_format: str
) -> int:
    """Say which cell, package or file moved a run's metrics.

    Makes RUN again as it was recorded, then with one change at a time: each cell, package and file
    in which OTHER differs, by default the notebook, the packages and the files as they are now.
    Files are brought back from the run's commit; nothing of yours is touched.

    Exit codes: 0 nothing differs, 1 found, 2 not found or not deterministic.
    """
    from mlops_nb.config import load_project
    from mlops_nb.tracking.bisect import bisect

    result = bisect(load_project(), run, other, tolerance=tolerance, timeout=timeout)
    if output_format == "json":
        echo_json(result.to_dict())
    else:
        click.echo(repr(result))
    return result.exit_code
