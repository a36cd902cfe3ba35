"""NBH: files that the other rules, and other tools, can read."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, cast

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import PYTHON, Code, Example
from mlops_nb.lint.finding import Edit, Finding, TextEdit
from mlops_nb.lint.rule import Severity, rule
from mlops_nb.notebook import Cell, Magic

_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MAGIC = re.compile(r"\s*(?P<mark>%%?)(?P<space>[ \t]*)(?=[^\W\d])")


@rule(
    "NBH001",
    "unreadable",
    Severity.ERROR,
    why="""A file that does not parse is skipped in silence by most tools, and fails the job that
    runs it: a merge conflict committed by mistake, the web page of a notebook saved under its
    name, a pointer that Git LFS did not replace.""",
    bad=Example(file='{"cells": [,], "nbformat": 4}\n'),
    good=Example(cells=["total = 1 + 1\nprint(total)"]),
    unreadable=True,
)
def unreadable(context: Context) -> Iterator[Finding]:
    """Flag a file that is no notebook: broken JSON, a web page, a conflict, an LFS pointer."""
    problem = context.problem
    if problem:
        hint = f" ({problem.hint})" if problem.hint else ""
        yield Finding(message=problem.problem + hint, place=(problem.line, problem.column))


@rule(
    "NBH002",
    "unknown-language",
    Severity.WARNING,
    why="""Tools that meet a notebook without `language_info` and without a kernel language pass
    over it and exit with 0: nobody checks it, and nobody is told.""",
    bad=Example(
        cells=["total = 1 + 1\nprint(total)"],
        metadata={"kernelspec": {"display_name": "Python 3", "name": "python3"}},
    ),
    good=Example(cells=["total = 1 + 1\nprint(total)"]),
    fixable=True,
)
def unknown_language(context: Context) -> Iterator[Finding]:
    """Flag metadata that do not name the notebook's language."""
    notebook = context.notebook
    if notebook.language is not None or not notebook.code_cells:
        return
    edits: tuple[Edit, ...] = ()
    pointer = ("metadata",) if isinstance(notebook.raw.get("metadata"), dict) else None
    if context.is_python and pointer and "language_info" not in notebook.metadata:
        pointer_in = ("metadata", "language_info")
        edits = (Edit(pointer=pointer_in, value={"name": "python"}, action="insert"),)
    yield Finding(
        message="the metadata name no language: other tools skip this notebook in silence",
        pointer=pointer,
        edits=edits,
    )


@rule(
    "NBH003",
    "invalid-format",
    Severity.WARNING,
    why="""Two cells of one id, a missing key or a format that is fifteen years old make editors
    rewrite the file as they open it; stricter tools refuse it; comments, reviews and diffs lose
    the cell they were about.""",
    bad=Example(cells=["total = 1 + 1"], metadata=PYTHON, duplicate_id=True),
    good=Example(cells=["total = 1 + 1", "print(total)"]),
    fixable=True,
)
def invalid_format(context: Context) -> Iterator[Finding]:
    """Flag what the notebook format does not allow: cells without an id or with the same one."""
    notebook = context.notebook
    version = notebook.raw.get("nbformat")
    if isinstance(version, int) and version < 4:
        message = (
            f"notebook format {version}: save it in format 4 (jupyter nbconvert --to notebook)"
        )
        yield Finding(message=message, pointer=("nbformat",))
        return
    minor = notebook.raw.get("nbformat_minor")
    if isinstance(minor, int) and minor >= 5:
        yield from _identities(context)
    elif isinstance(minor, int) and any(cell.id is not None for cell in notebook.cells):
        yield Finding(
            message=f"cells with ids in format 4.{minor}, which has none",
            pointer=("nbformat_minor",),
            edits=(Edit(pointer=("nbformat_minor",), value=5),),
        )
    for cell in notebook.code_cells if version == 4 else ():
        for key, value in (("outputs", []), ("execution_count", None), ("metadata", {})):
            if key not in _raw(context, cell):
                yield Finding(
                    message=f"a code cell without {key!r}, which the format asks for",
                    cell=cell.index,
                    edits=(Edit(pointer=(*cell.pointer, key), value=value, action="insert"),),
                )


def _identities(context: Context) -> Iterator[Finding]:
    cells = context.notebook.cells
    taken = {cell.id for cell in cells}
    missing = [cell for cell in cells if cell.id is None]
    if missing:
        action: Literal["replace", "insert"]
        action = "replace" if "id" in _raw(context, missing[0]) else "insert"
        yield Finding(
            message=f"{len(missing)} cells without an id, which format 4.5 asks for",
            cell=missing[0].index,
            edits=tuple(_identified(cell, taken, action) for cell in missing),
        )
    seen: set[str] = set()
    for cell in cells:
        if cell.id is not None and (cell.id in seen or not _ID.fullmatch(cell.id)):
            what = "is used more than once" if cell.id in seen else "is not one of the format"
            yield Finding(
                message=f"cell id {cell.id[:70]!r} {what}",
                cell=cell.index,
                pointer=(*cell.pointer, "id"),
                edits=(_identified(cell, taken, "replace"),),
            )
        seen.add(cell.id or "")


def _identified(cell: Cell, taken: set[str | None], action: Literal["replace", "insert"]) -> Edit:
    """Return the edit that gives a cell an id made of its place and text: the same in each run."""
    text = f"{cell.index}:{cell.source}".encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(text).hexdigest()
    new = next(digest[i : i + 8] for i in range(56) if digest[i : i + 8] not in taken)
    return Edit(pointer=(*cell.pointer, "id"), value=new, action=action)


def _raw(context: Context, cell: Cell) -> Mapping[str, Any]:
    value: Any = context.notebook.raw
    for key in cell.pointer:
        value = value[key]
    return cast(Mapping[str, Any], value)


@rule(
    "NBH004",
    "invalid-syntax",
    Severity.ERROR,
    why="""The cell fails in every run. By hand one skips it; a job stops there.""",
    bad=Example(cells=["total = 1 +\nprint(total)"]),
    good=Example(cells=["total = 1 + 1\nprint(total)", Code("%matplotlib inline")]),
)
def invalid_syntax(context: Context) -> Iterator[Finding]:
    """Flag a cell that is no Python once its magics are taken out."""
    version = context.notebook.python_version
    if version and version > sys.version_info[:2]:
        return  # newer syntax than this Python can judge
    for code in context.code:
        if code.problem and code.python.kind == "python" and code.cell.source.strip():
            yield Finding(
                message=f"not valid Python: {code.problem.message}",
                cell=code.cell.index,
                line=code.problem.line,
                column=code.problem.column,
            )


@rule(
    "NBH005",
    "broken-magic",
    Severity.ERROR,
    why="""IPython stops at this line with a UsageError: older versions let the space pass, and a
    `%%` magic works on the first line of its cell only.""",
    bad=Example(cells=["% matplotlib inline"]),
    good=Example(cells=["%matplotlib inline"]),
    fixable=True,
)
def broken_magic(context: Context) -> Iterator[Finding]:
    """Flag a magic that fails: a space after the `%`, a `%%` below the first line."""
    for code in context.code:
        lines = code.cell.source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for magic in code.python.magics:
            line = lines[magic.line - 1] if magic.line <= len(lines) else ""
            found = _MAGIC.match(line)
            if not found or (magic.body is not None and not found["space"]):
                continue
            if found["space"]:
                message = f"a space after the {found['mark']}: IPython knows no such magic"
                yield replace(
                    code.finding_at(magic, message), edits=(_joined(magic, found, code.cell.index),)
                )
            elif found["mark"] == "%%" and not _on_top(lines[: magic.line - 1]):
                message = f"%%{magic.name} works on the first line of a cell only"
                yield code.finding_at(magic, message)


def _joined(magic: Magic, found: re.Match[str], cell: int) -> TextEdit:
    """Return the edit that takes the space out of a magic."""
    start, end = found.span("space")
    return TextEdit(
        cell=cell,
        line=magic.line,
        column=start + 1,
        end_line=magic.line,
        end_column=end + 1,
        text="",
    )


def _on_top(above: list[str]) -> bool:
    return all(not line.strip() or line.startswith("%%") for line in above)
