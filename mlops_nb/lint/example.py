"""Small notebooks that show what a rule flags; its page and its first tests come from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PYTHON = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_NAME = "notebook.ipynb"


@dataclass(frozen=True, slots=True)
class Code:
    """A code cell of an example."""

    source: str
    count: int | None = None
    outputs: Sequence[Mapping[str, Any]] = ()
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A notebook of a few cells.

    Parameters
    ----------
    cells : sequence of str or Code
        The code cells.
    metadata : mapping
        The notebook's metadata.
    file : str, optional
        Content of the file, of what is no notebook.
    job : bool
        The configuration declares the notebook as a job.
    duplicate_id : bool
        A last cell repeats the first one's id.
    name : str
        The file's name.
    text : str
        A text cell above the code.
    files : mapping of str to str
        Files beside the notebook: name → content.
    """

    cells: Sequence[str | Code] = ()
    metadata: Mapping[str, Any] = field(default_factory=lambda: PYTHON)
    file: str | None = None
    job: bool = False
    duplicate_id: bool = False
    name: str = _NAME
    text: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the file."""
        if self.file is not None:
            return self.file.encode()
        cells = [_text(self.text)] if self.text else []
        cells += [_cell(number, cell) for number, cell in enumerate(self.cells)]
        cells += [_cell(0, "print(total)")] if self.duplicate_id else []
        document = {"cells": cells, "metadata": self.metadata, "nbformat": 4, "nbformat_minor": 5}
        return json.dumps(document, indent=1).encode() + b"\n"

    def to_text(self) -> str:
        """Return what the reference shows: the cells one below the other."""
        if self.file is not None:
            return self.file
        if not self.cells:
            return json.dumps({"metadata": self.metadata}, indent=1)
        parts = [f"# the file's name: {self.name}"] if self.name != _NAME else []
        parts += [f"# {name}:\n{content.rstrip()}" for name, content in self.files.items()]
        parts += [f"# a text cell:\n{self.text}"] if self.text else []
        for number, cell in enumerate(self.cells):
            code = cell if isinstance(cell, Code) else Code(cell)
            notes = [f"cell {number}"]
            notes += [f"executed as [{code.count}]"] if code.count else []
            notes += [f"tagged {', '.join(code.tags)}"] if code.tags else []
            notes += [f"output: {_shown(output)}" for output in code.outputs]
            parts.append(f"# {'; '.join(notes)}\n{code.source}")
        parts += ["# the next cell has the id of cell 0\nprint(total)"] if self.duplicate_id else []
        text = "\n\n".join(parts)
        if self.metadata is not PYTHON and self.metadata != PYTHON:
            text += f"\n\n# metadata: {json.dumps(self.metadata)}"
        return text


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    """Return a printed output."""
    return {"output_type": "stream", "name": name, "text": [text]}


def error(name: str, value: str, quoted: str = "") -> dict[str, Any]:
    """Return a stored exception, with the line of the cell that its traceback quotes."""
    frames = [f"Cell In[1], line 1\n{quoted}\n"] if quoted else []
    return {
        "output_type": "error",
        "ename": name,
        "evalue": value,
        "traceback": [*frames, f"{name}: {value}"],
    }


def _text(source: str) -> dict[str, Any]:
    lines = source.splitlines(keepends=True)
    return {"cell_type": "markdown", "id": "text", "metadata": {}, "source": lines}


def _cell(number: int, cell: str | Code) -> dict[str, Any]:
    code = cell if isinstance(cell, Code) else Code(cell)
    return {
        "cell_type": "code",
        "execution_count": code.count,
        "id": f"cell-{number}",
        "metadata": {"tags": list(code.tags)} if code.tags else {},
        "outputs": list(code.outputs),
        "source": code.source.splitlines(keepends=True),
    }


def _shown(output: Mapping[str, Any]) -> str:
    if output.get("output_type") == "error":
        return f"{output['ename']}: {output['evalue']}"
    return "".join(output.get("text", ())).strip()
