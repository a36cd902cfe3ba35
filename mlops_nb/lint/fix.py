"""Safe fixes as edits of byte ranges: all the rest of the file stays as it is."""

from __future__ import annotations

import difflib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mlops_nb.errors import InputError
from mlops_nb.lint.finding import Diagnostic, Edit, Pointer
from mlops_nb.lint.locate import Places


def fixed_text(text: str, edits: Iterable[Edit]) -> str:
    """Return the text of a notebook with the edits made.

    Parameters
    ----------
    text : str
        The file's text.
    edits : iterable of Edit
        One that lies inside another is dropped: the outer one replaces it.
    """
    places = Places(text)
    chosen: dict[Pointer, Edit] = {edit.pointer: edit for edit in edits}
    changes: list[tuple[int, int, str]] = []
    for pointer, edit in chosen.items():
        if any(pointer[:length] in chosen for length in range(1, len(pointer))):
            continue
        span = places.span(pointer[:-1] if edit.action == "insert" else pointer)
        if span is None:
            continue
        if edit.action == "insert":
            changes.append(_insertion(text, span[0], str(pointer[-1]), edit.value))
        else:
            changes.append((*span, json.dumps(edit.value, ensure_ascii=False)))
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _insertion(text: str, start: int, key: str, value: object) -> tuple[int, int, str]:
    """Insert a first key into the object that begins at `start`, spaced like its other keys."""
    after = start + 1
    while text[after] in " \t\r\n":
        after += 1
    space = text[start + 1 : after]
    entry = f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
    if text[after] == "}":
        return start + 1, start + 1, entry
    return start + 1, start + 1, f"{space}{entry},"


def fix_file(path: Path, diagnostics: Iterable[Diagnostic]) -> bool:
    """Make the safe fixes in a file; tell whether it changed.

    Parameters
    ----------
    path : Path
        The notebook.
    diagnostics : iterable of Diagnostic
        Its findings.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    before, after = _before_after(path, diagnostics)
    if before == after:
        return False
    try:
        _write(path.resolve(), after)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    return True


def diff(path: Path, diagnostics: Iterable[Diagnostic]) -> str:
    """Return the unified diff of the safe fixes in a file, empty when there are none."""
    before, after = _before_after(path, diagnostics)
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        str(path),
        str(path),
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _before_after(path: Path, diagnostics: Iterable[Diagnostic]) -> tuple[str, str]:
    edits = [edit for diagnostic in diagnostics for edit in diagnostic.edits]
    # Bytes, not text mode: line ends must stay what they are.
    before = path.read_bytes().decode("utf-8")
    return before, fixed_text(before, edits) if edits else before


def _write(path: Path, text: str) -> None:
    """Write aside and rename, so that a full disk never leaves half a notebook."""
    mode = path.stat().st_mode
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
        Path(name).chmod(mode & 0o7777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
