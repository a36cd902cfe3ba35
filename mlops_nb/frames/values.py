"""The distinct values of a column: how many, which, and how often."""

from __future__ import annotations

import ibis

from mlops_nb.frames.query import aggregate, rows, run


def value_counts(table: ibis.Table, column: str, *, limit: int) -> list[tuple[str, int]]:
    """Return the most frequent values of a column as text, with their rows, nulls left out.

    Ties are in the order of the text, so that the answer is always the same.
    """
    value = table[column].cast("string")
    counted = table.select(value=value).filter(lambda t: t.value.notnull())
    counted = counted.group_by("value").agg(rows=lambda t: t.count())
    ordered = counted.order_by([ibis.desc("rows"), "value"]).limit(limit)
    found = run(ordered).to_pydict()
    return list(zip(found["value"], found["rows"], strict=True))


def distinct(table: ibis.Table, column: str) -> int:
    """Return the number of distinct values of a column, nulls left out."""
    return int(run(table[column].nunique()).as_py())


def identifying(table: ibis.Table) -> list[str]:
    """Return the columns of whole numbers or text that have another value in each row."""
    asked = [n for n, dtype in table.schema().items() if dtype.is_integer() or dtype.is_string()]
    found = aggregate(table, {str(i): table[name].nunique() for i, name in enumerate(asked)})
    total = rows(table)
    return [name for i, name in enumerate(asked) if found[str(i)] == total]


def least_hashes(table: ibis.Table, column: str, count: int) -> list[str]:
    """Return the least MD5 digests of a column's distinct values as text, nulls left out."""
    value = table[column].cast("string")
    known = table.select(value=value).filter(lambda t: t.value.notnull()).distinct()
    hashed = known.select(digest=known.value.hexdigest("md5"))
    found: list[str] = run(hashed.order_by("digest").limit(count))["digest"].to_pylist()
    return found
