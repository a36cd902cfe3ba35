"""The cells that a result depends on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlops_nb.dataflow.facts import CellFacts


def slice_cells(cells: Sequence[CellFacts], target: int) -> list[int]:
    """Return the cells that the target's result depends on, in order, the target last.

    Goes backwards from the target: a cell belongs to the slice when it binds a needed name,
    changes a needed object in place, deletes a needed name, seeds a random generator, or imports
    with a star.

    Parameters
    ----------
    cells : sequence of CellFacts
        The cells in the order in which they ran.
    target : int
        Position in `cells` of the cell whose result is asked for.

    Returns
    -------
    list of int
        Positions in `cells`.

    Raises
    ------
    IndexError
        There is no such position.
    """
    before = cells[:target]
    bodies = _bodies(cells[: target + 1])
    modules = {name for cell in before for name in cell.imports}
    needed = _closure(_reads(cells[target]), bodies)
    chosen = [target]
    for position in range(len(before) - 1, -1, -1):
        cell = cells[position]
        touches = cell.defines | cell.deletes | (cell.mutates - modules)
        if not (touches & needed or cell.seeds or cell.stars):
            continue
        chosen.append(position)
        needed -= cell.binds - cell.uses
        needed |= _closure(_reads(cell), bodies)
    return sorted(chosen)


def _bodies(cells: Sequence[CellFacts]) -> dict[str, set[str]]:
    """Return what each function or class reads when it is called."""
    bodies: dict[str, set[str]] = {}
    for cell in cells:
        for name, reads in cell.deferred.items():
            if name:
                bodies.setdefault(name, set()).update(reads)
    return bodies


def _reads(cell: CellFacts) -> set[str]:
    """Return what a cell reads from before it, the bodies of its own functions included."""
    inside = {name for reads in cell.deferred.values() for name in reads}
    return set(cell.uses) | (inside - cell.binds)


def _closure(names: Iterable[str], bodies: dict[str, set[str]]) -> set[str]:
    """Add what the named functions read when they are called, and so on."""
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= bodies.get(name, set()) - found
    return found
