"""What happened to the rows of a notebook, in the order it happened: splits, fits and scores."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mlops_nb.lint.leaks.values import Fit, Mark, Marks, Part, Rows, Value

How = Literal["score", "stopping", "validation", "folds"]
SplitKind = Literal["holdout", "folds"]
_UNNAMED = frozenset({"slice", "sample"})  # which side is for training, nobody can tell


@dataclass(slots=True)
class Split:
    """A cut of rows into parts.

    Parameters
    ----------
    kind : {"holdout", "folds"}
        Cut once, or again and again.
    what : str
        The function that did it.
    node : ast.AST
        Where.
    cell : int
        Index of the code cell.
    rows : frozenset of tuple
        The rows that were cut.
    marks : frozenset of (Mark, column)
        What they carried.
    shuffled : bool
        Neighbours are torn apart.
    names : set of str
        Names given to the held-out part.
    """

    kind: SplitKind
    what: str
    node: ast.AST
    cell: int
    rows: Rows
    marks: Marks
    shuffled: bool = False
    names: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Thing:
    """An estimator, a transformer, or an instance of a class of the notebook.

    Parameters
    ----------
    name : str
        Its class.
    node : ast.AST
        Where it is made.
    steps : tuple of int
        The estimators inside it.
    varied : bool
        Made anew in the turns of a loop, not the same each time.
    learned : Mark, optional
        What it learned when it was fitted as a transformer.
    fit : Fit, optional
        When it was last fitted as a model.
    fitted_on : frozenset of tuple
        All rows any fit of it has seen.
    attributes : dict of str to Value
        What its methods stored.
    shuffled : bool
        As a splitter, it tears neighbours apart.
    methods : dict of str to ast.FunctionDef
        Of a class of the notebook.
    """

    name: str
    node: ast.AST
    steps: tuple[int, ...] = ()
    varied: bool = False
    learned: Mark | None = None
    fit: Fit | None = None
    fitted_on: Rows = frozenset()
    attributes: dict[str, Value] = field(default_factory=dict)
    shuffled: bool = False
    methods: dict[str, ast.FunctionDef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A model was judged by rows.

    Parameters
    ----------
    thing : int
        The model.
    fit : Fit or None
        Its fit, when that was seen.
    node : ast.AST
        Where.
    cell : int
        Index of the code cell.
    rows : frozenset of tuple
        The rows; empty when nobody knows.
    marks : frozenset of (Mark, column)
        What they carry.
    how : {"score", "stopping", "validation", "folds"}
        A score that is read; rows that decide when to stop; rows watched during the fit; folds
        of the rows themselves.
    """

    thing: int
    fit: Fit | None
    node: ast.AST
    cell: int
    rows: Rows
    marks: Marks
    how: How = "score"


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """A transformer or model was fitted on held-out rows."""

    name: str
    method: str
    node: ast.AST
    cell: int
    rows: Rows
    before: Rows
    """Rows that estimators of its class were fitted on before."""
    is_model: bool = False


@dataclass(slots=True)
class Trace:
    """Everything the verdicts are made of.

    Attributes
    ----------
    unread : int
        Metrics whose predictions could not be followed.
    """

    things: list[Thing] = field(default_factory=list)
    splits: dict[Any, Split] = field(default_factory=dict)
    fits: list[Fit] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    refits: list[Refit] = field(default_factory=list)
    predicted: list[Rows] = field(default_factory=list)
    applied: list[tuple[Rows, Marks]] = field(default_factory=list)
    tests: dict[Any, str] = field(default_factory=dict)
    classes: dict[str, Rows] = field(default_factory=dict)
    unread: int = 0

    def new(self, name: str, node: ast.AST, **facts: Any) -> int:
        """Add an estimator and return its number."""
        self.things.append(Thing(name, node, **facts))
        return len(self.things) - 1

    def cut(
        self,
        key: Any,
        kind: SplitKind,
        what: str,
        node: ast.AST,
        cell: int,
        value: Value,
        *,
        shuffled: bool = False,
    ) -> None:
        """Add a split of a value's rows, unless it is known."""
        if key not in self.splits:
            self.splits[key] = Split(kind, what, node, cell, value.rows, value.marks, shuffled)

    def side(self, rows: Rows) -> str:
        """Return ``train`` or ``test`` when all the rows lie on that side of a split."""
        sides = {self._side(path) for path in rows}
        return sides.pop() if len(sides) == 1 else ""

    def _side(self, path: Sequence[Any]) -> str:
        for part in reversed(path[1:]):
            if self._is_divided(part) and part.side in ("train", "test"):
                return str(part.side)
        return "test" if path[0] in self.tests else ""

    def _is_divided(self, part: Part) -> bool:
        split = self.splits.get(part.split)
        return split is not None and split.what not in _UNNAMED

    def is_file(self, rows: Rows) -> bool:
        """Tell rows as they came from those that the notebook divided."""
        return not any(self._is_divided(part) for path in rows for part in path[1:])

    def held_out_names(self, rows: Rows) -> set[str]:
        """Return the names given to held-out rows, or to the file they came from."""
        if self.is_file(rows):
            return {self.tests[path[0]] for path in rows if path[0] in self.tests}
        last = [self.splits.get(path[-1].split) for path in rows if len(path) > 1]
        return set().union(*(split.names for split in last if split is not None))

    def folds(self, rows: Rows) -> bool:
        """Tell whether the rows are folds."""
        return any(
            (split := self.splits.get(part.split)) is not None and split.kind == "folds"
            for path in rows
            for part in path[1:]
        )
