"""NBH: files that the other rules, and other tools, can read."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import PYTHON, Code, Example
from mlops_nb.lint.finding import Edit, Finding
from mlops_nb.lint.rule import Severity, rule


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
    why="""Two cells of one id, or a format that is fifteen years old, make editors rewrite the
    file as they open it, and comments, reviews and diffs lose the cell they were about.""",
    bad=Example(cells=["total = 1 + 1"], metadata=PYTHON, duplicate_id=True),
    good=Example(cells=["total = 1 + 1", "print(total)"]),
)
def invalid_format(context: Context) -> Iterator[Finding]:
    """Flag duplicate cell ids and formats before 4."""
    version = context.notebook.raw.get("nbformat")
    if isinstance(version, int) and version < 4:
        message = (
            f"notebook format {version}: save it in format 4 (jupyter nbconvert --to notebook)"
        )
        yield Finding(message=message, pointer=("nbformat",))
    counts = Counter(cell.id for cell in context.notebook.cells if cell.id is not None)
    seen: set[str] = set()
    for cell in context.notebook.cells:
        if cell.id is not None and counts[cell.id] > 1 and cell.id in seen:
            pointer = (*cell.pointer, "id")
            message = f"cell id {cell.id!r} is used more than once"
            yield Finding(message=message, cell=cell.index, pointer=pointer)
        seen.add(cell.id or "")


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
