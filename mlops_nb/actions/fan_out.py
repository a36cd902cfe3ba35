"""Many due times of one job at once: a backfill over the past, a sweep over parameters.

Each point has a due time of its own, so that claim and folder make it exactly-once: whoever is
handed a point that has succeeded answers with what is there.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mlops_nb.actions.attempt_job import Origin, Start
from mlops_nb.actions.run_job import run_started
from mlops_nb.config import Project, load_project
from mlops_nb.errors import ConfigError, ExitCode, InputError, MlopsError
from mlops_nb.jobs import dask_engine
from mlops_nb.jobs.attempt import AttemptRecord, AttemptStatus
from mlops_nb.jobs.child import POLL_SECONDS
from mlops_nb.jobs.schedule import times_between
from mlops_nb.jobs.spec import resolve
from mlops_nb.jobs.supervisor import Stop
from mlops_nb.state.attempts import AttemptRow, newest_for
from mlops_nb.state.claims import AlreadyClaimedError, ConcurrencyError

DONE = (AttemptStatus.SUCCEEDED, AttemptStatus.FINDINGS)
POINT_LIMIT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One due time to run for.

    Parameters
    ----------
    job : str
        The job's name.
    logical_time : datetime
        The due time, aware.
    origin : str
        ``backfill`` or ``sweep``.
    parameters : mapping
        Values given for it.
    """

    job: str
    logical_time: datetime
    origin: Origin
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a point ended.

    Parameters
    ----------
    point : Point
        The point.
    status : str
        Of its attempt, or ``error`` when none could be made.
    attempt, folder, message : str
        Of its attempt; `folder` from the project's root.
    run_id : str, optional
        Its run in the store.
    before : bool
        Whether it had succeeded already and was not run again.
    """

    point: Point
    status: str
    attempt: str = ""
    folder: str = ""
    message: str = ""
    run_id: str | None = None
    before: bool = False

    @property
    def exit_code(self) -> int:
        """0 for a success, as the command ends."""
        known = self.status in list(AttemptStatus)
        return int(AttemptStatus(self.status).exit_code if known else ExitCode.USAGE)


def backfill_points(
    project: Project,
    name: str,
    start: datetime,
    end: datetime,
    *,
    every: timedelta | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> list[Point]:
    """Return the due times of a job in a period.

    Parameters
    ----------
    project : Project
        The project.
    name : str
        The job.
    start, end : datetime
        From the first until before the second, aware.
    every : timedelta, optional
        The distance of the due times; by default those of the job's schedule.
    parameters : mapping, optional
        Values for all of them.

    Raises
    ------
    InputError
        The period is empty or holds more than 10,000 due times.
    ConfigError
        The job has no schedule and `every` is not given.
    """
    job = project.job(name)
    if start >= end:
        raise InputError(f"the period from {start:%F %H:%M} to {end:%F %H:%M} is empty")
    if every is not None:
        if every <= timedelta(0):
            raise InputError("the distance of due times must be above 0")
        count = -(-(end - start) // every)
        if count > POINT_LIMIT:
            raise InputError(f"there are {count:,} due times, {POINT_LIMIT:,} at most")
        times = [start + number * every for number in range(count)]
    elif job.schedule:
        times = times_between(job, start, end)
    else:
        raise ConfigError(f"job {name!r} has no schedule", "--every 1d")
    return [
        Point(job=name, logical_time=due, origin="backfill", parameters=dict(parameters or {}))
        for due in times
    ]


def sweep_points(
    project: Project, name: str, grid: Mapping[str, Sequence[Any]], at: datetime
) -> list[Point]:
    """Return every combination of values, checked, each with a due time a microsecond apart.

    Parameters
    ----------
    project : Project
        The project.
    name : str
        The job.
    grid : mapping of str to sequence
        Parameter → the values it takes.
    at : datetime
        The due time of the first, aware; the same again goes on with what has not succeeded.

    Raises
    ------
    InputError
        There are more than 10,000 combinations, or a value is wrong.
    """
    combinations = list(itertools.islice(itertools.product(*grid.values()), POINT_LIMIT + 1))
    if len(combinations) > POINT_LIMIT:
        raise InputError(f"there are more than {POINT_LIMIT:,} combinations")
    points = []
    for number, values in enumerate(combinations):
        given = dict(zip(grid, values, strict=True))
        # All of them are checked before the first one runs.
        resolve(project, name, given, handover={}, offered={})
        due = at + timedelta(microseconds=number)
        points.append(Point(job=name, logical_time=due, origin="sweep", parameters=given))
    return points


def run_points(
    project: Project, points: Sequence[Point], *, workers: int, engine: str = "", stop: Stop
) -> Iterator[Outcome]:
    """Run points, several at once, and yield how each ended as soon as it has.

    Parameters
    ----------
    project : Project
        The project.
    points : sequence of Point
        What to run; those that have succeeded are not run again.
    workers : int
        At most so many at once on this machine, and no more than the job's concurrency.
    engine : str
        Empty for this machine, or ``dask://host:port`` of a dask scheduler.
    stop : Stop
        Whether to end early: points that have not begun stay for the next time.
    """
    if engine:
        yield from dask_engine.scatter(engine, run_point_at, project.root, points)
        return
    limits = [project.config.jobs[point.job].concurrency for point in points]
    at_once = min([workers, *(limit for limit in limits if limit)])
    with ThreadPoolExecutor(at_once, thread_name_prefix="point") as pool:
        waiting = iter(points)
        running = [
            pool.submit(run_point, project, point, stop)
            for point in itertools.islice(waiting, at_once)
        ]
        while running:
            done = [future for future in running if future.done()]
            if not done:
                time.sleep(POLL_SECONDS / 4)
            for future in done:
                running.remove(future)
                yield future.result()
                following = None if stop.requested else next(waiting, None)
                if following is not None:
                    running.append(pool.submit(run_point, project, following, stop))


def run_point_at(root: str, point: Point) -> Outcome:
    """Run a point of the project in a folder; what a dask worker calls."""
    with Stop() as stop:
        return run_point(load_project(root), point, stop)


def run_point(project: Project, point: Point, stop: Stop) -> Outcome:
    """Run a point unless it has succeeded already; another process that runs it is waited for.

    Parameters
    ----------
    project : Project
        The project.
    point : Point
        The point.
    stop : Stop
        Whether to end early.
    """
    start = Start(
        job=point.job,
        logical_time=point.logical_time,
        origin=point.origin,
        parameters=point.parameters,
    )
    while True:
        known = newest_for(project, point.job, start.logical_time)
        if known is not None and known.status in DONE:
            return _known(point, known)
        try:
            return _made(project, point, run_started(project, start, stop=stop))
        except (AlreadyClaimedError, ConcurrencyError) as error:
            if stop.requested:
                return Outcome(point=point, status=AttemptStatus.CANCELLED, message=error.message)
            time.sleep(POLL_SECONDS)
        except MlopsError as error:
            return Outcome(point=point, status="error", message=error.message)


def _known(point: Point, row: AttemptRow) -> Outcome:
    return Outcome(
        point=point,
        status=row.status,
        attempt=row.attempt,
        folder=row.folder,
        message=row.message,
        run_id=row.run_id,
        before=True,
    )


def _made(project: Project, point: Point, record: AttemptRecord) -> Outcome:
    return Outcome(
        point=point,
        status=record.status.value,
        attempt=record.attempt,
        folder=str(record.folder.relative_to(project.root)),
        message=record.message,
        run_id=record.run_id,
    )
