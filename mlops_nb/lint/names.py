"""Replays the names of a notebook from its first cell to its last, as a fresh kernel would."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mlops_nb.dataflow import ANONYMOUS, CellFacts, Event
from mlops_nb.notebook.magics import AUTOMAGICS, IPYTHON_NAMES, PYTHON_LINES

if TYPE_CHECKING:
    from mlops_nb.lint.context import CodeCell, Context

_KNOWN = frozenset(dir(builtins)) | IPYTHON_NAMES
_HISTORY = re.compile(r"_i?\d+")
_WORD = re.compile(r"[^\W\d]\w*")
_PLATFORM = frozenset({"spark", "sc", "sqlContext", "dbutils", "displayHTML", "table", "sql"})
_PYTHON_2 = frozenset(
    {"unicode", "xrange", "raw_input", "basestring", "long", "unichr", "reduce", "file", "cmp"}
)
# Calls that bind names nobody can read from the call.
_OPAQUE_CALLS = frozenset({"exec", "execfile", "globals", "locals", "vars"})
_OPAQUE_METHODS = frozenset({"run_cell", "run_line_magic", "run_cell_magic", "push", "ex", "magic"})
_HARMLESS_MAGICS = AUTOMAGICS - {"run", "pylab", "store"} | PYTHON_LINES.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class NameProblem:
    """A name that is not bound when it is needed.

    Parameters
    ----------
    kind : {"undefined", "early", "call"}
        Bound nowhere; bound later; read by a function that is called before it is bound.
    name : str
        The name.
    cell : CodeCell
        Where it is read or the function is called.
    node : ast.AST
        The place in that cell.
    binding : int, optional
        Index of the first cell that binds it.
    function : str
        The function that is called.
    """

    kind: Literal["undefined", "early", "call"]
    name: str
    cell: CodeCell
    node: ast.AST
    binding: int | None = None
    function: str = ""


def name_problems(context: Context) -> list[NameProblem]:
    """Return every name that a fresh kernel would not find, in file order."""
    return list(_Replay(context).run())


class _Replay:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.bound: set[str] = set()
        self.maybe = self._maybe_bound()
        self.first: dict[str, int] = {}
        self.functions: dict[str, tuple[Event, ...]] = {}
        self.opaque = False
        self.openers = {cell for cell, node, _ in context.calls if _is_opaque(node)}
        for cell in context.code:
            for name in cell.flow.defines if cell.flow else ():
                self.first.setdefault(name, cell.cell.index)
        self.ever_opaque = bool(self.openers) or any(
            cell.flow.stars for cell in context.code if cell.flow
        )

    def run(self) -> Iterator[NameProblem]:
        seen: set[tuple[str, str]] = set()
        for cell in self.context.code:
            if cell.flow is None:
                continue
            told: set[str] = set()
            for problem in self._cell(cell, cell.flow):
                # Once a name and a cell; what is bound nowhere, once a notebook.
                key = (problem.kind, problem.name)
                if problem.name in told or (problem.kind == "undefined" and key in seen):
                    continue
                told.add(problem.name)
                seen.add(key)
                yield problem

    def _cell(self, cell: CodeCell, flow: CellFacts) -> Iterator[NameProblem]:
        sure = cell.python.kind == "python"
        self.opaque = self.opaque or cell in self.openers
        for event in flow.events:
            if event.kind in ("bind", "star", "delete"):
                self._change(flow, event)
            elif sure and event.kind == "read":
                yield from self._read(cell, event)
            elif sure:
                yield from self._call(cell, event)
        if sure and not self.ever_opaque:
            yield from self._never_bound(cell, flow)

    def _change(self, flow: CellFacts, event: Event) -> None:
        if event.kind == "star":
            self.opaque = True
        elif event.kind == "delete":
            self.maybe.add(event.name)
        else:
            self.bound.add(event.name)
            self.functions.pop(event.name, None)
            if event.name in flow.later:
                self.functions[event.name] = flow.later[event.name]

    def _never_bound(self, cell: CodeCell, flow: CellFacts) -> Iterator[NameProblem]:
        """Yield what the bodies of functions read and no cell binds."""
        for events in flow.later.values():
            for event in events:
                if event.kind == "read" and not self._is_known(event.name, ever=True):
                    yield NameProblem(kind="undefined", name=event.name, cell=cell, node=event.node)

    def _read(self, cell: CodeCell, event: Event) -> Iterator[NameProblem]:
        name = event.name
        if self.opaque or self._is_known(name):
            return
        binding = self.first.get(name)
        if binding is None:
            yield NameProblem(kind="undefined", name=name, cell=cell, node=event.node)
        elif event.certain or binding != cell.cell.index:
            # In a branch, a name of the same cell may be bound by an earlier turn of the loop.
            yield NameProblem(kind="early", name=name, cell=cell, node=event.node, binding=binding)

    def _call(self, cell: CodeCell, event: Event) -> Iterator[NameProblem]:
        if self.opaque or not event.certain:
            return
        for name in self._needed(event.name, set()):
            if not self._is_known(name) and name in self.first:
                yield NameProblem(
                    kind="call",
                    name=name,
                    cell=cell,
                    node=event.node,
                    binding=self.first[name],
                    function=event.name,
                )

    def _needed(self, function: str, visited: set[str]) -> Iterator[str]:
        """Yield the globals that a call is sure to read, those of the functions it calls too."""
        if function in visited or function == ANONYMOUS:
            return
        visited.add(function)
        for event in self.functions.get(function, ()):
            if event.certain and event.kind == "read":
                yield event.name
            elif event.certain and event.kind == "call":
                yield from self._needed(event.name, visited)

    def _is_known(self, name: str, *, ever: bool = False) -> bool:
        return (
            name in _KNOWN
            or name in self.bound
            or name in self.maybe
            or (ever and name in self.first)
            or bool(_HISTORY.fullmatch(name))
        )

    def _maybe_bound(self) -> set[str]:
        """Return names that something we cannot read may bind."""
        names = set(_platform_names(self.context))
        for cell in self.context.code:
            if cell.flow is None:
                names.update(_WORD.findall(cell.python.text))
            for magic in cell.python.magics:
                if magic.name not in _HARMLESS_MAGICS and magic.name not in "!?":
                    names.update(_WORD.findall(magic.arguments))
                if magic.body is not None and cell.python.kind == "unknown":
                    names.update(_WORD.findall(magic.body))
        return names


def _platform_names(context: Context) -> Iterator[str]:
    """Yield names that a platform's kernel, or Python 2, brings along."""
    notebook = context.notebook
    kernel = (notebook.kernel or "").lower()
    hints = [kernel, *notebook.metadata]
    platform = any("spark" in hint or "databricks" in hint for hint in hints)
    if platform or context.words & {"dbutils", "displayHTML"}:
        yield from _PLATFORM
    if (notebook.python_version or (3, 0))[0] == 2 or kernel == "python2":
        yield from _PYTHON_2


def _is_opaque(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in _OPAQUE_CALLS
    return isinstance(node.func, ast.Attribute) and node.func.attr in _OPAQUE_METHODS
