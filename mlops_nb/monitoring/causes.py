"""Which columns a changed loss comes from: reference rows reweighted to be as they are now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Values = NDArray[np.float64]
BINS = 20
HEAVIEST = 20.0
"""Largest weight of a reference row: heavier ones would make the mean that of a few rows."""
SURE = 2.58


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What the shift of one column explains.

    Parameters
    ----------
    column : str
        The column.
    effect : float
        Change of the mean loss that its shift explains, in units of the loss.
    error : float
        Standard error of the effect.
    """

    column: str
    effect: float
    error: float

    @property
    def sure(self) -> bool:
        """Whether the effect is beyond noise."""
        return abs(self.effect) > SURE * self.error


def codes_of(before: pd.Series, now: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the bin of each value of a column, before and now; nulls have one of their own."""
    import pandas as pd

    if before.dtype.kind in "iufb" and now.dtype.kind in "iufb":
        old = before.to_numpy(dtype=float, na_value=np.nan)
        new = now.to_numpy(dtype=float, na_value=np.nan)
        seen = old[np.isfinite(old)]
        edges = (
            np.unique(np.quantile(seen, np.linspace(0, 1, BINS + 1)[1:-1])) if len(seen) else seen
        )
        one, two = (np.searchsorted(edges, v) + 1 for v in (old, new))
        one[np.isnan(old)], two[np.isnan(new)] = 0, 0
        return one, two
    text = before.astype("string")
    top = text.value_counts().index[:BINS]
    places = pd.Index(top)
    one, two = (
        np.where(part.isna(), len(top) + 1, places.get_indexer(part.fillna("")))
        for part in (text, now.astype("string"))
    )
    # What is not among the frequent values shares a place.
    one[one == -1], two[two == -1] = len(top), len(top)
    return one, two


def _weights(one: NDArray[np.int64], two: NDArray[np.int64]) -> Values:
    """Return the weight of each reference row that makes its column distributed as it is now."""
    size = int(max(one.max(), two.max())) + 1
    before = np.bincount(one, minlength=size) / len(one)
    now = np.bincount(two, minlength=size) / len(two)
    ratio = np.divide(now, before, out=np.zeros(size), where=before > 0)
    return np.minimum(ratio, HEAVIEST)[one]


def causes_of(codes: Mapping[str, Any], loss: Values) -> tuple[Cause, ...]:
    """Return what the shift of each column explains of a mean loss, the largest effect first.

    Parameters
    ----------
    codes : mapping
        Column → its bins, as of :func:`codes_of`.
    loss : array
        The loss of each reference row.
    """
    found = []
    for name, (one, two) in codes.items():
        weights = _weights(one, two)
        if weights.sum() <= 0:
            continue
        mean = float(weights @ loss / weights.sum())
        # Both means are of the same rows: the noise is that of the difference in weights, and
        # that of the new rows' shares.
        scaled = weights / weights.mean()
        within = float((((scaled - 1) * (loss - mean)) ** 2).mean()) / len(loss)
        size = int(max(one.max(), two.max())) + 1
        rows = np.bincount(one, minlength=size)
        level = np.bincount(one, weights=loss, minlength=size) / np.maximum(rows, 1)
        across = float(level[two].var()) / len(two)
        found.append(
            Cause(column=name, effect=mean - float(loss.mean()), error=math.sqrt(within + across))
        )
    return tuple(sorted(found, key=lambda cause: -abs(cause.effect)))


def shift_effect(codes: Mapping[str, Any], loss: Values) -> float:
    """Return the change of the mean loss when all columns are distributed as now."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    one = np.column_stack([pair[0] for pair in codes.values()])
    two = np.column_stack([pair[1] for pair in codes.values()])
    rng = np.random.default_rng(0)
    size = min(20_000, len(one), len(two))
    picked = rng.choice(len(one), size, replace=False), rng.choice(len(two), size, replace=False)
    rows = np.vstack([one[picked[0]], two[picked[1]]])
    side = np.repeat([0, 1], size)
    trees = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=15, min_samples_leaf=40, l2_regularization=1.0,
        early_stopping=True, random_state=0,
    )  # fmt: skip
    with threadpool_limits(limits=1):
        chance = trees.fit(rows, side).predict_proba(one)[:, 1]
    weights = np.minimum(chance / np.maximum(1 - chance, 1e-6), HEAVIEST)
    return float(weights @ loss / weights.sum() - loss.mean())
