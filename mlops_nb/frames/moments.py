"""Counts, extremes, moments and histograms of all columns, in as few passes as they need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from mlops_nb.frames.query import (
    FINITE,
    Kind,
    aggregate,
    counted,
    histogram_of,
    kinds,
    number_of,
)


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
    clean : bool
        Whether all numbers are known to be finite.
    minimum, maximum, mean : float, optional
        Of the finite values; datetimes count in seconds since 1970.
    variance : float, optional
        Population variance of the finite values.
    """

    nulls: int
    infinite: int
    finite: int
    clean: bool = False
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    variance: float | None = None

    @property
    def rows(self) -> int:
        """All rows of the table."""
        return self.nulls + self.infinite + self.finite


def summarise(
    table: ibis.Table, edges: Mapping[str, Sequence[float]]
) -> tuple[dict[str, Moments], dict[str, list[int]]]:
    """Return counts and moments of every column and histograms of some, in one pass.

    Parameters
    ----------
    edges : mapping
        Column → e₁ … eₖ, the bounds of its bins (−∞, e₁], (e₁, e₂], … (eₖ, ∞); may be empty.

    Returns
    -------
    dict, dict
        Column → its moments; column of `edges` → k + 1 counts of its finite values.
    """
    treated = kinds(table)
    first, total = _extremes(table, treated)
    clean = {name for name, one in first.items() if one["clean"]}
    wanted = _histograms(table, edges, clean)
    for i, (name, (kind, _)) in enumerate(treated.items()):
        if kind in ("numeric", "datetime"):
            number = number_of(table[name], kind, clean=name in clean)
            if name not in clean:
                wanted[f"{i}_finite"] = number.count()
                wanted[f"{i}_minimum"] = number.min()
                wanted[f"{i}_maximum"] = number.max()
            wanted[f"{i}_mean"] = number.mean()
            wanted[f"{i}_variance"] = number.var(how="pop")
    found = aggregate(table, wanted)
    own = {
        name: first[name]
        | {key: found[f"{i}_{key}"] for key in ("finite", *FIGURES) if f"{i}_{key}" in found}
        for i, name in enumerate(treated)
    }
    odd = [n for n, one in own.items() if one["finite"] not in (None, one["values"])]
    nan = _count_nan(table, odd)
    moments = {name: _moments(one, total, nan.get(name, 0)) for name, one in own.items()}
    return moments, counted(found, edges)


def _extremes(
    table: ibis.Table, treated: Mapping[str, tuple[Kind, str]]
) -> tuple[dict[str, Any], int]:
    """Return counts and extremes of every column, often held by the statistics of a file, and rows.

    A column is clean when these show that all its numbers are finite: it is then read as it is.
    """
    counts = {str(i): table[name].count() for i, name in enumerate(treated)}
    values = aggregate(table, counts | {"rows": table.count()})
    found = aggregate(table, _bounds(table, treated))
    answer = {}
    for i, (name, (kind, _)) in enumerate(treated.items()):
        low, high = found.get(f"{i}_minimum"), found.get(f"{i}_maximum")
        # NaN is the greatest number of the engines, and no more than any.
        clean = low is not None and high is not None and low >= -FINITE and high <= FINITE
        answer[name] = {
            "values": values[str(i)],
            "finite": values[str(i)] if kind in ("numeric", "datetime") else None,
            "clean": clean,
            **dict.fromkeys(FIGURES),
            "minimum": low if clean else None,
            "maximum": high if clean else None,
        }
    return answer, int(values["rows"])


def _bounds(table: ibis.Table, treated: Mapping[str, tuple[Kind, str]]) -> dict[str, Any]:
    """Return the expressions of the extremes alone, of the columns as they are.

    A query that asks for anything else as well, or converts before, reads the whole file.
    """
    wanted: dict[str, Any] = {}
    for i, (name, (kind, _)) in enumerate(treated.items()):
        if kind in ("numeric", "datetime"):
            for key, bound in (("minimum", table[name].min()), ("maximum", table[name].max())):
                wanted[f"{i}_{key}"] = number_of(bound, kind, clean=True)
    return wanted


FIGURES = ("minimum", "maximum", "mean", "variance")


def _moments(found: Mapping[str, Any], total: int, nan: int) -> Moments:
    values = found["values"] - nan
    finite = values if found["finite"] is None else found["finite"]
    return Moments(
        nulls=total - values,
        infinite=values - finite,
        finite=finite,
        clean=found["clean"],
        # A file's statistics may hold −0.0, which is written unlike 0.
        **{key: None if found[key] is None else found[key] + 0.0 for key in FIGURES},
    )


def _count_nan(table: ibis.Table, columns: Sequence[str]) -> dict[str, int]:
    """Count NaN where some values are not finite: rare enough for a pass of its own."""
    floating = [name for name in columns if table[name].type().is_floating()]
    if not floating:
        return {}
    wanted = {str(i): table[name].isnan().sum() for i, name in enumerate(floating)}
    found = aggregate(table, wanted)
    return {name: int(found[str(i)] or 0) for i, name in enumerate(floating)}


def histograms(
    table: ibis.Table, edges: Mapping[str, Sequence[float]], clean: Collection[str] = ()
) -> dict[str, list[int]]:
    """Count the finite values of columns between ascending edges, as :func:`summarise` does.

    Parameters
    ----------
    clean : collection of str
        Columns whose numbers are known to be finite.
    """
    if not edges:
        return {}
    return counted(aggregate(table, _histograms(table, edges, clean)), edges)


def _histograms(
    table: ibis.Table, edges: Mapping[str, Sequence[float]], clean: Collection[str]
) -> dict[str, Any]:
    treated = kinds(table)
    wanted: dict[str, Any] = {}
    for i, (name, bounds) in enumerate(edges.items()):
        number = number_of(table[name], treated[name][0], clean=name in clean)
        wanted |= histogram_of(f"{i}_bins", number, bounds)
    return wanted
