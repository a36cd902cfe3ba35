"""Which run a bare ``log_…`` call belongs to, per thread and task."""

from __future__ import annotations

from contextvars import ContextVar

from mlops_nb.errors import InputError
from mlops_nb.tracking.active import Run

_current: ContextVar[Run | None] = ContextVar("mlops_nb_run", default=None)
_active: list[Run] = []
_last: Run | None = None


def current() -> Run | None:
    """Return the run that a bare ``log_…`` call belongs to.

    The one opened in this thread or task; in a thread that was handed none, the process's only one.
    """
    run = _current.get()
    while run is not None and run.status != "RUNNING":
        run = run.enclosing
    if run is None and len(_active) == 1:
        return _active[0]
    return run


def parent() -> Run | None:
    """Return the run that a nested one belongs to.

    A thread that was handed no run may still know it: among runs that are all children of one,
    that one is meant.
    """
    run = current()
    if run is not None:
        return run
    roots = [known for known in _active if known.parent is None]
    return roots[0] if len(roots) == 1 else None


def require() -> Run:
    """Return the current run.

    Raises
    ------
    InputError
        There is none, or a thread cannot know which of several is meant.
    """
    run = current()
    if run is not None:
        return run
    if _active:
        names = ", ".join(sorted(r.name for r in _active))
        raise InputError(
            f"{len(_active)} runs are active and none was opened in this thread: {names}",
            "hand the run to the thread and call its own log_metric",
        )
    raise InputError("no run is active", "with mlops_nb.run(): …, or %%mlops run in a cell")


def last_run() -> Run | None:
    """Return the newest run of this process, ended or not; None when there was none."""
    return _last


def push(run: Run) -> None:
    """Make a run the current one."""
    global _last
    run.enclosing = current()
    _active.append(run)
    _current.set(run)
    _last = run


def pop(run: Run) -> None:
    """Make the run that was current before this one current again."""
    if run in _active:
        _active.remove(run)
    if _current.get() is run:
        _current.set(run.enclosing)
