"""Reading a notebook file; what cannot be read is said in one sentence with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from mlops_nb.errors import InputError
from mlops_nb.notebook.model import Cell, Notebook

_LFS = "version https://git-lfs.github.com/spec/"
_MARKERS = ("<<<<<<< ", ">>>>>>> ")
_KINDS = ("code", "markdown", "raw")


class UnreadableNotebookError(InputError):
    """A file that is not a notebook, or a broken one.

    Attributes
    ----------
    problem : str
        What is wrong with the content.
    line, column : int
        Where in the file, from 1.
    """

    def __init__(
        self, path: Path, problem: str, hint: str = "", *, line: int = 1, column: int = 1
    ) -> None:
        super().__init__(f"{path}:{line}:{column}: {problem}", hint)
        self.problem = problem
        self.line = line
        self.column = column


def read_notebook(path: Path | str) -> Notebook:
    """Read a notebook of format 3, 4 or later.

    Parameters
    ----------
    path : path
        The file.

    Raises
    ------
    InputError
        There is no such file, or it may not be read.
    UnreadableNotebookError
        The file is no notebook: broken JSON, a web page, conflict markers, a Git LFS pointer.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"no such notebook: {path}") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    return parse_notebook(content, path)


def parse_notebook(content: bytes, path: Path) -> Notebook:
    """Read a notebook from the bytes of a file.

    Parameters
    ----------
    content : bytes
        UTF-8 JSON.
    path : Path
        Where they come from.

    Raises
    ------
    UnreadableNotebookError
        As for :func:`read_notebook`.
    """
    text = _decode(content, path)
    raw = _document(text, path)
    if not isinstance(raw, dict):
        raise UnreadableNotebookError(path, "not a notebook: the JSON document is not an object")
    metadata = raw.get("metadata")
    return Notebook(
        path=path,
        text=text,
        cells=_cells(raw, path),
        metadata=metadata if isinstance(metadata, dict) else {},
        raw=raw,
    )


def _decode(content: bytes, path: Path) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        hint = "save it as UTF-8 without a byte order mark"
        raise UnreadableNotebookError(path, "the file starts with a byte order mark", hint)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        raise UnreadableNotebookError(
            path,
            f"not UTF-8: byte 0x{content[error.start]:02x}",
            "save the notebook as UTF-8",
            line=before.count(b"\n") + 1,
            column=error.start - (before.rfind(b"\n") + 1) + 1,
        ) from error


def _document(text: str, path: Path) -> Any:
    with suppress(ValueError, RecursionError):
        return msgspec.json.decode(text)
    # Half a surrogate pair, NaN: the other reads what Python writes, and knows what is wrong where.
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _explain(text, path, error) from error
    except RecursionError as error:
        raise UnreadableNotebookError(path, "the JSON is nested too deeply") from error
    except ValueError as error:  # an integer with thousands of digits
        raise UnreadableNotebookError(path, f"broken JSON: {error}") from error


def _explain(text: str, path: Path, error: json.JSONDecodeError) -> UnreadableNotebookError:
    head = text.lstrip()[:200].lower()
    if not head:
        return UnreadableNotebookError(path, "the file is empty")
    if head.startswith(_LFS):
        return UnreadableNotebookError(path, "a Git LFS pointer, not the notebook", "git lfs pull")
    if head.startswith("<"):
        hint = "download the raw file instead of its page"
        return UnreadableNotebookError(path, "a web page saved as a notebook", hint)
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(_MARKERS):
            hint = "resolve the conflict (nbdime's `git mergetool` helps)"
            return UnreadableNotebookError(path, "a merge conflict marker", hint, line=number)
    return UnreadableNotebookError(
        path, f"broken JSON: {error.msg}", line=error.lineno, column=error.colno
    )


def _cells(raw: Mapping[str, Any], path: Path) -> tuple[Cell, ...]:
    places: list[tuple[tuple[str | int, ...], Any]] = []
    if isinstance(raw.get("cells"), list):
        places = [(("cells", i), value) for i, value in enumerate(raw["cells"])]
    elif isinstance(raw.get("worksheets"), list):
        for number, sheet in enumerate(raw["worksheets"]):
            inside = sheet.get("cells") if isinstance(sheet, dict) else None
            for i, value in enumerate(inside if isinstance(inside, list) else []):
                places.append((("worksheets", number, "cells", i), value))
    else:
        raise UnreadableNotebookError(path, "not a notebook: it has no list of cells")
    for pointer, value in places:
        if not isinstance(value, dict):
            raise UnreadableNotebookError(path, f"not a notebook: cell {pointer[-1]} is no object")
    return tuple(_cell(index, pointer, value) for index, (pointer, value) in enumerate(places))


def _cell(index: int, pointer: tuple[str | int, ...], raw: Mapping[str, Any]) -> Cell:
    kind = raw.get("cell_type")
    key = "source" if "source" in raw or "input" not in raw else "input"
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    tags = metadata.get("tags")
    count = raw.get("execution_count", raw.get("prompt_number"))
    outputs = raw.get("outputs")
    name = raw.get("id")
    return Cell(
        index=index,
        kind=cast(Literal["code", "markdown", "raw"], kind if kind in _KINDS else "raw"),
        source=joined(raw.get(key)),
        id=name if isinstance(name, str) else None,
        execution_count=count if isinstance(count, int) and not isinstance(count, bool) else None,
        tags=tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else (),
        outputs=[o if isinstance(o, dict) else {} for o in outputs]
        if isinstance(outputs, list)
        else [],
        metadata=metadata,
        pointer=pointer,
        source_key=key,
    )


def joined(value: object) -> str:
    """Return a text that the format allows to be one string or a list of lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return ""
