"""The cells that a result depends on."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from mlops_nb.dataflow.facts import CellFacts


def slice_cells(cells: Sequence[CellFacts], target: int) -> list[int]:
    """Return the cells that the target's result depends on, in order, the target last.

    Goes backwards from the target: a cell belongs to the slice when it binds a needed name,
    changes a needed object in place, deletes a needed name, configures a needed module, seeds a
    random generator, or imports with a star.

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
    bodies = _bodies(cells[: target + 1])
    late: set[str] = set()
    while True:
        chosen = _backwards(cells, target, bodies, late)
        found = _read_late([cells[position] for position in chosen], bodies)
        if found <= late:
            return chosen
        late |= found


def _backwards(
    cells: Sequence[CellFacts], target: int, bodies: Mapping[str, set[str]], late: set[str]
) -> list[int]:
    modules = {name for cell in cells[:target] for name in cell.imports}
    needed = _closure(_reads(cells[target]) | late, bodies)
    chosen = [target]
    for position in range(target - 1, -1, -1):
        cell = cells[position]
        touches = cell.defines | cell.deletes | (cell.configures & modules)
        touches |= cell.mutates - modules
        if not (touches & needed or cell.seeds or cell.stars):
            continue
        chosen.append(position)
        needed -= cell.binds - cell.uses
        needed |= _closure(_reads(cell), bodies)
    return sorted(chosen)


def _read_late(cells: Sequence[CellFacts], bodies: Mapping[str, set[str]]) -> set[str]:
    """Return what is read at a time that no name tells: by methods, and by functions handed on.

    Calling a function by its name reads its globals there and then. An instance's method, or a
    function kept in a list, may be called in any later cell under another name.
    """
    owners: set[str] = set()
    for cell in cells:
        binds = [event for event in cell.events if event.kind == "bind"]
        owners |= {event.name for event in binds if isinstance(event.node, ast.ClassDef)}
        read = Counter(event.name for event in cell.events if event.kind == "read")
        called = Counter(event.name for event in cell.events if event.kind == "call")
        owners |= {name for name in read if name in bodies and read[name] > called[name]}
    return _closure({name for owner in owners for name in bodies.get(owner, ())}, bodies)


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


def _closure(names: Iterable[str], bodies: Mapping[str, set[str]]) -> set[str]:
    """Add what the named functions read when they are called, and so on."""
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= bodies.get(name, set()) - found
    return found
