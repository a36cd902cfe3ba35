"""The run of the cell that is being executed: opened, filled from what the cell made, closed."""

from __future__ import annotations

import sys
from typing import Any

from mlops_nb.tracking import context
from mlops_nb.tracking.collect import Displays, collect
from mlops_nb.tracking.executed import current_cell
from mlops_nb.tracking.options import RunOptions, parse_options

_open: list[CellRun] = []


class CellRun:
    """The run of one execution of a cell.

    Parameters
    ----------
    shell : InteractiveShell
        The kernel's shell.
    options : RunOptions
        What to log of it.
    source : str, optional
        The cell as the user wrote it; None when IPython has not told us.
    """

    def __init__(self, shell: Any, options: RunOptions, source: str | None) -> None:
        self.shell = shell
        self.options = options
        self.run, self._surroundings = context.start(
            options.name, tags=options.tags, nested=options.nested
        )
        self._source = source
        self._displays = Displays(shell)

    def complete(self, value: Any) -> None:
        """Log what the cell made, and end the run."""
        error: BaseException | None = None
        try:
            collect(self.run, self.options, self.shell.user_ns, self._displays.figures(value))
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.close(error)

    def close(self, error: BaseException | None) -> None:
        """End the run without looking at what the cell made."""
        self._displays.stop()
        cell = self._source if self._source is not None else current_cell(self.shell)
        context.finish(self.run, self._surroundings, error, cell=cell)

    def after_cell(self, result: Any) -> None:
        """End the run if the cell did not get so far, and say where it is to be found."""
        if self._is_inner(result):
            return
        self.shell.events.unregister("post_run_cell", self.after_cell)
        if self in _open:
            _open.remove(self)
            raised = result and (result.error_in_exec or result.error_before_exec)
            self.close(raised or KeyboardInterrupt())
        place = f"%mlops run show {self.run.uid[:8]}"
        sys.stdout.write(f"run {self.run.name} · {self.run.status.lower()} · {place}\n")

    def _is_inner(self, result: Any) -> bool:
        """Whether a cell ended that ours runs inside itself, as ``%run other.ipynb`` does."""
        if result is None or self._source is None or self not in _open:
            return False
        return bool(result.info.raw_cell != self._source)


def begin(shell: Any, line: str, source: str | None) -> None:
    """Open a run; IPython's event after the cell closes it if nothing else does."""
    cell_run = CellRun(shell, parse_options(line), source)
    _open.append(cell_run)
    shell.events.register("post_run_cell", cell_run.after_cell)


def finish(value: Any) -> Any:
    """Close the innermost run and return the cell's last value."""
    _open.pop().complete(value)
    return value
