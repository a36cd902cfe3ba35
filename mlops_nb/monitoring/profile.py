"""Profiles: a table in a few kilobytes, enough to be compared with later tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mlops_nb import frames
from mlops_nb.errors import InputError, NotFoundError, did_you_mean
from mlops_nb.monitoring.embedding import expand
from mlops_nb.monitoring.levels import categories, nameless
from mlops_nb.monitoring.numeric import SAMPLE, edges_of, no_numbers, numbers_of
from mlops_nb.monitoring.summary import Column, Kind, Periods
from mlops_nb.monitoring.text import is_text, lengths_and_words
from mlops_nb.monitoring.variation import fitting, parse_every, with_variation

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Summary of a table; made by :func:`profile`.

    Parameters
    ----------
    rows : int
        Rows of the table.
    columns : mapping
        Column → its summary, in the table's order. A column of vectors stands as its `norm`,
        `dimensions` and projections, see :mod:`mlops_nb.monitoring.embedding`.
    duplicates : int, optional
        Rows equal to another one, when counted; unknown again after a merge.
    periods : Periods, optional
        What the reference was divided into to learn how much it varies of itself.
    """

    rows: int
    columns: Mapping[str, Column]
    duplicates: int | None = None
    periods: Periods | None = None

    def merge(self, other: Profile) -> Profile:
        """Return the profile of both tables together.

        Counts, moments and histograms are exact; the means within bins are so up to
        :data:`mlops_nb.monitoring.numeric.SAMPLE` rows.

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
        periods = self.periods or other.periods
        return Profile(rows=self.rows + other.rows, columns=merged, periods=periods)

    def to_dict(self) -> dict[str, Any]:
        """Return the versioned JSON form, at most 2 kB a column."""
        columns = {name: column.to_dict() for name, column in self.columns.items()}
        found: dict[str, Any] = {"schema": SCHEMA, "rows": self.rows, "columns": columns}
        if self.duplicates is not None:
            found["duplicates"] = self.duplicates
        if self.periods is not None:
            found["periods"] = asdict(self.periods)
        return found

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
            periods = Periods(**values["periods"]) if "periods" in values else None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"the profile is damaged ({error!r})", "make it again: mlops data profile"
            ) from error
        duplicates = values.get("duplicates")
        return cls(rows=rows, columns=columns, duplicates=duplicates, periods=periods)

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
    table: Any,
    *,
    edges_from: Profile | None = None,
    columns: Sequence[str] | None = None,
    time: str | None = None,
    every: str | float | None = None,
    duplicates: bool = False,
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
    time : str, optional
        Column that orders the rows of a reference: how much its periods differ from each other is
        kept, so that no later period alarms that differs no more.
    every : str or float, optional
        Length of these periods, such as ``"1d"``; best that of the tables compared later. By
        default such that there are at least eight.
    duplicates : bool
        Also count the rows that are equal to another one, which needs a pass of its own.

    Raises
    ------
    InputError
        The table cannot be read or is empty, or `time` holds no time.
    NotFoundError
        A column asked for does not exist.
    """
    opened = frames.open_table(table)
    names = _chosen(list(opened.columns), columns)
    ordered = opened
    opened = frames.only(opened, names)
    known = edges_from.columns if edges_from is not None else {}
    vectors = frames.vectors(opened)
    plain = [name for name in names if name not in vectors]
    made = _plain_columns(frames.only(opened, plain), known) if plain else {}
    total = frames.rows(opened)
    made |= _vector_columns(opened, vectors, known, total)
    periods = None
    if time is not None:
        length = _length(ordered, time, every)
        made, periods = with_variation(ordered, made, time=time, every=length)
    return Profile(
        rows=total,
        columns=made,
        duplicates=frames.repeated_rows(opened) if duplicates else None,
        periods=periods,
    )


def _length(table: Any, time: str, every: str | float | None) -> float:
    if time not in table.columns:
        raise NotFoundError(f"the table has no column {time!r}", did_you_mean(time, table.columns))
    kind, dtype = frames.kinds(table)[time]
    if kind not in ("datetime", "numeric"):
        raise InputError(f"column {time!r} holds no time but {dtype}", "choose a datetime column")
    if every is not None:
        return parse_every(every)
    low, high = frames.span(table, time) or (0.0, 0.0)
    return fitting(high - low, whole=kind == "numeric")


def _plain_columns(opened: Any, known: Mapping[str, Column]) -> dict[str, Column]:
    """Summarise the columns that hold one value a row."""
    names = list(opened.columns)
    kinds = frames.kinds(opened)
    edges = {
        name: column.numbers.edges
        for name, column in known.items()
        if name in kinds and kinds[name][0] == column.kind and column.numbers
    }
    measured = [name for name in names if kinds[name][0] in ("numeric", "datetime")]
    edges |= edges_of(opened, [name for name in measured if name not in edges])
    bounded = {name: bounds for name, bounds in edges.items() if bounds}
    summary = frames.summarise(opened, bounded, drawn=measured, size=SAMPLE)
    moments = summary.moments
    treated = {name: _treated(kinds[name][0], moments[name], known.get(name)) for name in names}
    numbers = numbers_of(summary, {n: edges[n] for n in measured if treated[n] == kinds[n][0]})
    total = moments[names[0]].rows
    made = {}
    for name in names:
        column = Column(
            kind=treated[name],
            dtype=kinds[name][1],
            rows=total,
            nulls=moments[name].nulls,
            infinite=moments[name].infinite,
            numbers=numbers.get(name) or no_numbers(treated[name], known.get(name)),
        )
        if column.kind == "datetime" and column.values:
            column = replace(column, gap=frames.longest_gap(opened, name))
        elif column.kind not in ("numeric", "datetime"):
            column = _with_values(opened, name, column, known.get(name))
        made[name] = column
    return made


def _treated(kind: Kind, moments: frames.Moments, reference: Column | None) -> Kind:
    if reference is None:
        return kind
    # A column of nothing but nulls has no kind of its own, and text is what the reference took for
    # text.
    same = kind == "categorical" and reference.kind == "text"
    return reference.kind if same or not moments.finite else kind


def _with_values(table: Any, name: str, column: Column, reference: Column | None) -> Column:
    """Return a column of text or booleans with its values, or as free text with its words."""
    found = categories(table, name, column.values, reference)
    free = column.kind == "text" or (
        reference is None
        and column.kind == "categorical"
        and is_text(table, name, found, column.values)
    )
    if not free:
        return replace(column, categories=found)
    if reference is None:
        found = nameless(found)
    numbers, words = lengths_and_words(table, name, reference)
    return replace(column, kind="text", categories=found, numbers=numbers, words=words)


def _vector_columns(
    opened: Any, vectors: Sequence[str], known: Mapping[str, Column], total: int
) -> dict[str, Column]:
    """Summarise columns of vectors, each as a few columns of numbers."""
    made = {}
    for name, frame in expand(opened, vectors).items():
        nulls = total - frames.filled(opened, name)
        reference = {
            part: known[f"{name}.{part}"] for part in frame.columns if f"{name}.{part}" in known
        }
        edges = Profile(rows=total, columns=reference) if reference else None
        found = profile(frame, edges_from=edges)
        for part, column in found.columns.items():
            lost = column.nulls - int(frame[part].isna().sum())
            made[f"{name}.{part}"] = replace(column, rows=total, nulls=nulls + lost)
    return made


def _chosen(names: list[str], columns: Sequence[str] | None) -> list[str]:
    for name in columns or ():
        if name not in names:
            raise NotFoundError(f"the table has no column {name!r}", did_you_mean(name, names))
    return names if columns is None else list(columns)
