"""What only the running kernel can tell of its notebook: what was executed, what is in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Every kernel that loads the extension remembers its cells; few of them ask the linter.
    from mlops_nb.lint.finding import Diagnostic, Finding
    from mlops_nb.lint.rule import Rule
    from mlops_nb.notebook import Cell, Notebook

_STALE, _UNDEFINED = "NBO005", "NBX001"
_ALIKE = 0.5  # least likeness of an edited cell to what was executed under its number
_executed: dict[str, str] = {}  # cell id → source of its last execution


def remember(info: Any) -> None:
    """Keep what a cell was executed as; IPython calls this before each cell."""
    name = getattr(info, "cell_id", None)
    if name and not getattr(info, "silent", False):
        _executed[name] = info.raw_cell


def with_kernel(
    notebook: Notebook, found: Sequence[Diagnostic], chosen: Sequence[Rule], shell: Any
) -> list[Diagnostic]:
    """Return the findings of a notebook together with what its kernel knows.

    Parameters
    ----------
    notebook : Notebook
        As it is saved.
    found : sequence of Diagnostic
        What the file alone tells.
    chosen : sequence of Rule
        The rules that run.
    shell : InteractiveShell
        The kernel's shell.
    """
    from mlops_nb.lint.engine import placed

    known = [_explained(d, notebook, shell.user_ns) for d in found]
    stale = next((rule for rule in chosen if rule.code == _STALE), None)
    if stale is None:
        return known
    own = placed(notebook, [(stale, finding) for finding in _stale(notebook, _history(shell))])
    told = {d.cell for d in own}
    rest = [d for d in known if not (d.code == _STALE and d.cell in told)]
    return sorted([*rest, *own], key=lambda d: (d.cell is not None, d.cell or 0, d.line, d.column))


def _explained(diagnostic: Diagnostic, notebook: Notebook, memory: Mapping[str, Any]) -> Diagnostic:
    """Say of a name that no cell binds that this kernel still has it."""
    if diagnostic.code != _UNDEFINED or diagnostic.cell is None or diagnostic.cell_line is None:
        return diagnostic
    line = notebook.cells[diagnostic.cell].lines[diagnostic.cell_line - 1]
    name = re.match(r"\w+", line[(diagnostic.cell_column or 1) - 1 :])
    if not name or name[0] not in memory:
        return diagnostic
    kind = type(memory[name[0]]).__name__
    more = f"; it lives only in this kernel's memory (a {kind}) and is gone after a restart"
    return replace(diagnostic, message=diagnostic.message + more)


def _stale(notebook: Notebook, history: Sequence[str]) -> Iterator[Finding]:
    from mlops_nb.lint.finding import Finding

    for cell in notebook.code_cells:
        if cell.outputs and cell.source.strip() and _changed(cell, history):
            yield Finding(
                message="the source has changed since this kernel executed it: run the cell again",
                cell=cell.index,
            )


def _changed(cell: Cell, history: Sequence[str]) -> bool:
    """Tell whether the outputs come from another source than the cell now has.

    Notebook editors name the cell that they execute. Where they do not, its execution count leads
    to what was executed; the count may be from an earlier kernel, so that a text which has nothing
    in common with the cell says nothing.
    """
    executed = _executed.get(cell.id or "")
    if executed is not None:
        return executed.strip() != cell.source.strip()
    count = cell.execution_count
    if count is None or not 0 < count < len(history):
        return False
    if any(text.strip() == cell.source.strip() for text in history):
        return False
    return SequenceMatcher(None, history[count], cell.source).ratio() >= _ALIKE


def _history(shell: Any) -> list[str]:
    manager = getattr(shell, "history_manager", None)
    return list(manager.input_hist_raw) if manager is not None else []
