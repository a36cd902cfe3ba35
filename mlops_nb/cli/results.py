"""How commands print the results of checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlops_nb.cli.output import echo_table, printable

if TYPE_CHECKING:
    from mlops_nb.result import Result

_COLOURS = {"passed": "green", "warned": "yellow", "failed": "red", "error": "red"}


def echo_results(results: Sequence[Result]) -> None:
    """Print results as a table, then the advice of those that have some."""
    echo_table(
        ["check", "subject", "status", "finding"],
        [[result.name, result.subject, result.status.value, result.message] for result in results],
    )
    for result in results:
        if result.advice:
            click.secho(f"{result.name}: ", fg=_COLOURS.get(result.status.value), nl=False)
            click.echo(printable(result.advice))
