"""One reason not to believe a score."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

from mlops_nb.lint.leaks.trace import Score, Split
from mlops_nb.lint.leaks.values import disjoint

LeakKind = Literal[
    "fitted", "target", "resampled", "overlap", "reused", "stopped", "unheld", "refit", "shuffled"
]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Leak:
    """One reason not to believe a score.

    Parameters
    ----------
    kind : str
        Which.
    what : str
        The class or function that caused it.
    node : ast.AST
        Where.
    cell : int
        Index of the code cell among those analysed.
    split : Split, optional
        The split that came too late, or was of the wrong sort.
    score : Score, optional
        The score that is too good.
    others : tuple of Score
        Further scores on the same rows.
    taught : bool
        A transformer that other rows had been fitted on before: it only has to transform.
    """

    kind: LeakKind
    what: str
    node: ast.AST
    cell: int
    split: Split | None = None
    score: Score | None = None
    others: tuple[Score, ...] = ()
    taught: bool = False


def held_out(score: Score) -> bool:
    """Tell whether a score is on rows that the fit has certainly not seen."""
    return score.fit is not None and disjoint(score.fit.rows, score.rows)
