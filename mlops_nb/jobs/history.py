"""What ran: the history, with attempts whose supervisor vanished called by their name."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime

from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError
from mlops_nb.jobs.attempt import (
    KILLED,
    OUTPUT,
    RECORD,
    AttemptStatus,
    settle_cells,
    staging_folder,
)
from mlops_nb.jobs.checkpoint import FOLDER
from mlops_nb.jobs.processes import wait_for_end
from mlops_nb.jobs.schedule import next_due
from mlops_nb.state import attempts, claims
from mlops_nb.state.database import exists

LOOK_BACK = 1_000
_NOTHING_TO_RESUME = (AttemptStatus.SUCCEEDED, AttemptStatus.FINDINGS, AttemptStatus.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """One job and how it stands.

    Parameters
    ----------
    name, notebook, schedule : str
        As configured.
    after : str
        ``JOB on ENDING`` when another job starts it, else empty.
    last : AttemptRow, optional
        Its newest attempt.
    next_due : datetime, optional
        When its schedule comes next, in UTC.
    """

    name: str
    notebook: str
    schedule: str
    after: str
    last: attempts.AttemptRow | None
    next_due: datetime | None


def settle(project: Project) -> None:
    """Enter attempts whose supervisor was killed as cancelled, and clear what they left."""
    for attempt in claims.abandoned(project):
        attempts.end(
            project,
            attempt,
            status=AttemptStatus.CANCELLED,
            message=KILLED,
        )
        claims.release(project, attempt)
        _save_what_is_left(project, attempt)


def _save_what_is_left(project: Project, attempt: str) -> None:
    """Publish what a killed attempt can be resumed from, and remove the rest.

    Only what is written without secrets in the first place is kept.
    """
    wait_for_end(attempt)
    staging, row = staging_folder(project, attempt), attempts.get(project, attempt)
    kept = {RECORD, OUTPUT, FOLDER}
    if row is None or not all((staging / name).exists() for name in kept):
        shutil.rmtree(staging, ignore_errors=True)
        return
    for path in staging.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    settle_cells(staging / OUTPUT)
    target = project.root / row.folder
    target.parent.mkdir(parents=True, exist_ok=True)
    staging.rename(target)


def history(
    project: Project, job: str | None = None, *, limit: int = 20
) -> list[attempts.AttemptRow]:
    """Return attempts, the newest first.

    Parameters
    ----------
    project : Project
        The project.
    job : str, optional
        Only those of this job; it need not be configured any more.
    limit : int
        At most so many.
    """
    if not exists(project):
        return []
    settle(project)
    return attempts.list_attempts(project, job, limit=limit)


def overview(project: Project, *, now: datetime | None = None) -> list[JobLine]:
    """Return every configured job, in the order of the configuration.

    Parameters
    ----------
    project : Project
        The project.
    now : datetime, optional
        The moment from which the next due time is counted.
    """
    latest: dict[str, attempts.AttemptRow] = {}
    if exists(project):
        settle(project)
        latest = attempts.latest_by_job(project)
    return [
        JobLine(
            name=name,
            notebook=job.notebook,
            schedule=job.schedule,
            after=f"{job.after.job} on {job.after.on}" if job.after else "",
            last=latest.get(name),
            next_due=next_due(job, now or datetime.now(UTC)),
        )
        for name, job in project.config.jobs.items()
    ]


def attempt_to_resume(project: Project, job: str, reference: str) -> attempts.AttemptRow:
    """Return the attempt to go on from.

    Parameters
    ----------
    project : Project
        The project.
    job : str
        The job.
    reference : str
        The beginning of an attempt's id, or ``last`` for the newest that did not succeed.

    Raises
    ------
    NotFoundError
        There is none, or more than one.
    """
    rows = [row for row in attempts.list_attempts(project, job, limit=LOOK_BACK) if row.ended]
    if reference == "last":
        found = [row for row in rows if row.status not in _NOTHING_TO_RESUME][:1]
    else:
        found = [row for row in rows if row.attempt.startswith(reference)]
    if len(found) != 1:
        what = "no attempt that failed" if reference == "last" else f"no single attempt {reference}"
        raise NotFoundError(f"job {job!r} has {what} to resume", f"mlops job history {job}")
    return found[0]
