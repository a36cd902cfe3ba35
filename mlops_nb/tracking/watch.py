"""What a kernel executes, kept cell by cell from the moment that the extension is loaded.

Loading the extension imports this module: what it needs only once a cell has run is imported then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_nb.dataflow import CellFacts
    from mlops_nb.tracking.observe import Snapshot
    from mlops_nb.tracking.outside import Outside


@dataclass(kw_only=True)
class Execution:
    """One execution of one cell.

    Parameters
    ----------
    count : int
        Its execution count.
    source : str
        The cell as it stood then.
    cell_id : str, optional
        The notebook's id of the cell.
    seen : CellFacts, optional
        What it was seen to do to names; None when nobody watched it.
    failed_line : int, optional
        Line, from 1, of the statement that raised; 0 when the line is not known.
    outside : Outside, optional
        What it touched outside of the notebook; None when nobody watched it.
    """

    count: int
    source: str
    cell_id: str | None = None
    seen: CellFacts | None = None
    failed_line: int | None = None
    outside: Outside | None = None

    @property
    def facts(self) -> CellFacts | None:
        """What it did to names, by its text when nobody watched; None when it is no Python."""
        from mlops_nb.tracking.cellcode import cell_facts

        return self.seen or cell_facts(self.source)


class Watch:
    """Keeps the executions of a shell from now on, and what its history has of those before.

    Parameters
    ----------
    shell : InteractiveShell
        The kernel's shell.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.executions = [
            Execution(count=count, source=source) for count, source in history(shell)
        ]
        self.current: Execution | None = None
        self.before: Snapshot | None = None
        self._depth = 0

    def begin(self, info: Any) -> None:
        """Note the cell that begins; one that runs inside another belongs to it."""
        from mlops_nb.tracking.outside import Outside, listen

        self._depth += 1
        if self._depth > 1:
            return
        self.current = Execution(
            # IPython's own counter is ahead by one in some of its versions.
            count=len(self.shell.history_manager.input_hist_raw),
            source=info.raw_cell,
            cell_id=info.cell_id,
            outside=Outside(),
        )
        if self.before is not None:
            from mlops_nb.tracking.observe import process_state

            # What others change between two cells is no cell's doing.
            self.before = replace(self.before, process=process_state())
        listen(self.current.outside)

    def end(self, result: Any) -> None:
        """Note what the cell did."""
        from mlops_nb.tracking.observe import snapshot
        from mlops_nb.tracking.outside import listen

        self._depth = max(0, self._depth - 1)
        if self._depth:
            return
        listen(None)
        execution, self.current = self.current, None
        before, self.before = (
            self.before,
            snapshot(self.shell.user_ns, self.shell.user_ns_hidden),
        )
        if result is not None and result.error_before_exec is not None:
            return  # a syntax error: nothing of it ran
        if execution is not None and execution.source.strip():
            self._note(execution, result, before, self.before)

    def _note(
        self, execution: Execution, result: Any, before: Snapshot | None, after: Snapshot
    ) -> None:
        from mlops_nb.tracking.failed import line_of
        from mlops_nb.tracking.observe import observed

        error = result.error_in_exec if result is not None else None
        if error is not None:
            execution.failed_line = line_of(error, self.shell)
        facts = execution.facts
        if facts is not None and before is not None:
            execution.seen = observed(facts, before, after, failed=error is not None)
        self.executions.append(execution)

    def so_far(self) -> list[Execution]:
        """Return every execution, the one that goes on last."""
        return [*self.executions, *([self.current] if self.current is not None else [])]


def history(shell: Any) -> list[tuple[int, str]]:
    """Return execution count and source of every executed cell that IPython remembers."""
    manager = getattr(shell, "history_manager", None)
    raws = manager.input_hist_raw if manager is not None else []
    return [(count, raw) for count, raw in enumerate(raws) if raw.strip()]


_watch: Watch | None = None


def watch_of(shell: Any) -> Watch:
    """Return what is kept of a shell; of one that nobody watches, its history."""
    return _watch if _watch is not None and _watch.shell is shell else Watch(shell)


def watch(shell: Any) -> None:
    """Keep what a shell executes; called again, nothing changes."""
    global _watch
    if _watch is None or _watch.shell is not shell:
        _watch = Watch(shell)
        shell.events.register("pre_run_cell", _watch.begin)
        shell.events.register("post_run_cell", _watch.end)


def unwatch(shell: Any) -> None:
    """Keep no longer what a shell executes."""
    global _watch
    if _watch is not None and _watch.shell is shell:
        from mlops_nb.tracking.outside import listen

        listen(None)
        for event, callback in (("pre_run_cell", _watch.begin), ("post_run_cell", _watch.end)):
            if callback in shell.events.callbacks[event]:
                shell.events.unregister(event, callback)
        _watch = None
