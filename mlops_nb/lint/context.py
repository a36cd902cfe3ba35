"""What all rules share about one notebook, computed once and only when a rule asks."""

from __future__ import annotations

import ast
import builtins
import keyword
import warnings
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

from mlops_nb.config import Lint
from mlops_nb.dataflow import CellFacts, facts, nodes_of
from mlops_nb.dataflow.scopes import children_of
from mlops_nb.lint.finding import Edit, Finding, TextEdit
from mlops_nb.lint.leaks import Leak, find_leaks, may_leak
from mlops_nb.lint.names import NameProblem, name_problems
from mlops_nb.lint.outputs import output_texts
from mlops_nb.notebook import (
    Cell,
    Magic,
    Notebook,
    PythonText,
    UnreadableNotebookError,
    to_python,
)

Node = TypeVar("Node", bound=ast.AST)


_DEPTH = 150  # levels of a tree that can be walked recursively, several calls a level
_DEEP_TEXT = 1000  # characters below which a statement cannot be that deep
_TOO_DEEP = "nested too deeply to be read"


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """Why a cell is not Python, and where in the cell."""

    message: str
    line: int
    column: int


class CodeCell:
    """A code cell with its Python, its syntax tree and its names.

    Parameters
    ----------
    cell : Cell
        The cell as in the file.

    Attributes
    ----------
    python : PythonText
        Its Python, magics neutralised.
    tree : ast.Module or None
        None when the cell does not parse.
    problem : SyntaxProblem or None
        Why it does not parse.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.python: PythonText = to_python(cell.source)
        self.tree: ast.Module | None = None
        self.problem: SyntaxProblem | None = None
        try:
            self.tree = ast.parse(self.python.text)
        except SyntaxError as error:
            line = min(max(error.lineno or 1, 1), self.python.text.count("\n") + 1)
            shift = self.python.shifts.get(line, 0)
            self.problem = SyntaxProblem(error.msg, line, max(error.offset or 1, 1) + shift)
        except ValueError as error:  # a NUL
            self.problem = SyntaxProblem(str(error), 1, 1)
        except (RecursionError, MemoryError):
            self.problem = SyntaxProblem(_TOO_DEEP, 1, 1)
        if self.tree is not None and (line := self._too_deep(self.tree)):
            self.tree, self.problem = None, SyntaxProblem(_TOO_DEEP, line, 1)

    def _too_deep(self, tree: ast.Module) -> int:
        """Return the line of a statement that no rule could walk through, 0 when there is none."""
        if len(self.python.text) < _DEEP_TEXT:
            return 0
        for statement in tree.body:
            if (
                statement.lineno == statement.end_lineno
                and (statement.end_col_offset or 0) < _DEEP_TEXT
            ):
                continue
            lines = self.lines[statement.lineno - 1 : statement.end_lineno]
            if sum(map(len, lines)) >= _DEEP_TEXT and _depth(statement) > _DEPTH:
                return statement.lineno
        return 0

    @cached_property
    def flow(self) -> CellFacts | None:
        """The cell's names; None when it does not parse, or is nested too deeply to be walked."""
        return self._facts(effects=False)

    @cached_property
    def effects(self) -> CellFacts | None:
        """The same with what the cell changes, which only fixes need."""
        return self._facts(effects=True)

    def _facts(self, *, effects: bool) -> CellFacts | None:
        try:
            return facts(self.tree, effects=effects) if self.tree is not None else None
        except RecursionError:
            return None

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the cell's Python."""
        return self.python.text.split("\n")

    def finding(
        self,
        node: ast.AST,
        message: str,
        *,
        severity: str | None = None,
        edits: tuple[Edit | TextEdit, ...] = (),
    ) -> Finding:
        """Return a finding at a node of the tree."""
        place = self._range(node)
        return Finding(
            message=message,
            cell=self.cell.index,
            line=place["line"],
            column=place["column"],
            end_line=place["end_line"],
            end_column=place["end_column"],
            severity=severity,
            edits=edits,
        )

    def finding_at(self, magic: Magic, message: str) -> Finding:
        """Return a finding at a magic."""
        return Finding(message=message, cell=self.cell.index, line=magic.line, column=magic.column)

    def replaced(self, node: ast.AST, text: str) -> TextEdit:
        """Return the edit that puts a text in the place of a node."""
        return TextEdit(cell=self.cell.index, text=text, **self._range(node))

    def inserted_after(self, node: ast.AST, text: str) -> TextEdit:
        """Return the edit that puts a text directly after a node."""
        place = self._range(node)
        start = {"line": place["end_line"], "column": place["end_column"]}
        return TextEdit(cell=self.cell.index, text=text, **{**place, **start})

    def without_lines(self, first: int, last: int) -> TextEdit:
        """Return the edit that takes whole lines away, from 1, the last one included."""
        return TextEdit(
            cell=self.cell.index, line=first, column=1, end_line=last + 1, end_column=1, text=""
        )

    def _range(self, node: ast.AST) -> dict[str, int]:
        line = getattr(node, "lineno", 1)
        end_line = getattr(node, "end_lineno", None) or line
        return {
            "line": line,
            "column": self._column(line, getattr(node, "col_offset", 0)),
            "end_line": end_line,
            "end_column": self._column(end_line, getattr(node, "end_col_offset", None) or 0),
        }

    def _column(self, line: int, offset: int) -> int:
        # The tree counts bytes of UTF-8; people and editors count characters.
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        if not text.isascii():
            offset = len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore"))
        return offset + self.python.shifts.get(line, 0) + 1


def _depth(tree: ast.AST) -> int:
    """Return the levels of a tree, counted as far as they matter."""
    depth, level = 0, [tree]
    while level and depth <= _DEPTH:
        depth += 1
        level = [child for node in level for child in children_of(node)]
    return depth


class Context:
    """One notebook as the rules see it.

    Parameters
    ----------
    notebook : Notebook
        The file's content; of a file that cannot be read, a notebook without cells.
    job : bool
        The configuration declares it as a job.
    problem : UnreadableNotebookError, optional
        Why it cannot be read.
    settings : Lint, optional
        The configuration; all defaults when left out.
    root : Path, optional
        The project's root: where the search for the project's requirements ends.

    Attributes
    ----------
    unused : list of Finding
        Suppressions that suppressed nothing, known once the other rules have run.
    """

    def __init__(
        self,
        notebook: Notebook,
        *,
        job: bool = False,
        problem: UnreadableNotebookError | None = None,
        settings: Lint | None = None,
        root: Path | None = None,
    ) -> None:
        self.notebook = notebook
        self.job = job
        self.problem = problem
        self.settings = settings or Lint()
        self.root = root
        self.unused: list[Finding] = []

    @cached_property
    def code(self) -> list[CodeCell]:
        """The code cells, parsed."""
        with warnings.catch_warnings():  # of the notebook's own odd escapes
            warnings.simplefilter("ignore")
            return [CodeCell(cell) for cell in self.notebook.code_cells]

    @cached_property
    def is_python(self) -> bool:
        """The metadata say so, the kernel's name does, or at least half of the cells parse."""
        language = self.notebook.language
        if language is not None:
            return language == "python"
        kernel = (self.notebook.kernel or "").lower()
        if kernel:
            return "py" in kernel or "conda" in kernel or "env" in kernel
        parsed = sum(cell.tree is not None for cell in self.code)
        return parsed * 2 >= len(self.code)

    @property
    def language(self) -> str:
        """The language as the metadata name it, or the kernel's name."""
        return self.notebook.language or self.notebook.kernel or "unknown"

    @cached_property
    def _index(self) -> dict[type[ast.AST], list[tuple[CodeCell, ast.AST]]]:
        index: dict[type[ast.AST], list[tuple[CodeCell, ast.AST]]] = defaultdict(list)
        for cell in self.code:
            for node in nodes_of(cell.tree) if cell.tree is not None else ():
                index[type(node)].append((cell, node))
        return index

    def nodes(self, kind: type[Node]) -> list[tuple[CodeCell, Node]]:
        """Return every node of a type with its cell, cell by cell."""
        return cast("list[tuple[CodeCell, Node]]", self._index.get(kind, []))

    @cached_property
    def calls(self) -> list[tuple[CodeCell, ast.Call, str]]:
        """Every call with its cell and the qualified name of what is called."""
        return [(cell, call, self.qualified(call.func)) for cell, call in self.nodes(ast.Call)]

    @cached_property
    def output_texts(self) -> list[tuple[Cell, int, str]]:
        """The text of every stored output, with its cell and its position there."""
        cells = self.notebook.code_cells
        return [(cell, number, text) for cell in cells for number, text in output_texts(cell)]

    @cached_property
    def words(self) -> set[str]:
        """Every name and attribute that the code mentions."""
        names = {node.id for _, node in self.nodes(ast.Name)}
        return names.union(node.attr for _, node in self.nodes(ast.Attribute))

    @cached_property
    def rebound(self) -> frozenset[str]:
        """Every name that a cell binds other than by an import."""
        events = (event for cell in self.code if cell.flow for event in cell.flow.events)
        return frozenset(e.name for e in events if e.kind == "bind" and not e.imported)

    @cached_property
    def taken(self) -> frozenset[str]:
        """Every name that something goes by, in the notebook or in Python."""
        defined = (name for cell in self.code if cell.flow for name in cell.flow.defines)
        return frozenset({*dir(builtins), *keyword.kwlist}).union(self.words, self.imports, defined)

    @cached_property
    def name_problems(self) -> list[NameProblem]:
        """The names that a fresh kernel would not find."""
        return name_problems(self)

    @cached_property
    def leaks(self) -> list[Leak]:
        """The evaluations that cannot be believed; none where nothing is fitted."""
        called = {
            name.rpartition(".")[2] or getattr(call.func, "id", "") for _, call, name in self.calls
        }
        if not may_leak(self.words, called - self.rebound):
            return []
        cells = [cell.tree if cell.python.kind == "python" else None for cell in self.code]
        return find_leaks(cells, self.imports)

    @cached_property
    def imports(self) -> dict[str, str]:
        """Name bound by an import → what it stands for, with its package."""
        found: dict[str, str] = {}
        for _, node in self.nodes(ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                found[alias.asname or top] = alias.name if alias.asname else top
        for _, source in self.nodes(ast.ImportFrom):
            for alias in source.names:
                found[alias.asname or alias.name] = f"{source.module or ''}.{alias.name}"
        return found

    def qualified(self, node: ast.AST) -> str:
        """Return ``numpy.random.rand`` for ``np.random.rand``; empty: it is no imported name."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or root.id not in self.imports:
            return ""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        return ".".join([self.imports[root.id], *reversed(parts)])
