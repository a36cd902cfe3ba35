"""The processes of an attempt, found by the attempt's id in their environment.

A process that was started by the notebook and detached itself is no descendant any more, but it
still carries the environment it was born with.
"""

from __future__ import annotations

from collections.abc import Collection

import psutil

from mlops_nb.config import ENVIRONMENT_PREFIX

_WAIT_SECONDS = 3.0


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
        for process in left:
            try:
                process.kill()
            except psutil.Error:
                continue
        _, alive = psutil.wait_procs(left, timeout=_WAIT_SECONDS)
        if alive:  # in an uninterruptible system call: the kill waits for them
            return
