"""NBZ: the linter's own housekeeping."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.rule import Severity, rule


@rule(
    "NBZ001",
    "unused-suppression",
    Severity.WARNING,
    why="""A suppression that outlives its reason hides the next finding of its kind.""",
    bad=Example(cells=["rows = [1, 2, 3]\nprint(sum(rows))  # noqa: NBX001"]),
    good=Example(cells=["print(sum(rows))  # noqa: NBX001"]),
    fixable=True,
    last=True,
)
def unused_suppression(context: Context) -> Iterator[Finding]:
    """Flag a suppression that suppresses nothing."""
    yield from context.unused
