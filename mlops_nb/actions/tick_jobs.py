"""One tick of the clock: run every job whose due time has come, each due time once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from mlops_nb.actions.run_job import Start, run_started
from mlops_nb.config import Project
from mlops_nb.errors import ConfigError
from mlops_nb.jobs.attempt import AttemptRecord
from mlops_nb.jobs.schedule import latest_due
from mlops_nb.jobs.spec import check_jobs
from mlops_nb.jobs.supervisor import OnProgress, Stop
from mlops_nb.state.attempts import last_scheduled
from mlops_nb.state.claims import AlreadyClaimedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What a tick did for one job.

    Parameters
    ----------
    job : str
        The job's name.
    due : datetime
        The due time, in UTC.
    missed : int
        Earlier due times that were passed over.
    record : AttemptRecord, optional
        The attempt; None when another process has this due time.
    """

    job: str
    due: datetime
    missed: int
    record: AttemptRecord | None


def tick(project: Project, at: datetime, *, on_progress: OnProgress | None = None) -> list[Ticked]:
    """Run the jobs that are due; a second tick at the same moment runs nothing.

    Of several due times that have passed since a job's last one, only the latest is run. A job
    that its schedule never started runs for the latest due time before the moment.

    Parameters
    ----------
    project : Project
        The project.
    at : datetime
        The moment, aware.
    on_progress : callable, optional
        Told how far each attempt is.

    Raises
    ------
    ConfigError
        No job is declared, or a job's configuration is wrong.
    """
    if not project.config.jobs:
        raise ConfigError(f"no job is declared in {project.root}", "mlops init")
    check_jobs(project)
    last = last_scheduled(project)
    done: list[Ticked] = []
    with Stop() as stop:
        for name, job in project.config.jobs.items():
            due = latest_due(job, at, last=last.get(name)) if job.schedule else None
            if due is None or stop.requested:
                continue
            start = Start(job=name, logical_time=due.time, origin="schedule")
            record: AttemptRecord | None = None
            with suppress(AlreadyClaimedError):  # exactly once: another process has it
                record = run_started(project, start, stop=stop, on_progress=on_progress)
            done.append(Ticked(job=name, due=due.time, missed=due.missed, record=record))
    return done
