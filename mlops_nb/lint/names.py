"""Replays the names of a notebook from its first cell to its last, as a fresh kernel would."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mlops_nb.dataflow import ANONYMOUS, CellFacts, Event, bound_on_some_paths
from mlops_nb.notebook.magics import AUTOMAGICS, IPYTHON_NAMES, PYTHON_LINES

if TYPE_CHECKING:
    from mlops_nb.lint.code_cell import CodeCell
    from mlops_nb.lint.context import Context

_KNOWN = frozenset(dir(builtins)) | IPYTHON_NAMES
_HISTORY = re.compile(r"_i?\d+")
_AUTOMAGIC = re.compile(r"([^\W\d]\w*)(?:[ \t]+[^=,(\[.\n].*)?")
_WORD = re.compile(r"[^\W\d]\w*")
_PLATFORM = frozenset({"spark", "sc", "sqlContext", "dbutils", "displayHTML", "table", "sql"})
_PYTHON_2 = frozenset(
    {"unicode", "xrange", "raw_input", "basestring", "long", "unichr", "reduce", "file", "cmp"}
)
# Calls that bind names nobody can read from the call.
_OPAQUE_CALLS = frozenset({"exec", "execfile", "globals", "locals", "vars"})
_OPAQUE_METHODS = frozenset({"run_cell", "run_line_magic", "run_cell_magic", "push", "ex", "magic"})
_HARMLESS_MAGICS = AUTOMAGICS - {"run", "pylab", "store"} | PYTHON_LINES.keys()
Kind = Literal["undefined", "early", "call", "partial", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameProblem:
    """A name that is not bound when it is needed.

    Parameters
    ----------
    kind : {"undefined", "early", "call", "partial", "deleted"}
        Bound nowhere; bound later; read by a function that is called before it is bound; bound on
        some paths only; deleted before.
    name : str
        The name.
    cell : CodeCell
        Where it is read or the function is called.
    node : ast.AST
        The place in that cell.
    binding : int, optional
        Index of the first cell that binds it, or of the one that deletes it or may bind it.
    function : str
        The function that is called.
    """

    kind: Kind
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
        self.partial: dict[str, tuple[int, int]] = {}  # name → cell and line that may bind it
        self.killed: dict[str, int] = {}  # name → the cell that deletes it
        self.handled: dict[str, bool] = {}  # name of a handler → it is bound by nothing else
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
        sure = cell.python.kind == "python" and not self._is_automagic(cell)
        self.opaque = self.opaque or cell in self.openers
        partial = bound_on_some_paths(cell.tree) if sure and cell.tree else {}
        resets = _resets(cell)
        for event in flow.events:
            while resets and resets[0] < getattr(event.node, "lineno", 0):
                resets.pop(0)
                self._reset(cell)
            if sure and event.kind in ("read", "delete") and not self._is_known(event.name):
                yield from self._read(cell, event)
            elif sure and event.kind == "call" and event.name in self.functions:
                yield from self._call(cell, event)
            if event.kind not in ("read", "call"):
                self._change(cell, flow, event, partial)
        if resets:
            self._reset(cell)
        if sure and not self.ever_opaque:
            yield from self._never_bound(cell, flow)

    def _is_automagic(self, cell: CodeCell) -> bool:
        """Tell whether IPython takes the cell for a magic: its first word is one, and no name."""
        found = _AUTOMAGIC.fullmatch(cell.cell.source.strip())
        return bool(found and found[1] in AUTOMAGICS and not self._is_known(found[1]))

    def _change(
        self, cell: CodeCell, flow: CellFacts, event: Event, partial: Mapping[str, int]
    ) -> None:
        name = event.name
        match event.kind:
            case "star":
                self.opaque = True
            case "delete" if event.certain:
                self._kill(name, cell)
            case "delete":
                self.maybe.add(name)
            case "release" if self.handled.pop(name, False):
                self._kill(name, cell)
            case "bind":
                if isinstance(event.node, ast.ExceptHandler):
                    self.handled[name] = name not in self.bound
                self._bind(name, cell, partial.get(name))
                self.killed.pop(name, None)
                self.functions.pop(name, None)
                if name in flow.later:
                    self.functions[name] = flow.later[name]

    def _bind(self, name: str, cell: CodeCell, branch: int | None) -> None:
        """Note a binding; `branch` is the line of the statement that decides about it."""
        place = (cell.cell.index, branch or 0)
        # Two statements that may bind it look at the same condition, as a rule.
        if branch and name not in self.bound and self.partial.get(name, place) == place:
            self.partial[name] = place
        else:
            self.partial.pop(name, None)
            self.bound.add(name)

    def _kill(self, name: str, cell: CodeCell) -> None:
        self.bound.discard(name)
        self.partial.pop(name, None)
        self.killed[name] = cell.cell.index

    def _reset(self, cell: CodeCell) -> None:
        """Forget what is bound so far, as ``%reset -f`` does."""
        for name in list(self.bound):
            self._kill(name, cell)

    def _never_bound(self, cell: CodeCell, flow: CellFacts) -> Iterator[NameProblem]:
        """Yield what the bodies of functions read and no cell binds."""
        for events in flow.later.values():
            for event in events:
                if event.kind == "read" and not self._is_known(event.name, ever=True):
                    yield NameProblem(kind="undefined", name=event.name, cell=cell, node=event.node)

    def _read(self, cell: CodeCell, event: Event) -> Iterator[NameProblem]:
        """Yield what is wrong with a name that is read and not known."""
        name, here = event.name, cell.cell.index
        if self.opaque:
            return
        kind, binding = self._why(name)
        if kind == "undefined":
            yield NameProblem(kind=kind, name=name, cell=cell, node=event.node)
        elif event.certain or (kind != "partial" and binding != here):
            # In a branch, a name of the same cell may be bound by an earlier turn of the loop.
            yield NameProblem(kind=kind, name=name, cell=cell, node=event.node, binding=binding)
            if kind == "partial":  # said once
                self.bound.add(name)

    def _why(self, name: str) -> tuple[Kind, int | None]:
        """Return why a name is not known, and the cell that has to do with it."""
        if name in self.killed:
            return "deleted", self.killed[name]
        if name in self.partial:
            return "partial", self.partial[name][0]
        binding = self.first.get(name)
        return ("undefined" if binding is None else "early"), binding

    def _call(self, cell: CodeCell, event: Event) -> Iterator[NameProblem]:
        if self.opaque or not event.certain:
            return
        for name in self._needed(event.name, set()):
            kind, binding = self._why(name)
            if not self._is_known(name) and kind in ("early", "deleted"):
                yield NameProblem(
                    kind="call" if kind == "early" else kind,
                    name=name,
                    cell=cell,
                    node=event.node,
                    binding=binding,
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
    if platform or context.words & {"dbutils", "displayHTML", "textFile", "parallelize"}:
        yield from _PLATFORM
    if (notebook.python_version or (3, 0))[0] == 2 or kernel == "python2":
        yield from _PYTHON_2


def _resets(cell: CodeCell) -> list[int]:
    """Return the lines on which the cell throws away every name."""
    return [
        magic.line
        for magic in cell.python.magics
        if magic.name == "reset" and re.fullmatch(r"-s?fs?(?: -s)?|-s -f", magic.arguments)
    ]


def _is_opaque(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in _OPAQUE_CALLS
    return isinstance(node.func, ast.Attribute) and node.func.attr in _OPAQUE_METHODS
