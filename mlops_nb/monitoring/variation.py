"""How much the reference varies of itself: its periods against each other."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mlops_nb import frames
from mlops_nb.errors import InputError
from mlops_nb.monitoring import statistics
from mlops_nb.monitoring.parts import Categories, Numbers, Spread
from mlops_nb.monitoring.summary import Column, Periods

LEAST = 3
"""With fewer periods nothing is known of their variation."""
MOST = 60
"""Periods that are looked at; of more, so many are drawn."""
WHOLE = 0.5
"""A period with fewer rows than this share of the median one was cut off and is left out."""
GOOD = 8
"""Periods wanted when their length is chosen here."""
UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
LENGTHS = {"1h": 3600, "1d": 86400, "1w": 7 * 86400, "4w": 28 * 86400}

Measure = Callable[[int], float]


def parse_every(text: str | float) -> float:
    """Return a length in seconds, or a plain number as it is: ``"1d"``, ``"6h"``, ``1``.

    Raises
    ------
    InputError
        It is neither.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|d|w|)\s*", str(text))
    if match is None or not float(match[1]):
        raise InputError(f"{text!r} is no length of time", "such as 6h, 1d or 1w")
    return float(match[1]) * UNITS.get(match[2], 1)


def in_words(every: float) -> str:
    """Return a length as :func:`parse_every` reads it."""
    for unit in ("w", "d", "h", "min"):
        if every % UNITS[unit] == 0:
            return f"{every / UNITS[unit]:g}{unit}"
    return f"{every:g}"


def as_long_as(span: float) -> float:
    """Return the length of periods like a table that spans so many seconds: whole days or hours."""
    unit = UNITS["d"] if span > UNITS["d"] / 2 else UNITS["h"]
    return float((math.floor(span / unit) + 1) * unit)


def fitting(span: float, *, whole: bool) -> float:
    """Return a length that divides a span into some periods; of whole numbers, such as years, 1."""
    if whole:
        return 1.0
    return float(max((s for s in LENGTHS.values() if span / s >= GOOD), default=LENGTHS["1h"]))


def with_variation(
    table: Any, columns: Mapping[str, Column], *, time: str, every: float
) -> tuple[dict[str, Column], Periods | None]:
    """Return the columns with what their periods differ by, and which periods these were.

    Each period is held against all others together, by the same figures that later decide about a
    current table. Without enough whole periods the columns come back as they were.
    """
    dated, counts = frames.in_periods(table, time, every)
    middle = float(np.median([*counts.values()])) if counts else 0.0
    chosen = sorted(key for key, rows in counts.items() if rows >= WHOLE * middle)
    if len(chosen) < LEAST:
        return dict(columns), None
    if len(chosen) > MOST:
        chosen = sorted(np.random.default_rng(0).choice(chosen, MOST, replace=False).tolist())
    rows = np.array([counts[key] for key in chosen], dtype=float)
    edges = {
        name: column.numbers.edges
        for name, column in columns.items()
        if column.kind == "numeric" and column.numbers and column.numbers.edges and name != time
    }
    filled, bins = frames.by_period(dated, chosen, list(columns), edges)
    varied = {}
    for name, column in columns.items():
        measures = {"null_rate": _nulls(column, rows, np.array(filled[name], dtype=float))}
        if name in edges and column.numbers:
            measures["js"] = _numbers(column.numbers, np.array(bins[name], dtype=float))
        elif column.categories and column.categories.counts:
            known = list(column.categories.counts)
            found = frames.values_by_period(dated, chosen, name, known)
            measures |= _categories(column.categories, *found)
        spread = {key: _spread(measure, len(chosen)) for key, measure in measures.items()}
        varied[name] = replace(column, variation=spread)
    return varied, Periods(time=time, every=every, count=len(chosen))


def _spread(measure: Measure, count: int) -> Spread:
    found = np.array([measure(i) for i in range(count)])
    sd = float(found.std(ddof=1))
    return Spread(count, _short(found.mean()), _short(sd), _short(found.max()))


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _nulls(column: Column, rows: Any, filled: Any) -> Measure:
    def measure(i: int) -> float:
        others = column.rows - rows[i]
        rest = (column.values - filled[i]) / others if others else 1.0
        return abs(float(filled[i] / rows[i] - rest))

    return measure


def _numbers(numbers: Numbers, bins: Any) -> Measure:
    return _distance(np.array(numbers.counts, dtype=float), bins, ordered=True)


def _categories(categories: Categories, kept: Any, exclusive: Any) -> dict[str, Measure]:
    names = list(categories.counts)
    rows = np.array(kept, dtype=float)
    apart, rare = ([names.index(name) for name in of] for of in (categories.apart, categories.rare))
    parts = np.column_stack([rows[:, apart], rows.sum(axis=1) - rows[:, apart].sum(axis=1)])

    def unseen(i: int) -> float:
        came_up = max(exclusive[i], rows[i, rare].max(initial=0))
        return float(came_up / rows[i].sum()) if rows[i].sum() else 0.0

    whole = np.array(categories.bins(categories.apart), dtype=float)
    return {"js": _distance(whole, parts, ordered=False), "unseen": unseen}


def _distance(whole: Any, parts: Any, *, ordered: bool) -> Measure:
    def measure(i: int) -> float:
        part, rest = parts[i], whole - parts[i]
        if not part.sum() or not rest.sum():
            return 0.0
        return statistics.js_excess(*statistics.join_sparse(rest, part, ordered=ordered))

    return measure
