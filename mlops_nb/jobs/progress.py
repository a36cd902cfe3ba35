"""How far a running attempt is, told to whoever looks; and the word that ends it early."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import msgspec

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.jobs.attempt import staging_folder
from mlops_nb.jobs.supervisor import OnProgress, Progress
from mlops_nb.state import attempts

PROGRESS, CANCEL = "progress.json", "cancel"
"""Files of an attempt's staging folder; neither is published."""

WRITE_SECONDS = 0.25
"""Cells that are over in no time are not written down one by one."""


class _Written(msgspec.Struct):
    job: str
    cell: int
    cells: int
    seconds: float
    peak: int = 0


def written(staging: Path, on_progress: OnProgress | None) -> OnProgress:
    """Return what writes the progress down for :func:`progress_of`, then tells it on.

    Parameters
    ----------
    staging : Path
        The attempt's staging folder.
    on_progress : callable, optional
        Who else is told.
    """
    last = 0.0

    def told(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= WRITE_SECONDS:
            last = time.monotonic()
            with suppress(OSError):  # a full disk: the job's own files matter more
                aside = staging / f".{PROGRESS}"
                aside.write_text(json.dumps(asdict(progress)), encoding="utf-8")
                aside.replace(staging / PROGRESS)
        if on_progress:
            on_progress(progress)

    return told


def progress_of(project: Project, attempt: str) -> Progress | None:
    """Return how far a running attempt of this machine is, None when nothing is known of it."""
    try:
        text = (staging_folder(project, attempt) / PROGRESS).read_bytes()
        found = msgspec.json.decode(text, type=_Written)
    except (OSError, msgspec.MsgspecError):
        return None
    return Progress(**msgspec.structs.asdict(found))


def cancel(project: Project, attempt: str) -> attempts.AttemptRow:
    """Ask a running attempt to end, whichever process supervises it; that one writes it down.

    Parameters
    ----------
    project : Project
        The project.
    attempt : str
        The attempt's id.

    Raises
    ------
    NotFoundError
        There is no such attempt.
    InputError
        It has ended already, or runs on another machine.
    """
    row = attempts.get(project, attempt)
    if row is None:
        raise NotFoundError(f"there is no attempt {attempt!r}", "mlops job history")
    if row.ended is not None:
        raise InputError(f"attempt {attempt} has ended already: {row.status}")
    staging = staging_folder(project, attempt)
    try:
        (staging / CANCEL).touch()
    except OSError as error:
        raise InputError(
            f"attempt {attempt} of job {row.job!r} does not run on this machine",
            "cancel it where its scheduler runs",
        ) from error
    return row


def clear(staging: Path) -> None:
    """Remove what only a running attempt needs."""
    for name in (PROGRESS, f".{PROGRESS}", CANCEL):
        (staging / name).unlink(missing_ok=True)
