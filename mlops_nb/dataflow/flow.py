"""Which statements run for certain: branches, loops, handlers and early exits."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from mlops_nb.dataflow.scopes import children_of, nodes_of

_INTROSPECTION = frozenset(
    {"globals", "locals", "vars", "dir", "version_info", "PY2", "PY3", "TYPE_CHECKING"}
)
_COMPOUND = frozenset({ast.If, ast.Try, ast.With, ast.Match})  # may end the block around them
_LEAVES = (ast.Return, ast.Continue, ast.Break)
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


class _Methods(dict[type[ast.AST], Callable[[Any, Any], None]]):
    """The method of a walker for each kind of node, looked up by name once."""

    def __init__(self, walker: type[ControlFlow]) -> None:
        self._walker = walker

    def __missing__(self, kind: type[ast.AST]) -> Callable[[Any, Any], None]:
        self[kind] = found = getattr(self._walker, f"visit_{kind.__name__}", ControlFlow._below)
        return found


class ControlFlow(ABC):
    """Counts the branches, loops and guards around the node being visited."""

    _methods: ClassVar[_Methods]

    def __init_subclass__(cls) -> None:
        """Give each walker a table of its methods."""
        cls._methods = _Methods(cls)

    def __init__(self) -> None:
        self._branches = 0
        self._loops = 0
        self._guards = 0

    def visit(self, node: ast.AST) -> None:
        """Walk a node by the method of its kind."""
        self._methods[type(node)](self, node)

    def _below(self, node: ast.AST) -> None:
        for child in children_of(node):
            self._methods[type(child)](self, child)

    @abstractmethod
    def _bind(self, name: str, node: ast.AST, *, imported: bool = False) -> None:
        """Note that a name is bound."""

    @abstractmethod
    def _release(self, name: str, node: ast.ExceptHandler) -> None:
        """Note that the handler that bound a name has ended."""

    @contextmanager
    def _branch(self, *, guarded: bool = False) -> Iterator[None]:
        self._branches += 1
        self._guards += guarded
        yield
        self._branches -= 1
        self._guards -= guarded

    def _all(self, nodes: Sequence[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self._methods[type(node)](self, node)

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        left = 0
        for statement in statements:
            self._methods[type(statement)](self, statement)
            if not left and type(statement) in _COMPOUND and _may_leave(statement):
                left = 1
                self._branches += 1
        self._branches -= left

    def visit_Attribute(self, node: ast.Attribute | ast.Expr) -> None:
        """Walk the one node below; with names, these make up half of all nodes."""
        self._methods[type(node.value)](self, node.value)

    visit_Expr = visit_Attribute

    def visit_Module(self, node: ast.Module) -> None:
        """Walk the statements in order."""
        self._block(node.body)

    def visit_If(self, node: ast.If) -> None:
        """Walk both branches as uncertain; asking ``globals()``, or the version, guards names."""
        if is_always(node.test):
            self._block(node.body)
            return
        guarded = _introspects(node.test)
        never = isinstance(node.test, ast.Constant)  # `if False:`, a switch that is off
        self._guards += guarded
        self.visit(node.test)
        self._guards -= guarded
        with self._branch(guarded=guarded or never):
            self._block(node.body)
        with self._branch(guarded=guarded):
            self._block(node.orelse)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """Walk both values as uncertain."""
        self.visit(node.test)
        with self._branch(guarded=_introspects(node.test)):
            self._all([node.body, node.orelse])

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """Only the first operand is evaluated for certain; ``True or …`` ends there."""
        first = node.values[0]
        self.visit(first)
        ends = isinstance(first, ast.Constant) and bool(first.value) == isinstance(node.op, ast.Or)
        with self._branch(guarded=ends or _introspects(first)):
            self._all(node.values[1:])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        """Take reads in the body to happen, bindings not: the loop may be empty."""
        self.visit(node.iter)
        self.visit(node.target)
        self._loops += 1
        self._block(node.body)
        self._loops -= 1
        with self._branch():
            self._block(node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        """Walk the body as uncertain unless the test is a constant."""
        self.visit(node.test)
        sure = isinstance(node.test, ast.Constant) and bool(node.test.value)
        self._loops += 1
        self._branches += not sure
        self._block(node.body)
        self._branches -= not sure
        self._loops -= 1
        with self._branch():
            self._block(node.orelse)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        """Walk the body, guarded when a handler catches NameError."""
        with self._branch(guarded=any(_catches_names(h) for h in node.handlers)):
            self._block(node.body)
        for handler in node.handlers:
            with self._branch():
                self._all([handler.type])
                if handler.name:
                    self._bind(handler.name, handler)
                self._block(handler.body)
                if handler.name:  # Python deletes the name where the handler ends
                    self._release(handler.name, handler)
        with self._branch():
            self._block(node.orelse)
        self._block(node.finalbody)

    def visit_TryStar(self, node: ast.TryStar) -> None:
        """Walk ``except*`` like ``except``."""
        self.visit_Try(node)

    def visit_match_case(self, node: ast.match_case) -> None:
        """Walk a case as a branch."""
        with self._branch():
            self._all([node.pattern, node.guard])
            self._block(node.body)


def is_always(test: ast.expr) -> bool:
    """Tell whether a test holds whenever a notebook runs: ``True``, ``__name__ == "__main__"``."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Compare(
            left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant("__main__")]
        ):
            return True
    return False


def asks_for_names(node: ast.AST) -> bool:
    """Tell whether code looks first whether names are there, and binds those that are not."""
    if isinstance(node, ast.If):
        return _introspects(node.test)
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        return _catches_names(node)
    return False


def _introspects(test: ast.expr) -> bool:
    words = (getattr(n, "id", None) or getattr(n, "attr", None) for n in nodes_of(test))
    return any(word in _INTROSPECTION for word in words)


def _may_leave(statement: ast.stmt) -> bool:
    """Tell whether a compound statement may end the block around it early."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _LEAVES):
            return True
        for name in _BLOCKS:
            waiting += getattr(node, name, ())
    return False


def _catches_names(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(k is None or (isinstance(k, ast.Name) and k.id == "NameError") for k in kinds)
