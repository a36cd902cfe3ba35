"""How alike a model treats groups of people, in figures with intervals.

The definitions are fairlearn's (Bird et al., *Fairlearn*, 2020). All of them follow from how many
rows of each group are positive and are called so, hence rows drawn with replacement are such counts
drawn from a multinomial: the bootstrap costs the same whatever the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.registry.bootstrap import REPLICATES, Interval
from mlops_nb.registry.metrics import Array

if TYPE_CHECKING:
    import pandas as pd

WORDS = {
    "selection_ratio": "lowest selection rate over the highest",
    "selection_difference": "difference of selection rates (demographic parity)",
    "odds_difference": "difference of true or of false positive rates (equalised odds)",
}
"""Name of a figure → what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """The figures of one column whose values are groups.

    Parameters
    ----------
    column : str
        The column.
    groups : int
        Groups that were compared.
    rows : int
        Rows in them.
    figures : dict
        Name as in :data:`WORDS` → value and interval.
    """

    column: str
    groups: int
    rows: int
    figures: dict[str, Interval]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON-serialisable values."""
        figures = {name: item.to_dict() for name, item in self.figures.items()}
        return {
            "column": self.column,
            "groups": self.groups,
            "rows": self.rows,
            "figures": figures,
        }


def fairness_of(
    truth: Array, chosen: Array, groups: pd.Series, *, confidence: float, seed: int = 0
) -> Fairness | None:
    """Compare how a binary model decides on groups.

    Parameters
    ----------
    truth, chosen : array of shape (n,)
        1 or True where the row is, and where it is predicted to be, positive.
    groups : Series of length n
        The group of each row; a missing one belongs to none. Small groups are to be left out
        before.
    confidence : float
        Coverage of the intervals, 0–1.
    seed : int, default=0
        Seed of the draws.

    Returns
    -------
    Fairness or None
        None when there are fewer than two groups.
    """
    known = groups.notna().to_numpy()
    codes, levels = groups[known].factorize()
    if len(levels) < 2:
        return None
    cells = codes * 4 + truth[known].astype(int) * 2 + chosen[known].astype(int)
    counts = np.bincount(cells, minlength=4 * len(levels))
    random = np.random.default_rng(seed)
    drawn = random.multinomial(counts.sum(), counts / counts.sum(), size=REPLICATES)
    plain, replicated = _figures(counts[None]), _figures(drawn)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    figures = {}
    for name, value in plain.items():
        if np.isfinite(value[0]):
            low, high = np.nanquantile(replicated[name], tails)
            figures[name] = Interval(value=float(value[0]), low=float(low), high=float(high))
    return Fairness(
        column=str(groups.name), groups=len(levels), rows=int(counts.sum()), figures=figures
    )


def _figures(counts: Array) -> dict[str, Array]:
    """Return each figure by replicate; `counts` has four cells a group: (truth, chosen)."""
    cells = counts.reshape(len(counts), -1, 2, 2).astype(float)
    selection = _share(cells.sum(axis=2))
    low, high = selection.min(axis=1), selection.max(axis=1)
    return {
        "selection_ratio": np.divide(low, high, out=np.full_like(low, np.nan), where=high > 0),
        "selection_difference": high - low,
        "odds_difference": np.maximum(
            np.ptp(_share(cells[:, :, 1]), axis=1), np.ptp(_share(cells[:, :, 0]), axis=1)
        ),
    }


def _share(counts: Array) -> Array:
    """Return the share of the chosen; 0 where there is no row, as scikit-learn has it."""
    under = counts.sum(axis=-1)
    answer: Array = np.divide(counts[..., 1], under, out=np.zeros_like(under), where=under > 0)
    return answer
