"""Fixes, made until nothing is left to fix; all the rest of the file stays byte for byte.

How a rule offers one: it passes `edits` to its finding, :class:`Edit` for values of the JSON
document and :class:`TextEdit` for a part of a cell's text (`CodeCell.replaced`, `inserted_after`
and `without_lines` make those; longer ones are in `repairs`), and is declared with
`fixable=True`. A fix is safe when the notebook does the same as before, or what a line that can
only mean one thing was written for. One that may change what it does is declared `unsafe=True`, on
the rule or on the one finding, and is made by ``--fix --unsafe-fixes`` only.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mlops_nb.errors import InputError
from mlops_nb.lint.finding import Diagnostic
from mlops_nb.lint.rewrite import Fix, rewritten
from mlops_nb.notebook import (
    Notebook,
    UnreadableNotebookError,
    is_python,
    parse_notebook,
    to_python,
)

PASSES = 100  # fixes that touch each other are made one after the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A notebook after its fixes.

    Parameters
    ----------
    notebook : Notebook
        As it is now.
    diagnostics : list of Diagnostic
        What is left.
    count : int
        Fixes made.
    """

    notebook: Notebook
    diagnostics: list[Diagnostic]
    count: int


def fixed(
    notebook: Notebook,
    diagnostics: list[Diagnostic],
    lint: Callable[[Notebook], list[Diagnostic]],
    *,
    unsafe: bool = False,
) -> Fixed:
    """Fix a notebook until there is nothing more to fix.

    Parameters
    ----------
    notebook : Notebook
        The notebook; nothing is written.
    diagnostics : list of Diagnostic
        Its findings.
    lint : callable
        Finds what is left after a pass.
    unsafe : bool
        Make the fixes too that may change what the notebook does.
    """
    made = 0
    for _ in range(PASSES):
        chosen = [d.edits for d in diagnostics if d.edits and (unsafe or d.fixable)]
        text, count = rewritten(notebook, chosen)
        after = _checked(notebook, text)
        if after is None:  # together they empty a block, say, that each alone leaves whole
            after, count = _first_alone(notebook, chosen), 1
        if after is None or after.text == notebook.text:
            break
        notebook, diagnostics, made = after, lint(after), made + count
    return Fixed(notebook=notebook, diagnostics=diagnostics, count=made)


def _first_alone(notebook: Notebook, fixes: Iterable[Fix]) -> Notebook | None:
    """Return the notebook with the first fix made that changes it and leaves it whole."""
    texts = (rewritten(notebook, [fix])[0] for fix in fixes)
    whole = (_checked(notebook, text) for text in texts if text != notebook.text)
    return next(filter(None, whole), None)


def _checked(before: Notebook, text: str) -> Notebook | None:
    """Return the notebook that a text is; None when a cell of it is no Python any more."""
    try:
        after = parse_notebook(text.encode("utf-8"), before.path)
    except UnreadableNotebookError:
        return None
    known = {cell.source for cell in before.code_cells}
    new = [cell.source for cell in after.code_cells if cell.source not in known]
    if any(not is_python(to_python(source).text) for source in new) and all(
        is_python(to_python(source).text) for source in known
    ):
        return None
    return after


def write_fixed(path: Path, text: str) -> None:
    """Write a notebook's new text.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    try:
        _write(path.resolve(), text)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


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
