"""The dead-man's switch: jobs that should have run by now, and successes that are too old."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from mlops_nb.config import Job, Project
from mlops_nb.jobs.schedule import latest_due
from mlops_nb.result import Result, Status
from mlops_nb.state.attempts import Past, past_by_job

MISSED, STALE = "job.missed", "job.stale"


def overdue(project: Project, at: datetime) -> list[Result]:
    """Return a result for every job that names a `grace` or a `freshness`.

    What was due before the project's first run of any job was due before anybody could run it.

    Parameters
    ----------
    project : Project
        The project.
    at : datetime
        The moment, aware.
    """
    watched = {n: job for n, job in project.config.jobs.items() if job.grace or job.freshness}
    return _results(watched, past_by_job(project), at) if watched else []


def missed(project: Project, at: datetime) -> list[Result]:
    """Return a result for every due time that was missed by a job which ran before.

    A job that has never run is not late yet: its first run may be about to start.

    Parameters
    ----------
    project : Project
        The project.
    at : datetime
        The moment, aware.
    """
    graced = {name: job for name, job in project.config.jobs.items() if job.grace}
    past = past_by_job(project) if graced else {}
    ran = {name: job for name, job in graced.items() if name in past}
    found = (result for result in _results(ran, past, at) if result.name == MISSED)
    return [result for result in found if result.status is Status.ERROR]


def _results(jobs: Mapping[str, Job], past: Mapping[str, Past], at: datetime) -> list[Result]:
    began = min((one.first for one in past.values()), default=at)
    return [
        result
        for name, job in jobs.items()
        for result in _of_job(name, job, past.get(name), at, began)
    ]


def _of_job(
    name: str, job: Job, past: Past | None, at: datetime, began: datetime
) -> Iterator[Result]:
    if job.grace and job.schedule:
        due = latest_due(job, at - timedelta(seconds=job.grace), last=None)
        ran = due is None or due.time < began or (past is not None and past.ended_for >= due.time)
        yield Result(
            name=MISSED,
            subject=name,
            status=Status.PASSED if ran else Status.ERROR,
            message=""
            if ran or due is None
            else f"job {name} was due at {due.time:%Y-%m-%d %H:%M} UTC and no run for that time "
            f"had ended {job.grace:g} s later",
            advice="" if ran else f"is the scheduler alive? mlops job history {name}",
        )
    if job.freshness:
        success = past.succeeded if past else None
        age = None if success is None else (at - success).total_seconds()
        fresh = age is not None and age <= job.freshness
        last = "never succeeded" if success is None else f"last succeeded at {success:%F %H:%M} UTC"
        yield Result(
            name=STALE,
            subject=name,
            status=Status.PASSED if fresh else Status.ERROR,
            value=age,
            threshold=job.freshness,
            message="" if fresh else f"job {name} {last}; {job.freshness:g} s are allowed",
            advice="" if fresh else f"mlops job history {name}, then: mlops job run {name}",
        )
