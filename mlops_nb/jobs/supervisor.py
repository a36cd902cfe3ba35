"""Watches the process that executes a notebook: limits hold, and nothing is left behind."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from mlops_nb.jobs.attempt import AttemptStatus
from mlops_nb.jobs.child import SAVE_GRACE, Worker
from mlops_nb.jobs.limits import Limits, shown_size

SAMPLE_SECONDS = 0.1
INTERRUPT_GRACE = 5.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an attempt is.

    Parameters
    ----------
    job : str
        The job's name.
    cell, cells : int
        The cell that runs, from 1, and how many there are; 0 while the kernel starts.
    seconds : float
        Elapsed since the start.
    peak : int
        Most bytes of memory that the kernel and what it started have held at once.
    """

    job: str
    cell: int
    cells: int
    seconds: float
    peak: int = 0


OnProgress = Callable[[Progress], None]


@dataclass(slots=True)
class Stop:
    """Whether this process was asked to stop; a context that listens to the signals for it."""

    signals: list[int] = field(default_factory=list)
    marker: Path | None = None
    """A file whose presence asks for it as well: one attempt of a process that runs several."""
    _before: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Listen to SIGTERM, SIGINT and SIGHUP, where this thread may."""
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back to whom they belonged."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.signals.append(number)

    @property
    def requested(self) -> bool:
        """Whether any signal came, or the marker is there."""
        return bool(self.signals) or (self.marker is not None and self.marker.exists())

    @property
    def reason(self) -> str:
        """What asked for it."""
        if self.signals:
            return f"cancelled by {signal.Signals(self.signals[0]).name}"
        return "cancelled on request"

    def or_when(self, marker: Path) -> Stop:
        """Return one that a file asks as well, and every signal that asks this one."""
        return replace(self, marker=marker)

    @property
    def urgent(self) -> bool:
        """Whether it was asked for twice: no patience is left."""
        return len(self.signals) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an execution ended.

    Parameters
    ----------
    status : AttemptStatus
        By what was seen, whatever the process itself said.
    message : str
        Why, where it was not the notebook's own error.
    fault : mapping, optional
        The cell it ended in, as the worker reports it.
    peak : int
        Most bytes of memory that the kernel and what it started have held at once.
    """

    status: AttemptStatus
    message: str = ""
    fault: Mapping[str, Any] | None = None
    peak: int = 0


def watch(
    worker: Worker,
    request: Mapping[str, Any],
    *,
    job: str,
    limits: Limits,
    stop: Stop,
    on_progress: OnProgress | None = None,
) -> Ending:
    """Have a notebook executed and see it to its end.

    Parameters
    ----------
    worker : Worker
        The process that executes it.
    request : mapping
        What it is told.
    job : str
        The job's name, for the progress.
    limits : Limits
        What it may use.
    stop : Stop
        Whether to end early.
    on_progress : callable, optional
        Told the progress when it changes, and once a second.
    """
    worker.send(request)
    ending = _Watch(worker, job, limits, stop, on_progress).run()
    return replace(ending, peak=worker.tree.peak)


class _Watch:
    """One execution under watch."""

    def __init__(
        self,
        worker: Worker,
        job: str,
        limits: Limits,
        stop: Stop,
        on_progress: OnProgress | None,
    ) -> None:
        self.worker, self.job, self.limits = worker, job, limits
        self.stop, self.on_progress = stop, on_progress
        self.began = self.cell_began = time.monotonic()
        self.sampled = self.told = 0.0
        self.cell = self.cells = 0

    def run(self) -> Ending:
        while True:
            try:
                answer = self.worker.receive()
            except EOFError:
                return _worker_gone(self.worker)
            event = answer["event"] if answer else ""
            if answer and event == "end":
                return Ending(
                    status=AttemptStatus(answer["status"]),
                    message=answer.get("message", ""),
                    fault=answer["fault"],
                )
            if answer and event == "cell":
                self.cell, self.cells = answer["cell"] + 1, answer["cells"]
                self.cell_began = time.monotonic()
            ending = self._overrun(event)
            if ending is not None:
                return ending
            self._tell(news=bool(answer))

    def _overrun(self, event: str) -> Ending | None:
        """Return how it ends when it must end now, from outside."""
        now, limits = time.monotonic(), self.limits
        where = f" in cell {self.cell}/{self.cells}" if self.cells else ""
        if self.stop.requested:
            return self._end(AttemptStatus.CANCELLED, self.stop.reason)
        if now - self.began > limits.timeout:
            return self._end(
                AttemptStatus.TIMEOUT, f"the time limit of {limits.timeout:g} s was over{where}"
            )
        if limits.cell_timeout and self.cells and now - self.cell_began > limits.cell_timeout:
            limit = f"the time limit of a cell, {limits.cell_timeout:g} s, was over{where}"
            return self._end(AttemptStatus.TIMEOUT, limit)
        if event == "output" or self._log_too_long():
            limit = f"the output limit of {shown_size(limits.output)} was over{where}"
            return self._end(AttemptStatus.FAILED, limit)
        if now - self.sampled >= SAMPLE_SECONDS:
            self.sampled = now
            used = self.worker.tree.memory()
            if limits.memory and used > limits.memory:
                return self._out_of_memory(used, where)
        return None

    def _end(self, status: AttemptStatus, message: str) -> Ending:
        _wind_down(self.worker, self.stop)
        return Ending(status=status, message=message)

    def _out_of_memory(self, used: int, where: str) -> Ending:
        # No interrupt first: whoever grows this fast does not listen. The worker saves.
        self.worker.tree.kill()
        _wind_down(self.worker, self.stop, interrupt=False)
        return Ending(
            status=AttemptStatus.MEMORY,
            message=f"the memory limit of {shown_size(self.limits.memory)} was over{where}: "
            f"{shown_size(used)} were in use",
        )

    def _log_too_long(self) -> bool:
        return bool(self.limits.output) and self.worker.log.stat().st_size > self.limits.output

    def _tell(self, *, news: bool) -> None:
        elapsed = time.monotonic() - self.began
        if self.on_progress and (news or elapsed - self.told >= 1):
            self.told = elapsed
            self.on_progress(
                Progress(
                    job=self.job,
                    cell=self.cell,
                    cells=self.cells,
                    seconds=elapsed,
                    peak=self.worker.tree.peak,
                )
            )


def _worker_gone(worker: Worker) -> Ending:
    code = worker.exit_code()
    how = f"was killed by signal {-code}" if code and code < 0 else f"exited with code {code}"
    said = worker.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = f": {said[-1]}" if said else ""
    return Ending(
        status=AttemptStatus.KERNEL_DIED, message=f"the process executing the notebook {how}{last}"
    )


def _wind_down(worker: Worker, stop: Stop, *, interrupt: bool = True) -> None:
    """Interrupt the notebook, then have it saved, giving each step its time."""
    steps = ((signal.SIGINT, INTERRUPT_GRACE), (signal.SIGTERM, SAVE_GRACE))
    for number, grace in steps[0 if interrupt and not stop.urgent else 1 :]:
        worker.signal(number)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            try:
                answer = worker.receive()
            except EOFError:
                return
            if answer and answer["event"] == "end":
                return
            if stop.urgent and number is signal.SIGINT:
                break
