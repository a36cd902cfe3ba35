"""NBK: notebooks that somebody else can read."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Edit, Finding
from mlops_nb.lint.rule import Severity, rule

_MANY_CELLS = 20  # code cells above which NBK003 expects a function

_LONG = "\n".join(f"total = {number} * 2" for number in range(61)) + "\nprint(total)"
_STEPS = [f"step = {number}\nprint(step)" for number in range(101)]


@rule(
    "NBK001",
    "long-cell",
    Severity.INFO,
    why="""A cell is what one runs, reads and reviews at once. A long one does several things, and
    none of them can be run, tested or measured alone.""",
    bad=Example(cells=[_LONG]),
    good=Example(cells=["total = sum(number * 2 for number in range(61))\nprint(total)"]),
    opt_in=True,
)
def long_cell(context: Context) -> Iterator[Finding]:
    """Flag a code cell of more than `max-cell-lines` lines (60)."""
    limit = context.settings.max_cell_lines
    for cell in context.notebook.code_cells:
        lines = sum(bool(line.strip()) for line in cell.source.split("\n"))
        if lines > limit:
            yield Finding(message=f"{lines} lines of code, more than {limit}", cell=cell.index)


@rule(
    "NBK002",
    "many-cells",
    Severity.INFO,
    why="""Nobody keeps the state of a hundred cells in mind. Several notebooks, each with its
    inputs and its result, can be scheduled, retried and owned one by one.""",
    bad=Example(cells=_STEPS),
    good=Example(cells=_STEPS[:5]),
    opt_in=True,
)
def many_cells(context: Context) -> Iterator[Finding]:
    """Flag a notebook of more than `max-cells` cells (100)."""
    count, limit = len(context.notebook.cells), context.settings.max_cells
    if count > limit:
        yield Finding(message=f"{count} cells, more than {limit}: split the notebook")


@rule(
    "NBK003",
    "no-function",
    Severity.INFO,
    why="""What is written as a function can be tested, used for the next data and moved into a
    package; what stands in twenty cells of globals can only be run again from the top.""",
    bad=Example(cells=_STEPS[:21]),
    good=Example(cells=["def double(number):\n    return number * 2", *_STEPS[:21]]),
    opt_in=True,
)
def no_function(context: Context) -> Iterator[Finding]:
    """Flag more than 20 code cells without one function or class."""
    count = len(context.notebook.code_cells)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if count > _MANY_CELLS and not any(list(context.nodes(kind)) for kind in kinds):
        yield Finding(message=f"{count} code cells and not one function")


@rule(
    "NBK004",
    "empty-cell",
    Severity.INFO,
    why="""An empty cell is where something was deleted, or is still to come. The reader cannot
    tell which.""",
    bad=Example(cells=["print(1 + 1)", ""]),
    good=Example(cells=["print(1 + 1)"]),
    fixable=True,
)
def empty_cell(context: Context) -> Iterator[Finding]:
    """Flag a code cell without any code."""
    for cell in context.notebook.code_cells:
        if not cell.source.strip():
            edit = Edit(pointer=cell.pointer, action="remove")
            yield Finding(message="the cell is empty", cell=cell.index, edits=(edit,))
