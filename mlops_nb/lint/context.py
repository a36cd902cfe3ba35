"""What all rules share about one notebook, computed once and only when a rule asks."""

from __future__ import annotations

import ast
import builtins
import keyword
import warnings
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

from mlops_nb.config import Lint
from mlops_nb.dataflow import nodes_of
from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.leaks import Leak, find_leaks, may_leak
from mlops_nb.lint.names import NameProblem, name_problems
from mlops_nb.lint.outputs import output_texts
from mlops_nb.notebook import Cell, Notebook, UnreadableNotebookError

Node = TypeVar("Node", bound=ast.AST)


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
