"""Watches the process that executes a notebook: limits hold, and nothing is left behind."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from mlops_nb.jobs.attempt import AttemptStatus
from mlops_nb.jobs.processes import end_all

POLL_SECONDS = 0.2
INTERRUPT_GRACE = 5.0
SAVE_GRACE = 3.0
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
    """

    job: str
    cell: int
    cells: int
    seconds: float


OnProgress = Callable[[Progress], None]


@dataclass(slots=True)
class Stop:
    """Whether this process was asked to stop; a context that listens to the signals for it."""

    signals: list[int] = field(default_factory=list)
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
        """Whether any signal came."""
        return bool(self.signals)

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
    """

    status: AttemptStatus
    message: str = ""
    fault: Mapping[str, Any] | None = None


class Worker:
    """The child process: in a session of its own, so that no signal reaches it but ours."""

    def __init__(self, attempt: str, *, cwd: Path, environment: Mapping[str, str], log: Path):
        self.attempt, self.log = attempt, log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                # -P: a json.py beside the notebook must not be imported in place of the real one.
                [sys.executable, "-P", "-m", "mlops_nb.jobs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                cwd=cwd,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        self._answers = b""
        self._selector = selectors.DefaultSelector()
        if self._process.stdout:
            self._selector.register(self._process.stdout, selectors.EVENT_READ)

    def send(self, request: Mapping[str, Any]) -> bool:
        """Hand over one request; False when the process is gone."""
        if self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return False
        return True

    def receive(self, seconds: float = POLL_SECONDS) -> dict[str, Any] | None:
        """Return the next answer, None when none came in time.

        Raises
        ------
        EOFError
            The process has ended.
        """
        if b"\n" not in self._answers:
            if not self._selector.select(seconds) or self._process.stdout is None:
                return None
            read = os.read(self._process.stdout.fileno(), 65536)
            if not read:
                raise EOFError
            self._answers += read
        line, separator, rest = self._answers.partition(b"\n")
        if not separator:
            return None
        self._answers = rest
        answer: dict[str, Any] = json.loads(line)
        return answer

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    def exit_code(self) -> int | None:
        """Return how the process ended, after it closed its stdout."""
        try:
            return self._process.wait(SAVE_GRACE)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """End the process and everything of its attempt."""
        self._selector.close()
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue  # what it had not read is of no use any more
        end_all(self.attempt)


def watch(
    worker: Worker,
    request: Mapping[str, Any],
    *,
    job: str,
    timeout: float,
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
    timeout : float
        Wall-clock limit in seconds.
    stop : Stop
        Whether to end early.
    on_progress : callable, optional
        Told the progress when it changes, and once a second.
    """
    began = time.monotonic()
    worker.send(request)
    cell = cells = 0
    told = 0.0
    while True:
        try:
            answer = worker.receive()
        except EOFError:
            return _worker_gone(worker)
        if answer and answer["event"] == "end":
            return Ending(
                status=AttemptStatus(answer["status"]),
                message=answer.get("message", ""),
                fault=answer["fault"],
            )
        elapsed = time.monotonic() - began
        if stop.requested:
            name = signal.Signals(stop.signals[0]).name
            _wind_down(worker, stop)
            return Ending(status=AttemptStatus.CANCELLED, message=f"cancelled by {name}")
        if elapsed > timeout:
            _wind_down(worker, stop)
            return Ending(
                status=AttemptStatus.TIMEOUT, message=f"the time limit of {timeout:g} s was over"
            )
        if answer:
            cell, cells = answer["cell"] + 1, answer["cells"]
        if on_progress and (answer or elapsed - told >= 1):
            told = elapsed
            on_progress(Progress(job=job, cell=cell, cells=cells, seconds=elapsed))


def _worker_gone(worker: Worker) -> Ending:
    code = worker.exit_code()
    how = f"was killed by signal {-code}" if code and code < 0 else f"exited with code {code}"
    said = worker.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = f": {said[-1]}" if said else ""
    return Ending(
        status=AttemptStatus.KERNEL_DIED, message=f"the process executing the notebook {how}{last}"
    )


def _wind_down(worker: Worker, stop: Stop) -> None:
    """Interrupt the notebook, then have it saved, giving each step its time."""
    steps = ((signal.SIGINT, INTERRUPT_GRACE), (signal.SIGTERM, SAVE_GRACE))
    for number, grace in steps[1 if stop.urgent else 0 :]:
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
