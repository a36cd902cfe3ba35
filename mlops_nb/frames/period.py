"""Questions to a table that are answered for each of its periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis

from mlops_nb.frames.query import counted, finite_number, histogram_of, kinds, run, seconds

PERIOD = "mlops_period"
OTHER = "mlops other values"


def span(table: ibis.Table, time: str) -> tuple[float, float] | None:
    """Return the least and greatest value of a time column, None without any.

    Datetimes count in seconds since 1970.
    """
    moment = _moment(table, time)
    found = run(table.aggregate(low=moment.min(), high=moment.max())).to_pylist()[0]
    return None if found["low"] is None else (found["low"], found["high"])


def in_periods(table: ibis.Table, time: str, every: float) -> tuple[ibis.Table, dict[int, int]]:
    """Return the table with the number of each row's period, and the rows of each.

    Periods begin at the least value of the column; rows without one are left out.
    """
    found = span(table, time)
    if found is None:
        return table, {}
    number = ((_moment(table, time) - found[0]) / every).floor().cast("int64")
    dated = table.mutate(**{PERIOD: number}).filter(lambda t: t[PERIOD].notnull())
    rows = run(dated.group_by(PERIOD).agg(rows=lambda t: t.count())).to_pydict()
    return dated, dict(zip(rows[PERIOD], rows["rows"], strict=True))


def by_period(
    table: ibis.Table,
    periods: Sequence[int],
    columns: Sequence[str],
    edges: Mapping[str, Sequence[float]],
) -> tuple[dict[str, list[int]], dict[str, list[list[int]]]]:
    """Return of each column its usable values, and of some their histograms, by period."""
    treated = kinds(table)
    wanted: dict[str, Any] = {}
    for i, name in enumerate(columns):
        kind = treated[name][0]
        value = finite_number(table[name], kind) if kind == "numeric" else table[name]
        wanted[f"{i}_values"] = value.count()
    for i, (name, bounds) in enumerate(edges.items()):
        wanted |= histogram_of(f"{i}_bins", finite_number(table[name], treated[name][0]), bounds)
    found = run(table.filter(table[PERIOD].isin(list(periods))).group_by(PERIOD).agg(**wanted))
    by_number = {row[PERIOD]: row for row in found.to_pylist()}
    ordered = [by_number[number] for number in periods]
    values = {name: [row[f"{i}_values"] for row in ordered] for i, name in enumerate(columns)}
    histograms = [counted(row, edges) for row in ordered]
    return values, {name: [each[name] for each in histograms] for name in edges}


def values_by_period(
    table: ibis.Table, periods: Sequence[int], column: str, known: Sequence[str]
) -> tuple[list[list[int]], list[int]]:
    """Return the rows of the known values and of all others together, by period.

    Also the rows of the most frequent value that no other period has.
    """
    value = table[column].cast("string")
    rows = table.select(PERIOD, value=value).filter(lambda t: t.value.notnull())
    pairs = rows.group_by([PERIOD, "value"]).agg(rows=lambda t: t.count())
    pairs = pairs.mutate(total=pairs.rows.sum().over(ibis.window(group_by="value")))
    pairs = pairs.filter(pairs[PERIOD].isin(list(periods)))
    named = pairs.value.isin(list(known)).ifelse(pairs.value, OTHER)
    summed = pairs.mutate(named=named, alone=ibis.ifelse(pairs.rows == pairs.total, pairs.rows, 0))
    summed = summed.group_by([PERIOD, "named"]).agg(
        rows=lambda t: t.rows.sum(), alone=lambda t: t.alone.max()
    )
    place = {name: i for i, name in enumerate(known)}
    counts = {number: [0] * (len(known) + 1) for number in periods}
    exclusive = dict.fromkeys(periods, 0)
    for row in run(summed).to_pylist():
        number = row[PERIOD]
        counts[number][place.get(row["named"], len(known))] += int(row["rows"])
        exclusive[number] = max(exclusive[number], int(row["alone"]))
    return [counts[number] for number in periods], [exclusive[number] for number in periods]


def _moment(table: ibis.Table, time: str) -> Any:
    if kinds(table)[time][0] == "datetime":
        return seconds(table[time])
    return table[time].cast("float64")
