"""What the analysis knows of a value: whose rows it holds, and what was learned from which rows."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

MarkKind = Literal["fitted", "resampled", "ordered"]


class Part(NamedTuple):
    """One side of a split of rows.

    Parameters
    ----------
    split : hashable
        Which split; two parts of one split with different sides have no row in common.
    side : str or tuple of int
        ``train``, ``test``, or what else tells one side from the other; of a split into ranges,
        the first row and the one after the last.
    """

    split: Any
    side: Any


RANGE = "range"  # a split by numbers of rows: ``rows[:100]``, ``rows[n:]``
END = 10**9  # rows of a table whose length nobody knows

# The table the rows come from, then each part that was taken of it.
Path = tuple[Any, ...]
Rows = frozenset[Path]


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """Something that was learned from rows, or done to them.

    Parameters
    ----------
    kind : {"fitted", "resampled", "ordered"}
        A statistic; rows multiplied; rows in the order of time.
    what : str
        The class, method or function that did it.
    node : ast.AST
        Where.
    cell : int
        Index of the code cell among those analysed.
    rows : frozenset of tuple
        The rows.
    selects : bool
        It can choose columns, such as correlations or importances.
    column : str, optional
        The column it was estimated of.
    """

    kind: MarkKind
    what: str
    node: ast.AST
    cell: int
    rows: Rows
    selects: bool = False
    column: str | None = None


Marks = frozenset[tuple[Mark, str | None]]  # the column that carries it, None: the whole table


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A model that was fitted: on which rows, and what they carried."""

    thing: int
    node: ast.AST
    cell: int
    rows: Rows
    marks: Marks
    target: str | None = None
    supervised: bool = False


class Prediction(NamedTuple):
    """What a model said of some rows."""

    thing: int
    fit: Fit | None
    rows: Rows
    marks: Marks


_NO_ROWS: Rows = frozenset()
_NO_MARKS: Marks = frozenset()


@dataclass(slots=True, eq=False)
class Value:
    """An abstract value; never changed after it was made (frozen costs four times as much).

    Parameters
    ----------
    rows : frozenset of tuple
        The rows it holds, as paths; empty for what is no table.
    marks : frozenset of (Mark, column)
        What its content depends on.
    latent : frozenset of (Mark, column)
        What another value depends on once this one flows into it: a mean says nothing new about
        itself.
    things : frozenset of int
        The estimators it may be.
    predictions : frozenset of Prediction
        The predictions it is made of.
    items : tuple of Value
        Of a tuple, list or dictionary.
    part : Part, optional
        It is an index that takes this part of a table.
    column : str, optional
        The column it was taken from.
    grouped : {"", "group", "entity"}
        It is a ``groupby`` that waits for its statistic; by what one row is about, or coarser.
    varied : bool
        It changes with the turns of a loop.
    code : ast.AST, optional
        The function, lambda or class it is.
    """

    rows: Rows = _NO_ROWS
    marks: Marks = _NO_MARKS
    latent: Marks = _NO_MARKS
    things: frozenset[int] = frozenset()
    predictions: frozenset[Prediction] = frozenset()
    items: tuple[Value, ...] = ()
    part: Part | None = None
    column: str | None = None
    grouped: Literal["", "group", "entity"] = ""
    varied: bool = False
    code: ast.AST | None = field(default=None)


NOTHING = Value()
_CAP = 12  # paths of rows, things and predictions kept of one value


def combined(values: Iterable[Value], *, union: bool = False) -> Value:
    """Return what is made of several values: the rows of the first that has any.

    Parameters
    ----------
    values : iterable of Value
        The operands.
    union : bool
        Stack the rows of all of them.
    """
    parts = [value for value in values if value is not NOTHING]
    if len(parts) < 2:
        return parts[0] if parts else NOTHING
    main = next((value for value in parts if value.rows), parts[0])
    marks, rows, things, said, varied = main.marks, main.rows, main.things, main.predictions, False
    for value in parts:
        varied = varied or value.varied
        if value is main:
            continue
        marks = marks | value.marks | (value.latent if main.rows else _NO_MARKS)
        if union and len(rows) < _CAP:
            rows = rows | value.rows
        if len(things) < _CAP:
            things = things | value.things
        if len(said) < _CAP:
            said = said | value.predictions
    latent = main.latent
    if not main.rows:
        latent = latent.union(*(value.latent for value in parts))
    part = next((value.part for value in parts if value.part), None)
    column = main.column if main.rows else None
    return Value(rows, marks, latent, things, said, (), part, column, main.grouped, varied)


def joined(one: Value, other: Value) -> Value:
    """Return what is either of two values, where branches meet."""
    if one is other or other is NOTHING:
        return one
    if one is NOTHING:
        return other
    items: tuple[Value, ...] = ()
    if one.items and len(one.items) == len(other.items):
        items = tuple(joined(a, b) for a, b in zip(one.items, other.items, strict=True))
    return Value(
        one.rows | other.rows if len(one.rows) < _CAP else one.rows,
        one.marks | other.marks,
        one.latent | other.latent,
        one.things | other.things if len(one.things) < _CAP else one.things,
        one.predictions | other.predictions if len(one.predictions) < _CAP else one.predictions,
        items,
        one.part or other.part,
        one.column if one.column == other.column else None,
        one.grouped or other.grouped,
        one.varied or other.varied,
        one.code or other.code,
    )


def statistic(value: Value, mark: Mark) -> Value:
    """Return a number, or a row of numbers, learned from a value."""
    learned: Marks = frozenset({(mark, None)}) if value.rows else _NO_MARKS
    return Value(
        latent=value.marks | value.latent | learned,
        predictions=value.predictions,
        column=value.column,
        varied=value.varied,
    )


def marked(value: Value, marks: Marks) -> Value:
    """Return the value, depending on more."""
    return replace(value, marks=value.marks | marks) if marks else value


def taken(value: Value, part: Part) -> Value:
    """Return a part of a value's rows."""
    rows = frozenset(path if part in path else (*path, part) for path in value.rows)
    items = tuple(taken(item, part) for item in value.items)
    return replace(value, rows=rows, part=part, items=items)


def of_columns(value: Value, names: Iterable[str]) -> Value:
    """Return some columns of a table."""
    wanted = set(names)
    marks = frozenset(pair for pair in value.marks if pair[1] is None or pair[1] in wanted)
    column = next(iter(wanted)) if len(wanted) == 1 else None
    latent = value.latent
    if column is not None and latent:
        latent = frozenset((_of_column(mark, column), place) for mark, place in latent)
    return replace(value, marks=marks, latent=latent, items=(), column=column)


def _of_column(mark: Mark, column: str) -> Mark:
    return mark if mark.column else replace(mark, column=column)


def without_columns(value: Value, names: Iterable[str]) -> Value:
    """Return a table without some columns."""
    dropped = set(names)
    marks = frozenset(pair for pair in value.marks if pair[1] not in dropped)
    return replace(value, marks=marks, items=())


def _apart(one: Path, other: Path) -> bool:
    if one[0] != other[0]:
        return True
    return any(_exclude(a, b) for a in one[1:] for b in other[1:] if a.split == b.split)


def _exclude(one: Part, other: Part) -> bool:
    if one.side == other.side:
        return False
    is_range = one.split[0] is RANGE
    return not is_range or _before(one.side, other.side) or _before(other.side, one.side)


def _before(one: tuple[int | str, int | str], other: tuple[int | str, int | str]) -> bool:
    """Tell whether a range ends where, or before, another begins.

    Bounds that are computed are texts; a head and a tail cut at different texts are the outer two
    of three parts.
    """
    end, start = one[1], other[0]
    if isinstance(end, int) and isinstance(start, int):
        return end <= start
    return end == start or (one[0] == 0 and other[1] == END)


def disjoint(one: Rows, other: Rows) -> bool:
    """Tell whether two sets of rows certainly have none in common."""
    return bool(one and other) and all(_apart(a, b) for a in one for b in other)


def overlap(one: Rows, other: Rows) -> bool:
    """Tell whether two sets of rows may have some in common."""
    return any(not _apart(a, b) for a in one for b in other)


def within(inner: Rows, outer: Rows) -> bool:
    """Tell whether all rows of one set are certainly in the other."""
    return bool(inner) and all(any(path[: len(o)] == o for o in outer) for path in inner)
