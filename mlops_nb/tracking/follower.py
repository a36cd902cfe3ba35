"""The child process that brings journals into the store while notebooks go on.

One per project, by a lock on ``.mlops/sync.lock``. It outlives the kernel that started it and
exits when there is nothing left to do, so that MLflow is never imported beside the user's code.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlops_nb.config import Project
from mlops_nb.errors import StoreError
from mlops_nb.tracking.journal import is_live
from mlops_nb.tracking.sync import SyncReport, journals, sync

IDLE_SECONDS = 10.0
"""How long a follower waits for the next run before it exits."""

POLL_SECONDS = 0.5
GIVE_UP_SECONDS = 300.0
"""How long a follower tries a store that does not answer once no run is live any more."""

_LONGEST_PAUSE = 30.0
_LOG_BYTES = 1_000_000
_COMMAND = "from mlops_nb.cli.main import main; main()"
_STARTING_SECONDS = 10.0
# Root → the follower that this process started last, and when.
_children: dict[Path, tuple[subprocess.Popen[bytes], float]] = {}


def ensure_follower(project: Project) -> bool:
    """Start the project's follower when none runs, and return whether one was started."""
    project.home.mkdir(parents=True, exist_ok=True)
    with _lock(project) as is_free:
        if not is_free or _is_starting(project.root):
            return False
    log = project.home / "sync.log"
    too_long = log.exists() and log.stat().st_size > _LOG_BYTES
    with log.open("wb" if too_long else "ab") as output:
        # -P: a queue.py beside the notebook must not become the standard library's.
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", _COMMAND, "sync", "--follow"],
            cwd=project.root,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _children[project.root] = (child, time.monotonic())
    return True


def _is_starting(root: Path) -> bool:
    """Whether our follower is alive and so young that it may not hold its lock yet."""
    if root not in _children:
        return False
    child, started = _children[root]
    return child.poll() is None and time.monotonic() - started < _STARTING_SECONDS


@atexit.register
def _leave_alone() -> None:
    # They are meant to outlive us; without this, each would be reported as forgotten.
    for child, _ in _children.values():
        if child.poll() is None:
            child.returncode = 0


def follow(
    project: Project, *, idle: float = IDLE_SECONDS, poll: float = POLL_SECONDS
) -> Iterator[SyncReport | StoreError]:
    """Bring journals over as they grow, until nothing has been left to do for a while.

    Parameters
    ----------
    project : Project
        Whose journals.
    idle, poll : float
        Seconds without work before the end; seconds between two looks.

    Yields
    ------
    SyncReport or StoreError
        What a pass did; why the store could not be used. Nothing at all when another follower
        is at work.
    """
    while True:
        with _lock(project) as is_free:
            if not is_free:
                return
            yield from _follow_locked(project, idle, poll)
        # A run that began between the last look and the release of the lock found us still here.
        if not any(is_live_quietly(path) for path in journals(project)):
            return


def _follow_locked(project: Project, idle: float, poll: float) -> Iterator[SyncReport | StoreError]:
    last_work = time.monotonic()
    seen: dict[Path, tuple[int, bool]] = {}
    pause = poll
    while project.home.is_dir():
        now = {path: (_size(path), is_live_quietly(path)) for path in journals(project)}
        limit = idle
        if any(live for _, live in now.values()):
            last_work = time.monotonic()
        if now != seen:
            try:
                report = sync(project)
            except StoreError as error:
                yield error
                pause, limit = min(pause * 2, _LONGEST_PAUSE), GIVE_UP_SECONDS
            else:
                pause, seen = poll, now
                if report.changed:
                    last_work = time.monotonic()
                if report.changed or report.warnings:
                    yield report
        if time.monotonic() - last_work > limit:
            return
        time.sleep(pause)


def is_live_quietly(path: Path) -> bool:
    """Whether the writer of a journal still holds it; a journal that is gone has none."""
    try:
        return is_live(path)
    except FileNotFoundError:
        return False


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return -1


@contextmanager
def _lock(project: Project) -> Iterator[bool]:
    """Hold the project's follower lock if it is free, and say whether it was."""
    descriptor = os.open(project.home / "sync.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        is_free = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_free = False
        yield is_free
    finally:
        os.close(descriptor)
