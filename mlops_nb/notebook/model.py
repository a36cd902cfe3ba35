"""A notebook and its cells, as values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mlops_nb.notebook.syntax import to_python

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell.

    Parameters
    ----------
    index : int
        Position among all cells of the notebook, from 0.
    kind : {"code", "markdown", "raw"}
        What the cell holds.
    source : str
        Its text.
    id : str, optional
        The cell's id; notebooks before format 4.5 have none.
    execution_count : int, optional
        Number of the last execution, None if it never ran.
    tags : tuple of str
        Tags of the cell's metadata.
    outputs : sequence of dict
        Stored outputs, as in the file.
    metadata : mapping
        The cell's metadata, as in the file.
    pointer : tuple
        Keys and positions that lead to the cell in the JSON document.
    source_key : str
        Key of the text in the cell: ``source``, in notebooks of format 3 ``input``.
    """

    index: int
    kind: Literal["code", "markdown", "raw"]
    source: str
    id: str | None = None
    execution_count: int | None = None
    tags: tuple[str, ...] = ()
    outputs: Sequence[Mapping[str, Any]] = ()
    metadata: Mapping[str, Any]
    pointer: tuple[str | int, ...]
    source_key: str = "source"

    @property
    def lines(self) -> list[str]:
        """The lines of its text, without their ends; the same lines as Python's, no others."""
        source = self.source
        return _LINE_END.split(source) if "\r" in source else source.split("\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """One notebook file.

    Parameters
    ----------
    path : Path
        Where it was read from.
    text : str
        The file's text.
    cells : tuple of Cell
        All cells, in file order.
    metadata : mapping
        The notebook's metadata.
    raw : mapping
        The whole JSON document.
    """

    path: Path
    text: str
    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any]
    raw: Mapping[str, Any]

    @property
    def code_cells(self) -> list[Cell]:
        """The code cells, in file order."""
        return [cell for cell in self.cells if cell.kind == "code"]

    @property
    def language(self) -> str | None:
        """The language that the metadata name, in small letters; None: they name none."""
        info = _table(self.metadata, "language_info").get("name")
        spec = _table(self.metadata, "kernelspec").get("language")
        for name in (info, spec):
            if isinstance(name, str) and name:
                return "python" if name.lower() == "ipython" else name.lower()
        return None

    @property
    def kernel(self) -> str | None:
        """Name of the kernel, None when the metadata name none."""
        name = _table(self.metadata, "kernelspec").get("name")
        return name if isinstance(name, str) and name else None

    @property
    def python_version(self) -> tuple[int, int] | None:
        """Version of Python that the notebook was saved with, None when it says none."""
        version = _table(self.metadata, "language_info").get("version")
        parts = version.split(".")[:2] if isinstance(version, str) else []
        if len(parts) == 2 and all(p.isascii() and p.isdecimal() and len(p) < 4 for p in parts):
            return int(parts[0]), int(parts[1])
        return None


def python_source(cell: Cell) -> str:
    """Return a code cell's Python with magics and shell lines neutralised.

    Parameters
    ----------
    cell : Cell
        A code cell.

    Returns
    -------
    str
        As many lines as the cell has; a cell in another language (``%%bash``) becomes ``pass``.
    """
    return to_python(cell.source).text


def _table(metadata: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = metadata.get(key)
    return value if isinstance(value, dict) else {}
