"""What this kernel has executed, and the part of it that a result depends on."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from mlops_nb.dataflow import CellFacts, slice_cells
from mlops_nb.notebook import to_python
from mlops_nb.tracking import outside
from mlops_nb.tracking.cellcode import EVERYTHING
from mlops_nb.tracking.failed import part_that_ran
from mlops_nb.tracking.observe import PROCESS, RANDOM, Snapshot, drawn
from mlops_nb.tracking.slicefile import SliceCell, write_slice
from mlops_nb.tracking.watch import Execution, Watch, history, watch_of

_FILE = "file:"


def interactive_shell() -> Any | None:
    """Return IPython's shell when the code runs in one; IPython is not imported to find out."""
    module: Any = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def current_cell(shell: Any) -> str:
    """Return the source of the cell that is being executed, as the user wrote it."""
    cells = history(shell)
    return cells[-1][1] if cells else ""


def slice_notebook(shell: Any, root: Path, call: str = "") -> str:
    """Return a notebook of the executed cells that the last one depends on, in order.

    What was executed counts, not what the file on disk holds: a cell run twice stands twice when
    both runs matter, one that was edited or deleted stands as it was.

    Parameters
    ----------
    shell : InteractiveShell
        The kernel's shell.
    root : Path
        The project's root, from which paths are told.
    call : str
        What was executed by no cell, but by a button: it stands as the last cell.
    """
    global _kept
    seen = watch_of(shell)
    executions = [e for e in seen.so_far() if e.facts is not None]
    if call:
        executions.append(Execution(count=0, source=call))
    if not executions:
        return write_slice([], {})
    last, moved = executions[-1], _drawn(seen)
    touched = (len(last.outside.reads), len(last.outside.writes)) if last.outside else ()
    # A loop that opens a run at each turn cuts the same slice every time.
    key = (len(executions), moved, touched, root, call)
    if seen.before is None or _kept[0] is not seen.before or _kept[1] != key:
        _kept = (seen.before, key, _cut(executions, moved, shell, root))
    return _kept[2]


# The snapshot before the cell, what was touched since, and the slice.
_kept: tuple[Snapshot | None, tuple[Any, ...], str] = (None, (), "")


def _drawn(seen: Watch) -> frozenset[str]:
    """Return the generators that the cell which goes on has drawn from, unless it seeds them."""
    facts = seen.current.facts if seen.current is not None else None
    if seen.before is None or facts is None or facts.seeds:
        return frozenset()
    return drawn(seen.before, facts)


def _cut(executions: Sequence[Execution], moved: frozenset[str], shell: Any, root: Path) -> str:
    every = _linked(executions)
    every[-1] = replace(every[-1], uses=every[-1].uses | {PROCESS} | moved)
    positions = slice_cells(every, len(every) - 1)
    chosen = [executions[position] for position in positions]
    facts = [every[position] for position in positions]
    cells = [
        SliceCell(
            e.source if e is executions[-1] else part_that_ran(e.source, e.failed_line),
            e.count,
            e.cell_id,
        )
        for e in chosen
    ]
    return write_slice(cells, _surroundings(chosen, facts, shell, root))


def _linked(executions: Sequence[Execution]) -> list[CellFacts]:
    """Return the facts of executions, linked by the files that one writes and another reads."""
    found: list[CellFacts] = []
    known: set[str] = set()
    for execution in executions:
        facts = execution.facts
        if facts is None:
            continue
        record = execution.outside or outside.Outside()
        outside.note_texts(record, _texts(execution.source), str(Path.cwd()))
        if EVERYTHING in facts.uses:
            facts = replace(facts, uses=facts.uses | known)
        written = {_FILE + path for path in record.writes}
        read = {_FILE + path for path in record.reads if path not in record.writes}
        found.append(replace(facts, uses=facts.uses | read, mutates=facts.mutates | written))
        known |= facts.defines | facts.mutates
    return found


def _surroundings(
    chosen: list[Execution], facts: list[CellFacts], shell: Any, root: Path
) -> dict[str, Any]:
    """Return what the slice needs besides its cells."""
    made: set[str] = set()
    inputs: dict[str, tuple[int, int]] = {}
    records = [execution.outside for execution in chosen if execution.outside is not None]
    for record in records:
        for path, status in record.reads.items():
            if path not in made:
                inputs.setdefault(path, status)
        made |= record.writes
    files = [outside.describe_file(path, status, root) for path, status in sorted(inputs.items())]
    modules = [outside.describe_file(p, None, root) for p in outside.project_modules(root)]
    folder = Path(getattr(shell, "starting_dir", "") or Path.cwd())
    inside = folder.is_relative_to(root)
    return {
        "schema": 1,
        "folder": folder.relative_to(root).as_posix() if inside else str(folder),
        "files": files,
        "modules": modules,
        "unseeded": _unseeded(facts),
        "hosts": sorted(set().union(*(record.hosts for record in records))),
        "commands": sorted(set().union(*(record.commands for record in records))),
    }


def _unseeded(facts: Iterable[CellFacts]) -> list[str]:
    """Return the libraries whose global generator was used before anybody seeded it."""
    seeded: set[str] = set()
    found: list[str] = []
    for cell in facts:
        if cell.seeds:  # of a library whose state cannot be seen, or again to the same state
            return found
        for library, name in RANDOM.items():
            if name in cell.uses and name not in seeded and library not in found:
                found.append(library)
        seeded |= cell.binds & set(RANDOM.values())
    return found


@lru_cache(maxsize=2048)
def _texts(source: str) -> list[str]:
    try:
        tree = ast.parse(to_python(source).text)
    except (SyntaxError, ValueError):
        return []
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [node.value for node in nodes if isinstance(node.value, str)]
