"""Profiles: a table in a few kilobytes, enough to be compared with later tables."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlops_nb import frames
from mlops_nb.errors import InputError, NotFoundError, did_you_mean
from mlops_nb.monitoring.bins import choose_edges, means
from mlops_nb.monitoring.summary import Categories, Column, Kind, Numbers

SCHEMA = 1
SAMPLE = 50_000
"""Rows that bin bounds and bin means are taken from; all of them in a smaller table."""
KEPT = 40
"""Most values kept of a column of text."""
RARE = 5
"""Values with fewer rows are not named: they might name a person."""
LEVELS = 50_000
"""Columns with more distinct values hold identifiers or prose: their values are not compared."""
NAME = 48
"""Longest value kept in full, in characters."""
BYTES = 1_200
"""Most room for the names of a column's values, as JSON, so that the column stays below 2 kB."""
PICK = 0.2
"""Share of the rows that the choice of the kept values is made on."""
NOVEL = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Summary of a table; made by :func:`profile`.

    Parameters
    ----------
    rows : int
        Rows of the table.
    columns : mapping
        Column → its summary, in the table's order.
    """

    rows: int
    columns: Mapping[str, Column]

    def merge(self, other: Profile) -> Profile:
        """Return the profile of both tables together.

        Counts, moments and histograms are exact; the means within bins are so up to
        :data:`SAMPLE` rows.

        Raises
        ------
        InputError
            The columns differ, or the profiles were not made on the same bins.
        """
        if list(self.columns) != list(other.columns):
            raise InputError(
                "profiles of different columns cannot be merged", "profile the same columns"
            )
        merged = {name: self.columns[name].merge(other.columns[name]) for name in self.columns}
        return Profile(rows=self.rows + other.rows, columns=merged)

    def to_dict(self) -> dict[str, Any]:
        """Return the versioned JSON form, at most 2 kB a column."""
        columns = {name: column.to_dict() for name, column in self.columns.items()}
        return {"schema": SCHEMA, "rows": self.rows, "columns": columns}

    def to_json(self) -> str:
        """Return :meth:`to_dict` as compact JSON."""
        return json.dumps(self.to_dict(), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Profile:
        """Build a profile from :meth:`to_dict`'s answer.

        Raises
        ------
        InputError
            It is no profile, or one of a later version.
        """
        if not isinstance(values, Mapping) or values.get("schema") != SCHEMA:
            raise InputError(
                "this is no profile of a version known here", "make it with: mlops data profile"
            )
        try:
            rows = int(values["rows"])
            columns = {n: Column.from_dict(c, rows) for n, c in values["columns"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"the profile is damaged ({error!r})", "make it again: mlops data profile"
            ) from error
        return cls(rows=rows, columns=columns)

    @classmethod
    def read(cls, path: Path | str) -> Profile:
        """Read a profile from its JSON file."""
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(f"there is no file {path}", "check the path") from None
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read {path}: {error}", "is it a JSON profile?") from error
        return cls.from_dict(values)


def profile(
    table: Any, *, edges_from: Profile | None = None, columns: Sequence[str] | None = None
) -> Profile:
    """Summarise a table, where the data are.

    Parameters
    ----------
    table : path, DataFrame, Arrow or ibis table
        See :func:`mlops_nb.frames.open_table`.
    edges_from : Profile, optional
        Count in the bins and values of this profile, so that both can be compared or merged;
        otherwise they are chosen from the table itself, which makes it a reference.
    columns : sequence of str, optional
        Only these.

    Raises
    ------
    InputError
        The table cannot be read or is empty.
    NotFoundError
        A column asked for does not exist.
    """
    opened = frames.open_table(table)
    names = _chosen(list(opened.columns), columns)
    opened = opened.select(names)
    known = edges_from.columns if edges_from is not None else {}
    kinds = frames.kinds(opened)
    edges = {
        name: column.numbers.edges
        for name, column in known.items()
        if name in kinds and kinds[name][0] == column.kind and column.numbers
    }
    moments, counts = frames.summarise(opened, {n: bounds for n, bounds in edges.items() if bounds})
    treated: dict[str, Kind] = {
        # A column of nothing but nulls has no kind of its own.
        name: known[name].kind if name in known and not moments[name].finite else kinds[name][0]
        for name in names
    }
    numeric = [n for n in names if treated[n] == kinds[n][0] in ("numeric", "datetime")]
    numbers = _numbers(opened, {n: moments[n] for n in numeric}, edges, counts)
    total = frames.rows(opened)
    return Profile(
        rows=total,
        columns={
            name: Column(
                kind=treated[name],
                dtype=kinds[name][1],
                rows=total,
                nulls=moments[name].nulls,
                infinite=moments[name].infinite,
                numbers=numbers.get(name) or _no_numbers(treated[name], known.get(name)),
                categories=_categories(opened, name, moments[name].finite, known.get(name))
                if treated[name] in ("categorical", "boolean")
                else None,
            )
            for name in names
        },
    )


def _chosen(names: list[str], columns: Sequence[str] | None) -> list[str]:
    for name in columns or ():
        if name not in names:
            raise NotFoundError(f"the table has no column {name!r}", did_you_mean(name, names))
    return names if columns is None else list(columns)


def _numbers(
    table: Any,
    moments: Mapping[str, frames.Moments],
    known: Mapping[str, tuple[float, ...]],
    counts: Mapping[str, list[int]],
) -> dict[str, Numbers]:
    """Summarise the columns of `moments`, in the bins that are known or chosen here."""
    if not moments:
        return {}
    rows = frames.sample(table, SAMPLE, list(moments))
    values, edges = {}, dict(known)
    for name, found in moments.items():
        column = rows[name].to_numpy(dtype=np.float64, na_value=np.nan)
        values[name] = column[np.abs(column) <= frames.FINITE]
        if name not in known:
            edges[name] = choose_edges(values[name], found.minimum or 0.0, found.maximum or 0.0)
    new = {name: edges[name] for name in moments if name not in known and edges[name]}
    counted = {**counts, **frames.histograms(table, new)}
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


def _no_numbers(kind: Kind, reference: Column | None) -> Numbers | None:
    if kind not in ("numeric", "datetime"):
        return None
    edges = reference.numbers.edges if reference and reference.numbers else ()
    bins = len(edges) + 1
    return Numbers(
        minimum=None, maximum=None, mean=None, squares=0.0,
        edges=edges, counts=(0,) * bins, means=(None,) * bins,
    )  # fmt: skip


def _categories(table: Any, name: str, rows: int, reference: Column | None) -> Categories:
    found = frames.value_counts(table, name, limit=LEVELS + 1)
    levels: dict[str, int] = {}
    for value, count in found:
        levels[_short(value)] = levels.get(_short(value), 0) + count
    distinct = len(found) if len(found) <= LEVELS else frames.distinct(table, name)
    if reference is not None and reference.categories is not None:
        return _count_known(levels, rows, distinct, reference.categories)
    if len(found) > LEVELS:
        return Categories(distinct=distinct, counts={}, other=rows, largest_other=found[0][1])
    return _choose(levels, seed=zlib.crc32(name.encode()))


def _count_known(
    levels: Mapping[str, int], rows: int, distinct: int, reference: Categories
) -> Categories:
    counts = {value: levels.get(value, 0) for value in reference.counts}
    others = {value: count for value, count in levels.items() if value not in counts}
    frequent = sorted(others.items(), key=lambda pair: (-pair[1], pair[0]))[:NOVEL]
    return Categories(
        distinct=distinct,
        counts=counts,
        other=rows - sum(counts.values()),
        largest_other=max(others.values(), default=0),
        novel={value: count for value, count in frequent if count >= RARE},
    )


def _choose(levels: Mapping[str, int], seed: int) -> Categories:
    """Choose the values to keep; when some must go, on a part of the rows that tests leave out.

    To draw that part row by row is the same as to draw a binomial number of each value's rows.
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
    )


def _room(values: Mapping[str, int]) -> int:
    # Each name stands twice, in `counts` and in `picked`.
    return sum(2 * len(json.dumps(value).encode()) + 12 for value in values)


def _short(value: str) -> str:
    if len(value) <= NAME:
        return value
    return f"{value[:NAME]}…{zlib.crc32(value.encode()):08x}"
