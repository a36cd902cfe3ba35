"""Results to look at: a table in a notebook, aligned lines in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlops_nb.result import Result, Status

ALL_SHOWN = 12
"""Most results of which those that passed are shown as well."""


@dataclass(frozen=True, slots=True)
class Checks:
    """Some results, the gravest first.

    Parameters
    ----------
    results : sequence of Result
        As a monitor returns them.
    """

    results: Sequence[Result]

    def __repr__(self) -> str:
        from mlops_nb.monitoring.html import ordered

        return "\n".join(map(str, ordered(self.results))) or "no check applies"

    def _repr_html_(self) -> str:
        from mlops_nb.monitoring.html import fragment, results_table

        if not self.results:
            return fragment("<p class='mute'>no check applies</p>")
        passed = [r for r in self.results if r.status is Status.PASSED]
        if len(self.results) <= ALL_SHOWN:
            return fragment(results_table(self.results))
        rest = [r for r in self.results if r.status is not Status.PASSED]
        shown = results_table(rest) if rest else ""
        return fragment(
            f"{shown}<details><summary>{len(passed)} of {len(self.results)} checks passed"
            f"</summary>{results_table(passed)}</details>"
        )


def checks(results: Sequence[Result]) -> Checks:
    """Return results as something to look at, the last value of a cell.

    Parameters
    ----------
    results : sequence of Result
        As a monitor returns them; of more than twelve, those that passed are folded away.
    """
    return Checks(tuple(results))
