"""The numbers of columns: in the bins of a reference, or in bins that are chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb import frames
from mlops_nb.monitoring.bins import choose_edges, means
from mlops_nb.monitoring.parts import Numbers
from mlops_nb.monitoring.summary import Column, Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLE = 50_000
"""Rows that bin bounds and bin means are taken from; all of them in a smaller table."""


def edges_of(table: Any, names: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Choose the bounds of columns of numbers or datetimes; none for a column without any value."""
    if not names:
        return {}
    drawn = frames.sample_numbers(table, SAMPLE, names, frames.rows(table))
    extremes = frames.extremes(table, names)
    return {
        name: choose_edges(_finite(drawn[name]), *extremes[name]) if name in extremes else ()
        for name in names
    }


def numbers_of(
    summary: frames.Summary, edges: Mapping[str, tuple[float, ...]]
) -> dict[str, Numbers]:
    """Return the summary of the columns that have bounds, even if none."""
    return {name: _numbers(name, summary, bounds) for name, bounds in edges.items()}


def _numbers(name: str, summary: frames.Summary, edges: tuple[float, ...]) -> Numbers:
    found = summary.moments[name]
    return Numbers(
        minimum=found.minimum,
        maximum=found.maximum,
        mean=found.mean,
        squares=(found.variance or 0.0) * found.finite,
        edges=edges,
        counts=tuple(summary.counts.get(name, (found.finite,))),
        means=means(_finite(summary.drawn[name]), edges),
    )


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.abs(values) <= frames.FINITE]


def no_numbers(kind: Kind, reference: Column | None) -> Numbers | None:
    """Return the summary of a column of numbers or datetimes that holds none; else nothing."""
    if kind not in ("numeric", "datetime"):
        return None
    edges = reference.numbers.edges if reference and reference.numbers else ()
    bins = len(edges) + 1
    return Numbers(
        minimum=None, maximum=None, mean=None, squares=0.0,
        edges=edges, counts=(0,) * bins, means=(None,) * bins,
    )  # fmt: skip
