"""Questions to a table, answered where its data are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import ibis

from mlops_nb.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["numeric", "boolean", "datetime", "categorical"]

EXPRESSIONS = 400
"""Figures that one query computes; planning a query of thousands takes longer than its pass."""
FINITE = 1e100
"""Numbers beyond this are counted as infinite: their squares would overflow."""


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


@ibis.udf.agg.builtin
def histogram(x: float, edges: list[float]) -> dict[float, int]:
    """DuckDB's own: rows up to each edge, and those beyond the last one."""
    raise NotImplementedError  # the body is the database's


def histogram_of(name: str, number: Any, edges: Sequence[float]) -> dict[str, Any]:
    """Return the expressions that count numbers up to each edge.

    DuckDB counts all bins in one look at a value; elsewhere each edge is a sum of its own.
    """
    bounds = [float(edge) for edge in edges]
    if number.get_backend().name == "duckdb":
        return {name: histogram(number, bounds)}
    up_to = {f"{name}_{i}": (number <= edge).ifelse(1, 0).sum() for i, edge in enumerate(bounds)}
    return up_to | {f"{name}_{len(bounds)}": number.count()}


def aggregate(table: ibis.Table, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Compute figures over the whole table, so many at once that planning them stays cheap."""
    found: dict[str, Any] = {}
    for some in batched(wanted.items(), EXPRESSIONS):
        found |= run(table.aggregate(**dict(some))).to_pylist()[0]
    return found


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Yield the items in lists of a size; `itertools` has it from Python 3.12 on."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


def rows(table: ibis.Table) -> int:
    """Return the number of rows."""
    return int(run(table.count()).as_py())


def kinds(table: ibis.Table) -> dict[str, tuple[Kind, str]]:
    """Return of each column how it is treated and its own type, in the table's order."""
    return {name: (_kind(dtype), _named(dtype)) for name, dtype in table.schema().items()}


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
            number = _number(table[name], kind, clean=name in clean)
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
                wanted[f"{i}_{key}"] = _number(bound, kind, clean=True)
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
        number = _number(table[name], treated[name][0], clean=name in clean)
        wanted |= histogram_of(f"{i}_bins", number, bounds)
    return wanted


def counted(found: Mapping[str, Any], edges: Mapping[str, Sequence[float]]) -> dict[str, list[int]]:
    """Return the counts of each bin from a row that holds :func:`histogram_of` of columns."""
    counts = {}
    for i, (name, bounds) in enumerate(edges.items()):
        if f"{i}_bins" in found:
            # A column without any value yields no map, an empty last bin no entry.
            pairs = dict(found[f"{i}_bins"] or ())
            counts[name] = [int(pairs.get(float(e), 0)) for e in (*bounds, float("inf"))]
        else:
            up_to = [0, *(int(found[f"{i}_bins_{j}"] or 0) for j in range(len(bounds) + 1))]
            counts[name] = [after - before for before, after in pairwise(up_to)]
    return counts


def vectors(table: ibis.Table) -> list[str]:
    """Return the columns that hold arrays of numbers."""
    schema = table.schema().items()
    return [n for n, dtype in schema if dtype.is_array() and dtype.value_type.is_numeric()]


def repeated_rows(table: ibis.Table) -> int:
    """Return the rows that are equal to another one, counted beyond the first of their kind."""
    return rows(table) - rows(table.distinct())


def longest_gap(table: ibis.Table, column: str) -> float | None:
    """Return the longest time between two neighbours of a datetime column, in seconds."""
    moments = table.select(at=seconds(table[column])).filter(lambda t: t["at"].notnull())
    moments = moments.distinct()
    before = moments["at"].lag().over(ibis.window(order_by="at"))
    gaps = moments.mutate(gap=moments["at"] - before)
    found = run(gaps.gap.max()).as_py()
    return None if found is None else float(found)


def filled(table: ibis.Table, column: str) -> int:
    """Return the rows that have a value."""
    return int(run(table[column].count()).as_py())


def to_pandas(table: ibis.Table) -> pd.DataFrame:
    """Read the whole table into memory."""
    frame: pd.DataFrame = run(table).to_pandas()
    return frame


def run(expression: Any) -> Any:
    """Compute an expression where its data are, as Arrow."""
    try:
        return expression.to_pyarrow()
    except Exception as error:
        if not is_engines(error):
            raise
        raise InputError(f"the data cannot be read: {first_line(error)}", "") from error


def _kind(dtype: Any) -> Kind:
    if dtype.is_boolean():
        return "boolean"
    if dtype.is_numeric():
        return "numeric"
    return "datetime" if dtype.is_timestamp() or dtype.is_date() else "categorical"


def _named(dtype: Any) -> str:
    # How many digits of a second are kept is the engine's business, and no change of the type.
    return str(dtype.copy(scale=None) if dtype.is_timestamp() else dtype).lower()


def seconds(column: Any) -> Any:
    """Return datetimes as seconds since 1970."""
    return column.cast("timestamp").epoch_seconds().cast("float64")


def finite_number(column: Any, kind: Kind) -> Any:
    """Return a column as numbers, null where they are not finite."""
    return _number(column, kind, clean=False)


def _number(column: Any, kind: Kind, *, clean: bool) -> Any:
    if kind == "datetime":
        return seconds(column)
    number = column.cast("float64")
    if clean:
        return number
    # Not true of NaN either, which DuckDB holds for the greatest number.
    return ibis.ifelse(number.abs() <= FINITE, number, None)


def is_engines(error: Exception) -> bool:
    """Tell whether an error is one of the engines': then it is about the data or the machine."""
    known = isinstance(error, duckdb.Error | ibis.IbisError)
    return known or type(error).__module__.partition(".")[0] in ("pyspark", "py4j")


def first_line(error: Exception) -> str:
    """Return the first line of an error of the engine; the others show the query."""
    return str(error).strip().partition("\n")[0]
