"""``--add-noqa``: write a suppression for everything that is found, the file else untouched."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable, Iterator

from mlops_nb.lint.finding import Diagnostic, Edit, TextEdit
from mlops_nb.lint.fix import Fixed
from mlops_nb.lint.rewrite import rewritten
from mlops_nb.lint.suppression import NOQA, TAG
from mlops_nb.notebook import Cell, Notebook, parse_notebook, to_python


def accepted(
    notebook: Notebook, diagnostics: list[Diagnostic], lint: Callable[[Notebook], list[Diagnostic]]
) -> Fixed:
    """Suppress every finding of a notebook.

    A finding at a line of Python gets a comment there; one at a magic, in a string, in an output or
    in Markdown a tag of its cell; one about the whole file an entry in the notebook's metadata.

    Parameters
    ----------
    notebook : Notebook
        The notebook; nothing is written.
    diagnostics : list of Diagnostic
        Its findings.
    lint : callable
        Finds what is left.
    """
    after = notebook
    wanted = [d for d in diagnostics if not d.internal and not d.code.startswith("NBZ")]
    for step in (_comments, _tags, _file):
        text, _ = rewritten(after, [[edit] for edit in step(after, wanted)])
        after = parse_notebook(text.encode("utf-8"), notebook.path)
        left = {(d.code, d.cell, d.cell_line) for d in lint(after)}
        wanted = [d for d in wanted if (d.code, d.cell, d.cell_line) in left]
    rest = lint(after)
    return Fixed(notebook=after, diagnostics=rest, count=max(len(diagnostics) - len(rest), 0))


def _comments(notebook: Notebook, wanted: Iterable[Diagnostic]) -> Iterator[TextEdit]:
    places: dict[tuple[int, int], set[str]] = {}
    for diagnostic in wanted:
        if diagnostic.cell is not None and diagnostic.cell_line is not None:
            place = diagnostic.cell, diagnostic.cell_line
            places.setdefault(place, set()).add(diagnostic.code)
    for (cell, line), codes in places.items():
        edit = _comment(notebook.cells[cell], line, sorted(codes))
        if edit is not None:
            yield edit


def _comment(cell: Cell, line: int, codes: list[str]) -> TextEdit | None:
    """Return the edit that adds a comment to a line; None where it would change what runs."""
    if cell.kind != "code" or line > len(cell.lines):
        return None
    text = cell.lines[line - 1]
    there = NOQA.search(text)
    if there and there["codes"]:
        column, added = there.end() + 1, f", {', '.join(codes)}"
    else:
        column, added = len(text.rstrip()) + 1, f"  # noqa: {', '.join(codes)}"
    new = list(cell.lines)
    new[line - 1] = text[: column - 1] + added + text[column - 1 :]
    before = _runs_as("\n".join(cell.lines))
    if before is None or _runs_as("\n".join(new)) != before:
        return None
    return TextEdit(
        cell=cell.index, line=line, column=column, end_line=line, end_column=column, text=added
    )


def _runs_as(source: str) -> tuple[str, tuple[object, ...]] | None:
    """Return what a cell means: its syntax tree and its magics; None of what is no Python."""
    python = to_python(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.dump(ast.parse(python.text)), python.magics
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _tags(notebook: Notebook, wanted: Iterable[Diagnostic]) -> Iterator[Edit]:
    codes: dict[int, set[str]] = {}
    for diagnostic in wanted:
        if diagnostic.cell is not None:
            codes.setdefault(diagnostic.cell, set()).add(diagnostic.code)
    for index, own in codes.items():
        cell = notebook.cells[index]
        tags = [f"{TAG}{code}" for code in sorted(own)]
        written = cell.metadata.get("tags")
        if isinstance(written, list):
            pointer = (*cell.pointer, "metadata", "tags")
            yield Edit(pointer=pointer, value=[*written, *tags])
        else:
            yield _entry(notebook, (*cell.pointer, "metadata"), "tags", tags)


def _file(notebook: Notebook, wanted: Iterable[Diagnostic]) -> Iterator[Edit]:
    codes = sorted({d.code for d in wanted if d.cell is None})
    if not codes:
        return
    own = notebook.metadata.get("mlops")
    if not isinstance(own, dict):
        yield _entry(notebook, ("metadata",), "mlops", {"ignore": codes})
        return
    listed = own.get("ignore")
    value = [*(listed if isinstance(listed, list) else []), *codes]
    yield _entry(notebook, ("metadata", "mlops"), "ignore", value)


def _entry(notebook: Notebook, pointer: tuple[str | int, ...], key: str, value: object) -> Edit:
    """Return the edit that puts a key into an object, and makes that where there is none."""
    found: object = notebook.raw
    for step in pointer:
        found = found[step] if isinstance(step, int) else found.get(step)  # type: ignore[index,attr-defined]
    if isinstance(found, dict):
        return Edit(pointer=(*pointer, key), value=value, action="insert")
    return Edit(pointer=pointer, value={key: value}, action="insert")
