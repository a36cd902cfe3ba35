"""A code cell as the rules see it: its Python, its tree, its names, and places in it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property

from mlops_nb.dataflow import CellFacts, facts
from mlops_nb.dataflow.scopes import children_of
from mlops_nb.lint.finding import Edit, Finding, TextEdit
from mlops_nb.notebook import Cell, Magic, PythonText, to_python

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
