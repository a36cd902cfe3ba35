"""The numbers of columns: in the bins of a reference, or in bins that are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlops_nb import frames
from mlops_nb.monitoring.bins import choose_edges, means
from mlops_nb.monitoring.parts import Numbers
from mlops_nb.monitoring.summary import Column, Kind

SAMPLE = 50_000
"""Rows that bin bounds and bin means are taken from; all of them in a smaller table."""


def numbers_of(
    table: Any,
    moments: Mapping[str, frames.Moments],
    known: Mapping[str, tuple[float, ...]],
    counts: Mapping[str, list[int]],
) -> dict[str, Numbers]:
    """Summarise the columns of `moments`, in the bins that are known or chosen here."""
    if not moments:
        return {}
    total = next(iter(moments.values())).rows
    rows = frames.sample_numbers(table, SAMPLE, list(moments), total)
    values, edges = {}, dict(known)
    for name, found in moments.items():
        column = rows[name]
        values[name] = column[np.abs(column) <= frames.FINITE]
        if name not in known:
            edges[name] = choose_edges(values[name], found.minimum or 0.0, found.maximum or 0.0)
    new = {name: edges[name] for name in moments if name not in known and edges[name]}
    clean = {name for name, found in moments.items() if found.clean}
    counted = {**counts, **frames.histograms(table, new, clean)}
    return {
        name: Numbers(
            minimum=found.minimum,
            maximum=found.maximum,
            mean=found.mean,
            squares=(found.variance or 0.0) * found.finite,
            edges=edges[name],
            counts=tuple(counted.get(name, (found.finite,))),
            means=means(values[name], edges[name]),
        )
        for name, found in moments.items()
    }


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
