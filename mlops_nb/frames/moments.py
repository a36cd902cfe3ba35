"""Counts, extremes, moments and histograms of all columns, in one pass."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.frames.query import (
    FINITE,
    aggregate,
    counted,
    finite_number,
    histogram_of,
    kinds,
    number_of,
    one_thread,
    rows,
)
from mlops_nb.frames.sampling import sample_numbers
from mlops_nb.frames.stream import Running, stream

if TYPE_CHECKING:
    import ibis
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """What one pass over a column yields; all but the counts is None for text and without values.

    Parameters
    ----------
    nulls : int
        Rows without a value, NaN included.
    infinite : int
        Rows beyond :data:`FINITE` on either side; in none of the figures below.
    finite : int
        Rows with a usable value.
    minimum, maximum, mean : float, optional
        Of the finite values; datetimes count in seconds since 1970.
    variance : float, optional
        Population variance of the finite values.
    """

    nulls: int
    infinite: int
    finite: int
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    variance: float | None = None

    @property
    def rows(self) -> int:
        """All rows of the table."""
        return self.nulls + self.infinite + self.finite


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What :func:`summarise` finds.

    Parameters
    ----------
    moments : mapping
        Column → its moments, in the table's order.
    counts : mapping
        Column with k bounds → the k + 1 counts of its finite values.
    drawn : mapping
        Column → its values in an even sample of the rows, NaN where there is none.
    """

    moments: Mapping[str, Moments]
    counts: Mapping[str, list[int]]
    drawn: Mapping[str, NDArray[np.float64]]


def summarise(
    table: ibis.Table,
    edges: Mapping[str, Sequence[float]],
    *,
    drawn: Collection[str] = (),
    size: int = 0,
) -> Summary:
    """Return counts and moments of every column, histograms of some and a sample of some.

    Parameters
    ----------
    edges : mapping
        Column → e₁ … eₖ, the bounds of its bins (−∞, e₁], (e₁, e₂], … (eₖ, ∞); may be empty.
    drawn : collection of str
        Columns of numbers or datetimes to be sampled, as :func:`sample_numbers` does.
    size : int
        Rows of the sample.
    """
    if table.get_backend().name == "duckdb":
        return _streamed(table, edges, drawn, size)
    sampled = sample_numbers(table, size, list(drawn), rows(table)) if drawn else {}
    return _asked(table, edges, sampled)


def _streamed(
    table: ibis.Table, edges: Mapping[str, Sequence[float]], drawn: Collection[str], size: int
) -> Summary:
    total = rows(table)
    found = stream(table, edges, drawn, size / max(1, total))
    values = [name for name in table.columns if name not in found]
    filled = aggregate(table, {str(i): table[name].count() for i, name in enumerate(values)})
    moments = {name: _of_numbers(each) for name, each in found.items()}
    for i, name in enumerate(values):
        moments[name] = Moments(nulls=total - filled[str(i)], infinite=0, finite=filled[str(i)])
    return Summary(
        moments={name: moments[name] for name in table.columns},
        counts={name: found[name].counts() for name in edges},
        drawn={name: found[name].sampled() for name in drawn},
    )


def _of_numbers(found: Running) -> Moments:
    nulls = found.rows - found.finite - found.infinite
    if not found.finite:
        return Moments(nulls=nulls, infinite=found.infinite, finite=0)
    return Moments(
        nulls=nulls,
        infinite=found.infinite,
        finite=found.finite,
        # −0.0 is written unlike 0.
        minimum=found.minimum + 0.0,
        maximum=found.maximum + 0.0,
        mean=found.mean,
        variance=found.squares / found.finite,
    )


FIGURES = ("minimum", "maximum", "mean", "variance")


def _asked(
    table: ibis.Table,
    edges: Mapping[str, Sequence[float]],
    drawn: Mapping[str, NDArray[np.float64]],
) -> Summary:
    """Ask the engine for all figures, in as few queries as it can plan."""
    treated = kinds(table)
    wanted: dict[str, Any] = {"rows": table.count()}
    for i, (name, (kind, _)) in enumerate(treated.items()):
        wanted[f"{i}_values"] = table[name].count()
        if kind in ("numeric", "datetime"):
            number = finite_number(table[name], kind)
            wanted[f"{i}_finite"] = number.count()
            wanted[f"{i}_minimum"], wanted[f"{i}_maximum"] = number.min(), number.max()
            wanted[f"{i}_mean"], wanted[f"{i}_variance"] = number.mean(), number.var(how="pop")
    for i, (name, bounds) in enumerate(edges.items()):
        wanted |= histogram_of(f"{i}_bins", finite_number(table[name], treated[name][0]), bounds)
    found = aggregate(table, wanted)
    odd = [
        name
        for i, name in enumerate(treated)
        if found.get(f"{i}_finite", found[f"{i}_values"]) != found[f"{i}_values"]
    ]
    nan = _count_nan(table, odd)
    moments = {name: _answered(found, i, nan.get(name, 0)) for i, name in enumerate(treated)}
    return Summary(moments=moments, counts=counted(found, edges), drawn=drawn)


def _answered(found: Mapping[str, Any], place: int, nan: int) -> Moments:
    values = found[f"{place}_values"] - nan
    finite = found.get(f"{place}_finite", values)
    figures = {key: found.get(f"{place}_{key}") for key in FIGURES}
    return Moments(
        nulls=found["rows"] - values,
        infinite=values - finite,
        finite=finite,
        **{key: None if value is None else value + 0.0 for key, value in figures.items()},
    )


def _count_nan(table: ibis.Table, columns: Sequence[str]) -> dict[str, int]:
    """Count NaN where some values are not finite: rare enough for a pass of its own."""
    floating = [name for name in columns if table[name].type().is_floating()]
    if not floating:
        return {}
    wanted = {str(i): table[name].isnan().sum() for i, name in enumerate(floating)}
    found = aggregate(table, wanted)
    return {name: int(found[str(i)] or 0) for i, name in enumerate(floating)}


def extremes(table: ibis.Table, columns: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return the least and the greatest finite value of columns of numbers or datetimes.

    Often held by the statistics of a file: a query that asks for anything else as well, or
    converts before, reads it whole; so does one of several files. A column without any value is
    left out.
    """
    treated = kinds(table)
    whole = {name: table[name] for name in columns}
    found = _bounds(
        table,
        {
            name: tuple(number_of(c, treated[name][0], clean=True) for c in (v.min(), v.max()))
            for name, v in whole.items()
        },
    )
    # NaN is the greatest number of the engines, and no more than any.
    odd = [name for name, (low, high) in found.items() if not -FINITE <= low <= high <= FINITE]
    usable = {name: finite_number(table[name], treated[name][0]) for name in odd}
    kept = {name: bounds for name, bounds in found.items() if name not in usable}
    return kept | _bounds(table, {name: (n.min(), n.max()) for name, n in usable.items()})


def _bounds(table: ibis.Table, wanted: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    pairs = {f"{i}_{j}": pair[j] for i, pair in enumerate(wanted.values()) for j in (0, 1)}
    with one_thread(table):
        found = aggregate(table, pairs)
    both = {name: (found[f"{i}_0"], found[f"{i}_1"]) for i, name in enumerate(wanted)}
    return {name: (low + 0.0, high + 0.0) for name, (low, high) in both.items() if low is not None}
