"""NBX: the executions that a file tells of."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Code, Example
from mlops_nb.lint.finding import Edit, Finding
from mlops_nb.lint.rule import Severity, rule


@rule(
    "NBX006",
    "executed-out-of-order",
    Severity.WARNING,
    why="""The outputs on the page were not made by the cells in the order shown: what a reader
    sees may not come out again.""",
    bad=Example(cells=[Code("rows = [1, 2, 3]", count=7), Code("print(sum(rows))", count=4)]),
    good=Example(cells=[Code("rows = [1, 2, 3]", count=1), Code("print(sum(rows))", count=2)]),
    fixable=True,
)
def executed_out_of_order(context: Context) -> Iterator[Finding]:
    """Flag execution counts that do not rise from cell to cell."""
    last = 0
    for cell in context.notebook.code_cells:
        if cell.execution_count is None:
            continue
        if cell.execution_count <= last:
            yield Finding(
                message=f"executed as [{cell.execution_count}], after [{last}] above it: "
                "restart the kernel and run all cells",
                cell=cell.index,
                pointer=(*cell.pointer, _count_key(context)),
                edits=tuple(_cleared_counts(context)),
            )
            return
        last = cell.execution_count


@rule(
    "NBX007",
    "executions-missing",
    Severity.INFO,
    why="""Between the numbers lie executions that the file does not show: cells that were deleted,
    or run twice. The outputs may depend on them.""",
    bad=Example(cells=[Code("rows = [1, 2, 3]", count=3), Code("print(sum(rows))", count=8)]),
    good=Example(cells=[Code("rows = [1, 2, 3]", count=1), Code("print(sum(rows))", count=2)]),
    fixable=True,
)
def executions_missing(context: Context) -> Iterator[Finding]:
    """Flag execution counts that rise from cell to cell, but not from 1 by one."""
    counted = [c for c in context.notebook.code_cells if c.execution_count is not None]
    counts = [cell.execution_count or 0 for cell in counted]
    if counts != sorted(set(counts)) or _unexecuted(context):
        return  # NBX006, NBX008
    for expected, cell in enumerate(counted, 1):
        if cell.execution_count != expected:
            yield Finding(
                message=f"executed as [{cell.execution_count}], the {_ordinal(expected)} cell that "
                "was: restart the kernel and run all cells",
                cell=cell.index,
                pointer=(*cell.pointer, _count_key(context)),
                edits=tuple(_cleared_counts(context)),
            )
            return


@rule(
    "NBX008",
    "partly-executed",
    Severity.WARNING,
    why="""Some cells were run and others not: the file shows results that it would not show after
    a run from top to bottom, and cells of which nobody knows whether they run at all.""",
    bad=Example(cells=[Code("rows = [1, 2, 3]", count=1), Code("print(sum(rows))")]),
    good=Example(cells=[Code("rows = [1, 2, 3]", count=1), Code("print(sum(rows))", count=2)]),
)
def partly_executed(context: Context) -> Iterator[Finding]:
    """Flag a notebook of which some code cells were executed and others were not."""
    missing = _unexecuted(context)
    if missing and any(c.execution_count is not None for c in context.notebook.code_cells):
        verb = "cell was" if len(missing) == 1 else "cells were"
        message = f"{len(missing)} code {verb} not executed, others were"
        yield Finding(message=message, cell=missing[0].cell.index)


def _count_key(context: Context) -> str:
    return "prompt_number" if "worksheets" in context.notebook.raw else "execution_count"


def _cleared_counts(context: Context) -> Iterator[Edit]:
    key = _count_key(context)
    for cell in context.notebook.code_cells:
        if cell.execution_count is not None:
            yield Edit(pointer=(*cell.pointer, key), value=None)
        for number, output in enumerate(cell.outputs):
            if output.get(key) is not None:
                yield Edit(pointer=(*cell.pointer, "outputs", number, key), value=None)


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0)
    return f"{number}{ending or 'th'}"


def _unexecuted(context: Context) -> list[CodeCell]:
    """Return the cells that hold more than comments and were not executed."""
    return [
        code
        for code in context.code
        if code.cell.execution_count is None
        and (code.python.magics or code.tree is None or code.tree.body)
    ]
