"""What the analysis carries along: names, estimators, what happened so far."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod

from mlops_nb.lint.leaks.trace import Trace
from mlops_nb.lint.leaks.values import Mark, MarkKind, Value


class BudgetExceededError(Exception):
    """The notebook is larger than what is followed."""


class State(ABC):
    """The state of the analysis, and what its parts ask of each other.

    Each class that builds on it evaluates one sort of syntax; :class:`~.machine.Machine` is all
    of them.

    Parameters
    ----------
    imports : dict of str to str
        Name bound by an import → what it stands for.
    budget : int
        Expressions evaluated before the analysis gives up.

    Attributes
    ----------
    spent : int
        Expressions evaluated so far.
    """

    def __init__(self, imports: dict[str, str], budget: int) -> None:
        self.trace = Trace()
        self.imports = imports
        self.scopes: list[dict[str, Value]] = [{}]
        self.cell = 0
        self.written: dict[str, Value] = {}
        self._budget = budget
        self.spent = 0

    @abstractmethod
    def evaluate(self, node: ast.AST | None) -> Value:
        """Return the value of an expression."""

    @abstractmethod
    def store(self, target: ast.AST, value: Value) -> None:
        """Bind a value to a target."""

    @abstractmethod
    def score(self, node: ast.AST, values: list[Value]) -> None:
        """Record that predictions among some values were compared with the truth."""

    @abstractmethod
    def call(self, node: ast.Call) -> Value:
        """Return the value of a call."""

    @abstractmethod
    def inline(
        self, code: ast.AST, args: list[Value], named: dict[str, Value], me: int = -1
    ) -> Value:
        """Return what a function of the notebook returns for these arguments."""

    @abstractmethod
    def instance(
        self, code: ast.ClassDef, node: ast.Call, args: list[Value], named: dict[str, Value]
    ) -> Value:
        """Return an instance of a class of the notebook."""

    def mark(
        self, kind: MarkKind, what: str, node: ast.AST, value: Value, *, selects: bool = False
    ) -> Mark:
        """Return a mark made here from the rows of a value."""
        return Mark(kind, what, node, self.cell, value.rows, selects)

    def here(self, node: ast.AST) -> tuple[int, int, int]:
        """Return a name for a place of the notebook."""
        return self.cell, getattr(node, "lineno", 0), getattr(node, "col_offset", 0)

    def lookup(self, name: str) -> Value | None:
        """Return what a name is bound to."""
        for scope in reversed(self.scopes):
            if (found := scope.get(name)) is not None:
                return found
        return None
