"""Where the bounds of a histogram go: at the reference's quantiles, around its heavy values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ATOMS = 30
"""Up to so many distinct values, each has its own bin."""
SHARES = (0.01, *(i / 20 for i in range(1, 20)), 0.99)
"""Shares of the rows at which a bound is set when there are more."""
HEAVY = 0.08
"""A value that holds this share of the rows has a bin of its own."""
ROOM = 800
"""Most characters of all bounds as JSON, so that a profile stays below 2 kB a column."""
DIGITS = 5
"""Significant digits kept of a mean."""


def choose_edges(values: NDArray[np.float64], minimum: float, maximum: float) -> tuple[float, ...]:
    """Choose the bounds of a column's histogram.

    Bounds stand between two neighbouring values, never on one, and are rounded as far as that
    allows: they read well and nothing hangs on which side of a bin is closed. The first and the
    last bin lie outside of what the reference holds, so that values out of its range are seen.

    Parameters
    ----------
    values : array
        Finite values of the reference, or an even sample of them.
    minimum, maximum : float
        Over all of the reference's finite values.

    Returns
    -------
    tuple of float
        Ascending bounds, at most 2 + 21 + 2 / :data:`HEAVY`, in no more than about :data:`ROOM`
        characters; none when there is no value.
    """
    if not len(values):
        return ()
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= ATOMS:
        cuts = set(range(len(distinct) - 1))
    else:
        share = np.cumsum(counts) / len(values)
        cuts = set(np.searchsorted(share, SHARES).tolist())
        heavy = np.flatnonzero(counts >= HEAVY * len(values))
        cuts |= set(heavy.tolist()) | set((heavy - 1).tolist())
    inner = [
        _between(float(distinct[i]), float(distinct[i + 1]))
        for i in sorted(cuts)
        if 0 <= i < len(distinct) - 1
    ]
    low, high = min(minimum, float(distinct[0])), max(maximum, float(distinct[-1]))
    gap = (high - low) / 100 or abs(low) / 1000 or 1.0
    return (_between(low - gap, low), *_fitting(inner), _between(high, high + gap))


def _fitting(edges: Sequence[float]) -> Sequence[float]:
    """Drop every other bound until they are short enough: many digits leave room for fewer."""
    while len(json.dumps(edges)) > ROOM:
        edges = edges[1::2]
    return edges


def means(values: NDArray[np.float64], edges: Sequence[float]) -> tuple[float | None, ...]:
    """Return the mean of the values in each bin, None in an empty one."""
    place = np.searchsorted(edges, values, side="left")
    counts = np.bincount(place, minlength=len(edges) + 1)
    sums = np.bincount(place, weights=values, minlength=len(edges) + 1)
    return tuple(
        float(f"{total / count:.{DIGITS}g}") if count else None
        for total, count in zip(sums.tolist(), counts.tolist(), strict=True)
    )


def _between(low: float, high: float) -> float:
    """Return the shortest decimal strictly between two numbers; `low` when they are neighbours."""
    middle = low + (high - low) / 2
    for digits in range(1, 18):
        rounded = float(f"{middle:.{digits}g}")
        if low < rounded < high:
            return rounded
    return low
