"""Questions to a table, answered where its data are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import ibis
from ibis.expr.operations import InMemoryTable

from mlops_nb.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["numeric", "boolean", "datetime", "categorical"]

EXPRESSIONS = 400
"""Figures that one query computes; planning a query of thousands takes longer than its pass."""
FINITE = 1e100
"""Numbers beyond this are counted as infinite: their squares would overflow."""


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
    with telling():
        engine = expression.get_backend()
        if engine.name != "duckdb":
            return expression.to_pyarrow()
        # As ibis does it, but for pandas, whose import takes longer than most questions.
        answer = engine.con.sql(engine.compile(expression.as_table())).to_arrow_table()
        return expression.__pyarrow_result__(answer)


def introduce(table: ibis.Table) -> None:
    """Make an ibis table known to its engine where it is made of tables in memory."""
    if table.op().find(InMemoryTable):
        with telling():
            table.limit(0).to_pyarrow()


def only(table: ibis.Table, columns: Sequence[str]) -> ibis.Table:
    """Return the table with these columns; as it is with just these: each step costs planning."""
    return table if list(table.columns) == list(columns) else table.select(columns)


@contextmanager
def telling() -> Iterator[None]:
    """Turn an error of the engine into one line about the data."""
    try:
        yield
    except Exception as error:
        if not is_engines(error):
            raise
        raise InputError(f"the data cannot be read: {first_line(error)}", "") from error


def batches(table: ibis.Table, size: int) -> Iterator[Any]:
    """Yield the rows of a table of DuckDB in their order, as Arrow batches of about `size`.

    Not by `to_pyarrow_batches`, which asks DuckDB in a way that version 2 no longer knows.
    """
    engine = table.get_backend()
    with telling(), one_thread(table):
        yield from engine.con.sql(engine.compile(table)).to_arrow_reader(size)


@contextmanager
def one_thread(table: ibis.Table) -> Iterator[None]:
    """Let DuckDB read the table with one thread; other engines as they are used to.

    Each thread holds a group of rows of all columns, so that memory would grow with the cores.
    """
    engine = table.get_backend()
    if engine.name != "duckdb":
        yield
        return
    ((threads,),) = engine.con.sql("SELECT current_setting('threads')").fetchall()
    engine.con.execute("SET threads = 1")
    try:
        yield
    finally:
        engine.con.execute(f"SET threads = {int(threads)}")


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
    return number_of(column, kind, clean=False)


def number_of(column: Any, kind: Kind, *, clean: bool) -> Any:
    """Return a column as numbers; null where they are not finite, unless all are known to be."""
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
