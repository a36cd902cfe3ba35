"""What ran: the history, with attempts whose supervisor vanished called by their name."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime

from mlops_nb.config import Project
from mlops_nb.jobs.attempt import AttemptStatus, staging_folder
from mlops_nb.jobs.schedule import next_due
from mlops_nb.state import attempts, claims


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
            message="the process that supervised it was killed",
        )
        claims.release(project, attempt)
        shutil.rmtree(staging_folder(project, attempt), ignore_errors=True)


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
