"""The values of a column of text: which are kept, and how often each occurs."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mlops_nb import frames
from mlops_nb.monitoring.cardinality import KEPT as SKETCHED
from mlops_nb.monitoring.cardinality import sketch, sketch_of
from mlops_nb.monitoring.membership import never_seen, remember
from mlops_nb.monitoring.parts import RARE, Categories
from mlops_nb.monitoring.summary import Column

KEPT = 40
"""Most values kept of a column of text."""
LEVELS = 50_000
"""Columns with more distinct values hold identifiers or prose: their values are not compared."""
NAME = 48
"""Longest value kept in full, in characters."""
BYTES = 800
"""Most room for the names of a column's values, as JSON, so that the column stays below 2 kB."""
PICK = 0.2
"""Share of the rows that the choice of the kept values is made on."""
NOVEL = 5


def categories(table: Any, name: str, rows: int, reference: Column | None) -> Categories:
    """Count the values of a column: those of the reference, or those worth to be kept."""
    found = frames.value_counts(table, name, limit=LEVELS + 1)
    levels: dict[str, int] = {}
    for value, count in found:
        levels[_short(value)] = levels.get(_short(value), 0) + count
    if len(found) <= LEVELS:
        distinct, sketched = len(found), sketch(value for value, _ in found)
    else:
        distinct = frames.distinct(table, name)
        sketched = sketch_of(frames.least_hashes(table, name, SKETCHED))
    if reference is not None and reference.categories is not None:
        made = _count_known(levels, rows, distinct, reference.categories)
    elif len(found) > LEVELS:
        made = Categories(distinct=distinct, counts={}, other=rows, largest_other=found[0][1])
    else:
        made = _choose(levels, seed=zlib.crc32(name.encode()))
    return replace(made, sketch=sketched)


def _count_known(
    levels: Mapping[str, int], rows: int, distinct: int, reference: Categories
) -> Categories:
    counts = {value: levels.get(value, 0) for value in reference.counts}
    others = {value: count for value, count in levels.items() if value not in counts}
    # Frequent values that were merely not kept must not hide one that is new for certain.
    new = {v for v, count in others.items() if count >= RARE and never_seen(reference.seen, v)}
    frequent = sorted(others.items(), key=lambda pair: (pair[0] not in new, -pair[1], pair[0]))
    novel = {value: count for value, count in frequent[:NOVEL] if count >= RARE}
    return Categories(
        distinct=distinct,
        counts=counts,
        other=rows - sum(counts.values()),
        largest_other=max(others.values(), default=0),
        novel=novel,
        unlisted=max((count for value, count in others.items() if value not in novel), default=0),
    )


def _choose(levels: Mapping[str, int], seed: int) -> Categories:
    """Choose the values to keep; when some must go, on a part of the rows that tests leave out.

    To draw that part row by row is the same as to draw a binomial number of each value's rows.
    Rare values are kept for their names alone; tests hold apart what :attr:`Categories.apart` says.
    """
    rows = np.array(list(levels.values()), dtype=np.int64)
    if len(levels) <= KEPT and (rows >= RARE).all() and _room(levels) <= BYTES:
        return Categories(distinct=len(levels), counts=dict(sorted(levels.items())))
    drawn = np.random.default_rng(seed).binomial(rows, PICK)
    names = list(levels)
    order = sorted(range(len(names)), key=lambda i: (-drawn[i], names[i]))
    picked: dict[str, int] = {}
    for i in order[:KEPT]:
        candidate = {**picked, names[i]: int(drawn[i])}
        if drawn[i] >= RARE * PICK * 2 and rows[i] >= RARE and _room(candidate) <= BYTES:
            picked = candidate
    picked = dict(sorted(picked.items()))
    others = [rows for value, rows in levels.items() if value not in picked]
    return Categories(
        distinct=len(levels),
        counts={value: levels[value] for value in picked},
        other=sum(others),
        picked=picked,
        picked_other=int(drawn.sum()) - sum(picked.values()),
        largest_other=max(others, default=0),
        seen=remember([value for value in levels if value not in picked], spare=not picked),
    )


def _room(values: Mapping[str, int]) -> int:
    # Each name stands twice, in `counts` and in `picked`.
    return sum(2 * len(json.dumps(value).encode()) + 12 for value in values)


def _short(value: str) -> str:
    if len(value) <= NAME:
        return value
    return f"{value[:NAME]}…{zlib.crc32(value.encode()):08x}"


def nameless(found: Categories) -> Categories:
    """Return the values of free text without any name: they might tell of a person."""
    if not found.counts:
        return found
    return Categories(
        distinct=found.distinct,
        sketch=found.sketch,
        counts={},
        other=sum(found.counts.values()) + found.other,
        largest_other=max(*found.counts.values(), found.largest_other),
    )
