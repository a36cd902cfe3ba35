"""One tick of the clock: run every job whose due time has come, each due time once."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from mlops_nb.actions.attempt_job import Start
from mlops_nb.actions.respond import look_after_alerts, tell_missed
from mlops_nb.actions.run_job import run_started
from mlops_nb.config import Project
from mlops_nb.errors import ConfigError
from mlops_nb.jobs.attempt import AttemptRecord
from mlops_nb.jobs.schedule import Due, due_times
from mlops_nb.jobs.spec import check_jobs
from mlops_nb.jobs.supervisor import OnProgress, Stop
from mlops_nb.state.attempts import last_scheduled
from mlops_nb.state.claims import AlreadyClaimedError, ConcurrencyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What a tick did for one due time of one job.

    Parameters
    ----------
    job : str
        The job's name.
    due : datetime
        The due time, in UTC.
    missed : int
        Earlier due times that were passed over.
    record : AttemptRecord, optional
        The attempt; None when another process has this due time, or as many attempts of the job
        run as its concurrency allows.
    """

    job: str
    due: datetime
    missed: int
    record: AttemptRecord | None


@dataclass(slots=True)
class Scheduler:
    """Starts what is due in threads that each supervise a process of their own.

    Parameters
    ----------
    stop : Stop
        Whether to end early.
    workers : int
        At most so many jobs at once.
    on_progress : callable, optional
        Told how far each attempt is.
    """

    stop: Stop
    workers: int
    on_progress: OnProgress | None = None
    _pool: ThreadPoolExecutor = field(init=False)
    _running: dict[str, Future[list[Ticked]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="job")

    @property
    def running(self) -> list[str]:
        """The jobs that run or wait for a free worker."""
        return [name for name, future in self._running.items() if not future.done()]

    def start_due(
        self, project: Project, at: datetime, names: Collection[str] = ()
    ) -> list[Future[list[Ticked]]]:
        """Start every job that is due at a moment and not started by this scheduler already.

        What was missed by more than its `grace` is told first.

        Parameters
        ----------
        project : Project
            The project.
        at : datetime
            The moment, aware.
        names : collection of str, optional
            Only these jobs.

        Raises
        ------
        ConfigError
            No job is declared, or a job's configuration is wrong.
        NotFoundError
            There is no job of a name.
        """
        if not project.config.jobs:
            raise ConfigError(f"no job is declared in {project.root}", "mlops init")
        check_jobs(project)
        for name in names:
            project.job(name)
        tell_missed(project, at)
        last, busy = last_scheduled(project), set(self.running)
        self._running = {name: self._running[name] for name in busy}
        for name, job in project.config.jobs.items():
            if job.schedule and name not in busy and (not names or name in names):
                due = due_times(job, at, last=last.get(name))
                if due:
                    self._running[name] = self._pool.submit(self._run, project, name, due)
        return [future for name, future in self._running.items() if name not in busy]

    def _run(self, project: Project, name: str, due: Sequence[Due]) -> list[Ticked]:
        done = []
        for one in due:
            if self.stop.requested:
                break
            start = Start(job=name, logical_time=one.time, origin="schedule")
            record: AttemptRecord | None = None
            try:
                record = run_started(project, start, stop=self.stop, on_progress=self.on_progress)
            except AlreadyClaimedError:
                pass  # exactly once: another process has it
            except ConcurrencyError:
                done.append(Ticked(job=name, due=one.time, missed=one.missed, record=None))
                break  # those after it would not find room either
            done.append(Ticked(job=name, due=one.time, missed=one.missed, record=record))
        return done

    def close(self) -> None:
        """Wait for what runs."""
        self._pool.shutdown()


def default_workers() -> int:
    """Return how many jobs run at once unless told otherwise: as many as there are processors."""
    return os.cpu_count() or 1


def tick(
    project: Project,
    at: datetime,
    *,
    names: Collection[str] = (),
    workers: int | None = None,
    on_progress: OnProgress | None = None,
) -> list[Ticked]:
    """Run the jobs that are due; a second tick at the same moment runs nothing.

    Of several due times that have passed since a job's last one, its `catch-up` says which are
    run. A job that its schedule never started runs for the latest due time before the moment.
    Due times that a job has missed by more than its `grace` are told before it catches up with
    them, those that it did not run for in spite of that afterwards.

    Parameters
    ----------
    project : Project
        The project.
    at : datetime
        The moment, aware.
    names : collection of str, optional
        Only these jobs.
    workers : int, optional
        At most so many jobs at once; by default as many as there are processors.
    on_progress : callable, optional
        Told how far each attempt is.

    Raises
    ------
    ConfigError
        No job is declared, or a job's configuration is wrong.
    """
    with Stop() as stop:
        scheduler = Scheduler(stop, workers or default_workers(), on_progress)
        try:
            started = scheduler.start_due(project, at, names)
            done = [ticked for future in started for ticked in future.result()]
        finally:
            scheduler.close()
    look_after_alerts(project, at)
    return done
