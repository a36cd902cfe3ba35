"""One attempt of a job: its due time claimed, its notebook executed, its folder published."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from mlops_nb.actions.check_environment import MODEL, Checked, check_environment
from mlops_nb.actions.link_runs import link_runs
from mlops_nb.config import Project
from mlops_nb.errors import MlopsError, StoreError
from mlops_nb.jobs.attempt import (
    AttemptRecord,
    AttemptStatus,
    attempt_folder,
    new_attempt_id,
    relative,
    seed_of,
)
from mlops_nb.jobs.execute import Attempt, attempt
from mlops_nb.jobs.history import settle
from mlops_nb.jobs.resume import FROM_SCRATCH, Plan, plan
from mlops_nb.jobs.spec import JobSpec, check_jobs, resolve
from mlops_nb.jobs.supervisor import OnProgress, Progress, Stop
from mlops_nb.state import attempts, claims

Origin = Literal["demand", "schedule", "after", "retry", "backfill", "sweep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What an attempt is started with.

    Parameters
    ----------
    job : str
        The job's name.
    logical_time : datetime
        The due time, aware.
    origin : str
        Who starts it. Unless a person does, what is wrong with it is recorded, not raised.
    parameters : mapping
        Values given for it.
    handover : mapping
        Values that the parent leaves to those of its followers that declare them.
    parent : str, optional
        The attempt whose ending starts it.
    alert : str
        The finding that starts it; empty for none.
    resume : str, optional
        The attempt whose checkpoints it goes on from.
    """

    job: str
    logical_time: datetime
    origin: Origin
    parameters: Mapping[str, object] = field(default_factory=dict)
    handover: Mapping[str, object] = field(default_factory=dict)
    parent: str | None = None
    alert: str = ""
    resume: str | None = None


def attempt_job(
    project: Project, start: Start, *, stop: Stop, on_progress: OnProgress | None
) -> AttemptRecord:
    """Claim the due time, execute the notebook and publish the attempt.

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

    Raises
    ------
    NotFoundError
        There is no such job.
    ConfigError, InputError
        What is wrong with a job that a person starts; any other start is recorded as refused.
    AlreadyClaimedError
        The due time has been taken.
    StoreError
        The state or the attempt's folder cannot be written.
    """
    attempt_id = new_attempt_id()
    project.job(start.job)  # a job that does not exist has no history either
    check_jobs(project)
    going_on, checked = FROM_SCRATCH, Checked()
    try:
        spec: JobSpec | MlopsError = _resolve(project, start, attempt_id)
        if isinstance(spec, JobSpec):
            going_on = _going_on(project, start, spec)
            checked = check_environment(project, start.job, str(spec.parameters.get(MODEL) or ""))
    except MlopsError as error:
        if start.origin == "demand":
            raise
        spec = error
    notebook = project.root / project.config.jobs[start.job].notebook
    with attempt(project, start.job, attempt_id, start.logical_time, notebook) as running:
        try:
            if isinstance(spec, JobSpec):
                running.warm_up(spec)
            settle(project)
            concurrency = project.config.jobs[start.job].concurrency
            claims.claim(
                project,
                start.job,
                start.logical_time,
                attempt_id,
                again=start.origin != "schedule",
                concurrency=concurrency,
            )
            told = _beating(project, attempt_id, on_progress)
            try:
                return _claimed(project, start, spec, going_on, running, stop, told, checked)
            finally:
                claims.release(project, attempt_id)
        except OSError as error:
            raise StoreError(
                f"cannot write the attempt: {error}", f"is {project.home} writable, the disk full?"
            ) from error


def _beating(project: Project, attempt_id: str, on_progress: OnProgress | None) -> OnProgress:
    """Return what hears of the progress and tells other machines that the attempt is alive."""
    last = 0.0

    def told(progress: Progress) -> None:
        nonlocal last
        if progress.seconds - last >= claims.BEAT_SECONDS:
            last = progress.seconds
            with suppress(MlopsError):  # the state is away for a moment: the job is not
                claims.beat(project, attempt_id)
        if on_progress:
            on_progress(progress)

    return told


def _resolve(project: Project, start: Start, attempt_id: str) -> JobSpec:
    offered: dict[str, object] = {
        "logical_time": start.logical_time,
        "attempt": attempt_id,
        "seed": seed_of(start.job, start.logical_time),
    }
    if start.alert:
        offered["alert"] = start.alert
    return resolve(project, start.job, start.parameters, handover=start.handover, offered=offered)


def _going_on(project: Project, start: Start, spec: JobSpec) -> Plan:
    row = attempts.get(project, start.resume) if start.resume else None
    return plan(project, spec, project.root / row.folder) if row else FROM_SCRATCH


def _claimed(
    project: Project,
    start: Start,
    spec: JobSpec | MlopsError,
    going_on: Plan,
    running: Attempt,
    stop: Stop,
    on_progress: OnProgress | None,
    checked: Checked,
) -> AttemptRecord:
    folder = attempt_folder(project, start.job, start.logical_time, running.id)
    attempts.begin(
        project,
        running.id,
        job=start.job,
        logical_time=start.logical_time,
        origin=start.origin,
        parent=start.parent,
        folder=relative(project, folder),
    )
    status, message, run_id = AttemptStatus.FAILED, "it could not be written down", None
    try:
        if isinstance(spec, JobSpec):
            record = running.execute(spec, stop=stop, going_on=going_on, on_progress=on_progress)
            run_id, warnings = link_runs(project, record, parent=start.parent)
            record = replace(record, run_id=run_id, warnings=(*record.warnings, *warnings))
            record = _with_environment(record, checked)
        else:
            record = running.refused(spec, start.parameters)
        status, message = record.status, record.message
        return running.publish(replace(record, parent=start.parent))
    except OSError as error:
        running.discard()  # on a full disk, that makes room for what is to be said about it
        status, message = AttemptStatus.FAILED, f"it could not be written down: {error}"
        raise
    finally:
        attempts.end(project, running.id, status=status, message=message, run_id=run_id)


def _with_environment(record: AttemptRecord, checked: Checked) -> AttemptRecord:
    return replace(
        record,
        environment={**record.environment, **checked.record},
        warnings=(*record.warnings, *checked.warnings),
    )
