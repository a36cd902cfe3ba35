"""The processes of an attempt, found by the attempt's id in their environment.

A process that was started by the notebook and detached itself is no descendant any more, but it
still carries the environment it was born with.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Collection

import psutil

from mlops_nb.config import ENVIRONMENT_PREFIX

_WAIT_SECONDS = 3.0
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs, where the system can do that (Linux).

    A process that detaches itself stays below this one, whatever it does to its environment.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Tree:
    """The descendants of a process, remembered from look to look.

    Parameters
    ----------
    pid : int
        The process above them; not counted itself.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seen: dict[tuple[int, float], psutil.Process] = {}
        self.peak = 0

    def memory(self) -> int:
        """Return the bytes of memory that are resident now, of all of them together."""
        total = 0
        for process in self._living():
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
        self.peak = max(self.peak, total)
        return total

    def _living(self) -> list[psutil.Process]:
        try:
            found = psutil.Process(self._pid).children(recursive=True)
        except psutil.Error:
            found = []
        for process in found:
            # No environment, no id of the attempt: then only this memory knows it.
            self._seen.setdefault((process.pid, process._create_time or 0.0), process)
        self._seen = {key: one for key, one in self._seen.items() if _lives(one)}
        return list(self._seen.values())

    def kill(self) -> None:
        """Kill all of them, those they start meanwhile included."""
        while left := self._living():
            if not _kill(left):
                return


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _kill(processes: list[psutil.Process]) -> bool:
    """Kill processes; False when one is in a system call that no kill interrupts."""
    for process in processes:
        try:
            process.kill()
        except psutil.Error:
            continue
    _, alive = psutil.wait_procs(processes, timeout=_WAIT_SECONDS)
    return not any(map(_lives, alive))


def members(attempt: str, *, spare: Collection[int] = ()) -> list[psutil.Process]:
    """Return the living processes of an attempt.

    Parameters
    ----------
    attempt : str
        The attempt's id.
    spare : collection of int
        Process ids to leave out.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.pid not in spare
                and process.environ().get(f"{ENVIRONMENT_PREFIX}ATTEMPT") == attempt
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        except (psutil.Error, OSError):
            continue  # it ended meanwhile, or is not ours to look at
    return found


def end_all(attempt: str, *, spare: Collection[int] = ()) -> None:
    """Kill every process of an attempt, those it starts meanwhile included."""
    while left := members(attempt, spare=spare):
        if not _kill(left):
            return


def wait_for_end(attempt: str, seconds: float = 5.0) -> None:
    """Let the processes of an attempt that lost its supervisor save their work, then kill them."""
    until = time.monotonic() + seconds
    while members(attempt) and time.monotonic() < until:
        time.sleep(0.05)
    end_all(attempt)
