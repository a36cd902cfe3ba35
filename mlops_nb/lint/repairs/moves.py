"""Cells that move up to where they are needed."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_nb.dataflow import CellFacts
from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.finding import Edit
from mlops_nb.lint.names import NameProblem, name_problems
from mlops_nb.notebook import Cell


def move_before(cell: Cell, other: Cell) -> tuple[Edit, ...]:
    """Return the edit that moves a cell to directly before another one."""
    if cell.pointer[:-1] != other.pointer[:-1]:  # two worksheets of format 3
        return ()
    return (Edit(pointer=cell.pointer, value=other.pointer[-1], action="move"),)


def earlier(context: Context, problem: NameProblem) -> tuple[Edit, ...]:
    """Return the edit that moves the cell that binds a name to above its first use.

    Parameters
    ----------
    context : Context
        The notebook.
    problem : NameProblem
        The name, used before it is bound.

    Returns
    -------
    tuple of Edit
        None where the cell needs what the cells in between do, or they what it changes, or a name
        would be missing that is not missing now.
    """
    cells = context.code
    first = cells.index(problem.cell)
    at = next((n for n, code in enumerate(cells) if code.cell.index == problem.binding), first)
    above = {name for code in cells[:first] for name in (code.flow.defines if code.flow else ())}
    if at <= first or not _is_free(cells[at], cells[first:at], above):
        return ()
    reordered = [*cells[:first], cells[at], *cells[first:at], *cells[at + 1 :]]
    before, after = map(_missing, (context.name_problems, _problems(context, reordered)))
    return move_before(cells[at].cell, cells[first].cell) if after < before else ()


def _problems(context: Context, cells: list[CodeCell]) -> list[NameProblem]:
    other = Context(context.notebook, settings=context.settings)
    # The same in any order of the cells.
    other.code, other.words, other.calls = cells, context.words, context.calls
    return name_problems(other)


def _missing(problems: Sequence[NameProblem]) -> set[tuple[int, str]]:
    return {(problem.cell.cell.index, problem.name) for problem in problems}


def _is_free(cell: CodeCell, between: Sequence[CodeCell], above: set[str]) -> bool:
    """Tell whether a cell and those between it and its new place do not touch the same names.

    They may need what it binds, unless that name is bound `above` too, to another value.
    """
    own = _effects(cell)
    others = [_effects(other) for other in between]
    if own is None or None in others or cell.python.magics or own.stars or own.deletes:
        return False
    needs, makes = _needed(own), _made(own)
    given = own.defines - above
    return not any(
        (needs | makes) & _made(other) or makes & (_needed(other) - given)
        for other in filter(None, others)
    )


def _effects(code: CodeCell) -> CellFacts | None:
    return code.effects if code.python.kind == "python" else None


def _needed(flow: CellFacts) -> set[str]:
    return set(flow.uses).union(*flow.deferred.values())


def _made(flow: CellFacts) -> set[str]:
    return {*flow.defines, *flow.mutates, *flow.deletes, *flow.configures} - flow.imports
