"""Rules over the rows of a table, counted where its data are: all of them in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import ibis

from mlops_nb.frames.query import FINITE, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a row breaks when it holds of one of its columns.

    Parameters
    ----------
    column : str
        The column.
    kind : {"null", "infinite", "fraction", "below", "above", "unknown"}
        No value (NaN included); an infinite number; a number that is not whole; a finite one
        beyond `bound`; a value that is not among `values`. All but the first let nulls pass.
    bound : float, optional
        For ``below`` and ``above``.
    values : sequence of str
        For ``unknown``, as text.
    """

    column: str
    kind: Literal["null", "infinite", "fraction", "below", "above", "unknown"]
    bound: float | None = None
    values: tuple[str, ...] = ()


def count_breaches(table: ibis.Table, rules: Sequence[Rule]) -> list[int]:
    """Return of each rule how many rows break it."""
    if not rules:
        return []
    wanted = {f"r{i}": _breaks(table, rule).sum() for i, rule in enumerate(rules)}
    found = run(table.aggregate(**wanted)).to_pylist()[0]
    return [int(found[f"r{i}"] or 0) for i in range(len(rules))]


def examples(table: ibis.Table, rule: Rule, limit: int = 3) -> list[str]:
    """Return the most frequent values that break a rule, as text."""
    broken = table.filter(_breaks(table, rule))
    values = broken.select(value=broken[rule.column].cast("string"))
    counted = values.group_by("value").agg(rows=lambda t: t.count())
    ordered = counted.order_by([ibis.desc("rows"), "value"]).limit(limit)
    return [str(value) for value in run(ordered).to_pydict()["value"]]


def count_repeated(table: ibis.Table, columns: Sequence[str]) -> tuple[int, list[str]]:
    """Return how many rows repeat another one in some columns, and keys that occur most often.

    Rows without a value in one of the columns are left out.
    """
    known = table.filter(ibis.and_(*(table[name].notnull() for name in columns)))
    counted = known.group_by(list(columns)).agg(mlops_rows=lambda t: t.count())
    often = counted.filter(lambda t: t.mlops_rows > 1)
    total = run(often.aggregate(rows=(often.mlops_rows - 1).sum())).to_pylist()[0]["rows"]
    if not total:
        return 0, []
    top = run(often.order_by([ibis.desc("mlops_rows"), *columns]).limit(3)).to_pylist()
    return int(total), [", ".join(str(row[name]) for name in columns) for row in top]


def count_orphans(
    table: ibis.Table, columns: Sequence[str], other: Any, other_columns: Sequence[str]
) -> tuple[int, list[str]]:
    """Return how many rows have a key that another table does not hold, and the commonest such.

    Parameters
    ----------
    table : ibis table
        The rows looked at; those without a value in one of `columns` are left out.
    columns, other_columns : sequence of str
        The key here and there, in the same order.
    other : ibis table
        The table that must hold the keys. It is read into memory, by its key alone.
    """
    names = [f"k{i}" for i in range(len(columns))]
    keys = table.select(**{k: table[c].cast("string") for k, c in zip(names, columns, strict=True)})
    keys = keys.filter(ibis.and_(*(keys[name].notnull() for name in names)))
    counted = keys.group_by(names).agg(mlops_rows=lambda t: t.count())
    held = other.select(
        **{k: other[c].cast("string") for k, c in zip(names, other_columns, strict=True)}
    ).distinct()
    # Of another connection, perhaps: only its keys come along.
    found, known = run(counted).to_pylist(), set(map(_key(names), run(held).to_pylist()))
    missing = [row for row in found if _key(names)(row) not in known]
    missing.sort(key=lambda row: -row["mlops_rows"])
    shown = [", ".join(str(row[name]) for name in names) for row in missing[:3]]
    return sum(int(row["mlops_rows"]) for row in missing), shown


def newest(table: ibis.Table, column: str) -> datetime | None:
    """Return the latest time of a column, None without any; in UTC when it has a zone."""
    found = run(table[column].cast("timestamp").max()).as_py()
    return found if isinstance(found, datetime) else None


def _key(names: Sequence[str]) -> Any:
    return lambda row: tuple(row[name] for name in names)


def _breaks(table: ibis.Table, rule: Rule) -> Any:
    column = table[rule.column]
    floating = column.type().is_floating()
    if rule.kind == "null":
        return column.isnull() | column.isnan() if floating else column.isnull()
    if rule.kind == "unknown":
        return (column.notnull() & column.cast("string").notin(list(rule.values))).fill_null(False)
    number = column.cast("float64")
    if floating:
        number = ibis.ifelse(column.isnan(), None, number)
    breach = {
        "infinite": lambda: number.abs() > FINITE,
        "fraction": lambda: (number.abs() <= FINITE) & (number % 1 != 0),
        "below": lambda: (number < rule.bound) & (number >= -FINITE),
        "above": lambda: (number > rule.bound) & (number <= FINITE),
    }[rule.kind]()
    return breach.fill_null(False)
