"""What rules yield, and what the engine makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Pointer = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change of one value in the JSON document.

    Parameters
    ----------
    pointer : tuple
        Keys and positions that lead to the value, as in the file before any change.
    value : object
        The new value; of a move the position in the list before which it goes.
    action : {"replace", "insert", "remove", "move"}
        Replace the value; insert it under a new key of its object or before a position of its
        list; remove it; move it within its list.
    """

    pointer: Pointer
    value: Any = None
    action: Literal["replace", "insert", "remove", "move"] = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEdit:
    """A change of a part of a cell's text.

    Parameters
    ----------
    cell : int
        Index of the cell.
    line, column, end_line, end_column : int
        The part in the cell's text, from 1, in characters; the end is the first place after it.
        Two equal places insert; the beginning of the next line as the end takes the line away.
    text : str
        What comes in its place.
    """

    cell: int
    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a rule found.

    Parameters
    ----------
    message : str
        What is wrong, and with what.
    cell : int, optional
        Index of the cell; None: the whole file.
    line, column, end_line, end_column : int, optional
        Where in the cell's text, from 1, in characters; the end is the first place after it.
    pointer : tuple, optional
        Where in the JSON document, of what is not in a cell's text.
    place : tuple of int, optional
        Line and column in the file, of a file that cannot be parsed.
    severity : str, optional
        Weighs differently from the rule.
    edits : tuple of Edit or TextEdit
        The fix; made as a whole or not at all.
    requires : tuple of str
        What ``--unsafe-fixes`` adds to the project's requirements.
    unsafe : bool
        This fix may change what the notebook does, though the rule's other fixes do not.
    internal : bool
        Not about the notebook: the rule itself failed.
    """

    message: str
    cell: int | None = None
    line: int | None = None
    column: int = 1
    end_line: int | None = None
    end_column: int | None = None
    pointer: Pointer | None = None
    place: tuple[int, int] | None = None
    severity: str | None = None
    edits: tuple[Edit | TextEdit, ...] = ()
    requires: tuple[str, ...] = ()
    unsafe: bool = False
    internal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """A finding with its place in the file.

    Parameters
    ----------
    file : str
        Path as shown to the user.
    line, column, end_line, end_column : int
        Where in the ``.ipynb`` file, from 1, in characters; the end is the first place after it.
    cell : int, optional
        Index of the cell among all cells, from 0; None: the whole file.
    cell_id : str, optional
        The cell's id.
    execution_count : int, optional
        The cell's last execution.
    cell_line, cell_column, cell_end_line, cell_end_column : int, optional
        Where in the cell's text, from 1; None of what is not in its text.
    code, severity, message : str
        The rule, its weight and what is wrong.
    fixable : bool
        ``--fix`` puts it right.
    unsafe : bool
        Only ``--unsafe-fixes`` puts it right.
    internal : bool
        The rule itself failed.
    fingerprint : str
        Stays the same when cells move; two findings at equal text share it.
    edits : tuple of Edit or TextEdit
        How to put it right in the notebook.
    requires : tuple of str
        What the project's requirements lack; adding it is an unsafe fix too.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    cell: int | None
    cell_id: str | None
    execution_count: int | None
    cell_line: int | None = None
    cell_column: int | None = None
    cell_end_line: int | None = None
    cell_end_column: int | None = None
    code: str
    severity: str
    message: str
    fixable: bool
    unsafe: bool = False
    internal: bool = False
    fingerprint: str = ""
    edits: tuple[Edit | TextEdit, ...] = ()
    requires: tuple[str, ...] = ()

    def to_dict(self) -> Mapping[str, Any]:
        """Return the stable JSON shape."""
        shown = (
            *("file", "line", "column", "end_line", "end_column", "cell", "cell_id"),
            *("execution_count", "code", "severity", "message", "fixable"),
        )
        return {name: getattr(self, name) for name in shown}

    def in_cell(self) -> Mapping[str, int | None]:
        """Return the place in the cell's text, which is what an editor wants."""
        shown = ("cell_line", "cell_column", "cell_end_line", "cell_end_column")
        return {name: getattr(self, name) for name in shown}
