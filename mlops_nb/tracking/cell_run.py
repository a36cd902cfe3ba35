"""The run of the cell that is being executed: opened, filled from what the cell made, closed."""

from __future__ import annotations

import ast
import sys
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from mlops_nb.errors import MlopsError
from mlops_nb.tracking import context
from mlops_nb.tracking.auto import Before, collect_auto
from mlops_nb.tracking.celltext import read_cell
from mlops_nb.tracking.collect import Displays, collect
from mlops_nb.tracking.evidence import source_name
from mlops_nb.tracking.executed import current_cell
from mlops_nb.tracking.failed import line_of
from mlops_nb.tracking.options import RunOptions, parse_options
from mlops_nb.tracking.previous import link

_open: list[CellRun] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The cell that is being executed.

    Parameters
    ----------
    source : str, optional
        As the user wrote it; None when IPython has not told us.
    cell_id : str
        The notebook's id of it; empty when the front end does not say.
    body : list of ast.stmt
        Its statements.
    """

    source: str | None
    cell_id: str
    body: list[ast.stmt]


class CellRun:
    """The run of one execution of a cell.

    Parameters
    ----------
    shell : InteractiveShell
        The kernel's shell.
    options : RunOptions
        What to log of it.
    cell : Cell
        The cell.
    """

    def __init__(self, shell: Any, options: RunOptions, cell: Cell) -> None:
        self.shell = shell
        self.options = options
        self._source = cell.source
        self._opened = context.start(
            options.name, tags=options.tags, nested=options.nested, source=cell.source or ""
        )
        self.run = self._opened.run
        self._cell = cell
        self._displays = Displays(shell)
        self._before = Before(shell.user_ns)
        self._seconds: dict[str, float] = {}
        self._training: tuple[tuple[str, ...], float] = ((), 0.0)

    def mark(self, names: tuple[str, ...] = ()) -> None:
        """Note that the training of these begins, and that of those before ends."""
        before, started = self._training
        now = perf_counter()
        for name in before:
            self._seconds[name] = self._seconds.get(name, 0.0) + now - started
        self._training = (names, now)

    def complete(self, value: Any) -> None:
        """Log what the cell made, and end the run."""
        self.mark()
        error: BaseException | None = None
        namespace = self.shell.user_ns
        try:
            self._find(self._cell.body, value)
            collect(self.run, self.options, namespace, self._displays.figures(value))
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.close(error)

    def _find(self, body: list[ast.stmt], value: Any = None) -> None:
        """Log what statements made that nobody named."""
        if not self.options.auto:
            return
        collect_auto(
            self.run,
            read_cell(body),
            self._before,
            self.shell.user_ns,
            # Of a model that is kept, the settings are logged as of any other.
            named=(*self.options.params, *self.options.metrics, *self.options.data),
            seconds=self._seconds,
            result=value,
        )

    def fail(self, error: BaseException) -> None:
        """Log what the cell made before it raised, and end the run."""
        failed = line_of(error, self.shell)
        ran = [s for s in self._cell.body if (s.end_lineno or s.lineno) < failed]
        if isinstance(error, Exception):  # who interrupts a cell is not made to wait
            assigned, done = read_cell(self._cell.body).assigned, read_cell(ran).assigned
            self.options = self.options.without(assigned - done)
            with suppress(MlopsError):  # the cell's own error is the news
                self._find(ran)
                collect(self.run, self.options, self.shell.user_ns, self._displays.figures(None))
        self.close(error)

    def close(self, error: BaseException | None) -> None:
        """End the run without looking at what the cell made."""
        self._displays.stop()
        code = self._source if self._source is not None else current_cell(self.shell)
        if self.run.status == "RUNNING":
            which = self._cell.cell_id or self.options.name or ""
            link(self.run, f"{source_name(self.run.project)}#{which}", code)
        context.finish(self._opened, error, cell=code)

    def after_cell(self, result: Any) -> None:
        """End the run if the cell did not get so far, and say where it is to be found."""
        if self._is_inner(result):
            return
        self.shell.events.unregister("post_run_cell", self.after_cell)
        if self in _open:
            _open.remove(self)
            raised = result and (result.error_in_exec or result.error_before_exec)
            self.fail(raised or KeyboardInterrupt())
        place = f"%mlops run show {self.run.uid[:8]}"
        sys.stdout.write(f"run {self.run.name} · {self.run.status.lower()} · {place}\n")

    def _is_inner(self, result: Any) -> bool:
        """Whether a cell ended that ours runs inside itself, as ``%run other.ipynb`` does."""
        if result is None or self._source is None or self not in _open:
            return False
        return bool(result.info.raw_cell != self._source)


def begin(shell: Any, line: str, cell: Cell) -> None:
    """Open a run; IPython's event after the cell closes it if nothing else does."""
    cell_run = CellRun(shell, parse_options(line), cell)
    _open.append(cell_run)
    shell.events.register("post_run_cell", cell_run.after_cell)


def mark(names: tuple[str, ...]) -> None:
    """Time a statement of the innermost run that trains something."""
    if _open:
        _open[-1].mark(names)


def finish(value: Any) -> Any:
    """Close the innermost run and return the cell's last value."""
    _open.pop().complete(value)
    return value
