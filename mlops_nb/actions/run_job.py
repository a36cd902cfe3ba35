"""Run a job: attempt it, again where that is asked for, tell who must know, start what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mlops_nb.actions.attempt_job import Start, attempt_job
from mlops_nb.actions.respond import Response, respond
from mlops_nb.config import Project
from mlops_nb.errors import MlopsError
from mlops_nb.jobs.attempt import AttemptRecord
from mlops_nb.jobs.backoff import backoff, wait
from mlops_nb.jobs.history import attempt_to_resume, settle
from mlops_nb.jobs.resume import recorded_values
from mlops_nb.jobs.supervisor import OnProgress, Stop


def run_job(
    project: Project,
    name: str,
    parameters: Mapping[str, object] | None = None,
    *,
    logical_time: datetime | None = None,
    resume: str | None = None,
    on_progress: OnProgress | None = None,
) -> AttemptRecord:
    """Run a job now, and the jobs that its ending starts.

    Parameters
    ----------
    project : Project
        Where the job is declared.
    name : str
        The job.
    parameters : mapping of str to object, optional
        Values that replace those of the configuration and the notebook.
    logical_time : datetime, optional
        The due time it runs for, UTC when naive; now by default.
    resume : str, optional
        The attempt to go on from, or ``last`` for the newest of the job that did not succeed:
        with its due time and its values, without what its checkpoints make needless.
    on_progress : callable, optional
        Told how far it is, as :class:`mlops_nb.jobs.supervisor.Progress`.

    Returns
    -------
    AttemptRecord
        How it ended, whatever way it did. A failed notebook does not raise.

    Raises
    ------
    NotFoundError, ConfigError, InputError
        The job, its notebook or a parameter is wrong; nothing was started.
    AlreadyClaimedError
        The job is running for the same due time.
    StoreError
        The state or the attempt's folder cannot be written.
    """
    moment = logical_time or datetime.now(UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    start = Start(job=name, logical_time=moment, origin="demand", parameters=dict(parameters or {}))
    if resume is not None:
        project.job(name)
        settle(project)
        before = attempt_to_resume(project, name, resume)
        values = recorded_values(project.root / before.folder)
        start = replace(
            start,
            logical_time=before.logical_time,
            parent=before.attempt,
            parameters={**values, **start.parameters},
            resume=before.attempt,
        )
    with Stop() as stop:
        return run_started(project, start, stop=stop, on_progress=on_progress)


def run_started(
    project: Project, start: Start, *, stop: Stop, on_progress: OnProgress | None = None
) -> AttemptRecord:
    """Run one attempt and all that follows from it.

    Parameters
    ----------
    project : Project
        The project.
    start : Start
        What to run.
    stop : Stop
        Whether to end early.
    on_progress : callable, optional
        Told how far it is.
    """
    record = _with_retries(project, start, stop=stop, on_progress=on_progress)
    response = respond(project, record)
    warnings = [*record.warnings, *response.warnings]
    triggered: list[AttemptRecord] = []
    for job in response.triggers:
        if stop.requested:
            warnings.append(f"job {job!r} was not started: cancelled")
            continue
        follower = _follower(start, record, response, job)
        try:
            triggered.append(run_started(project, follower, stop=stop, on_progress=on_progress))
        except MlopsError as error:
            warnings.append(f"job {job!r} was not started: {error.message}")
    return replace(record, warnings=tuple(warnings), triggered=tuple(triggered))


def _with_retries(
    project: Project, start: Start, *, stop: Stop, on_progress: OnProgress | None
) -> AttemptRecord:
    """Run an attempt, and again while its ending is one that is repeated."""
    record = attempt_job(project, start, stop=stop, on_progress=on_progress)
    retries = project.config.jobs[start.job].retries
    for number in range(retries.times):
        if record.status not in retries.on:
            break
        if not wait(backoff(retries, number), stop):
            return _noted(record, "not repeated: cancelled")
        again = replace(start, origin="retry", parent=record.attempt, resume=None)
        try:
            record = attempt_job(project, again, stop=stop, on_progress=on_progress)
        except MlopsError as error:
            return _noted(record, f"not repeated: {error.message}")
    return record


def _noted(record: AttemptRecord, warning: str) -> AttemptRecord:
    return replace(record, warnings=(*record.warnings, warning))


def _follower(start: Start, record: AttemptRecord, response: Response, job: str) -> Start:
    return Start(
        job=job,
        logical_time=start.logical_time,
        origin="after",
        handover=response.handover,
        alert=response.alert,
        parent=record.attempt,
    )


def as_json(project: Project, record: AttemptRecord) -> dict[str, Any]:
    """Return a record with the attempts it started, as commands print it."""
    return {
        **record.to_dict(project),
        "triggered": [as_json(project, follower) for follower in record.triggered],
    }
