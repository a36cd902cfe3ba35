"""The ticks in a loop, with a health page, until a signal ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlops_nb.actions.respond import look_after_alerts
from mlops_nb.actions.tick_jobs import Scheduler, Ticked
from mlops_nb.config import Project, load_project
from mlops_nb.errors import MlopsError
from mlops_nb.jobs.backoff import wait
from mlops_nb.jobs.health import health_server
from mlops_nb.jobs.history import settle
from mlops_nb.jobs.spec import check_jobs
from mlops_nb.jobs.supervisor import Stop

LATE_TICKS = 3
"""After so many ticks that did not come the health page says `late`."""

OnTick = Callable[[list[Ticked], list[str]], None]


@dataclass(slots=True)
class _Pulse:
    """What the health page tells."""

    every: float
    last: float = field(default_factory=time.monotonic)
    at: datetime | None = None
    problems: list[str] = field(default_factory=list)
    scheduler: Scheduler | None = None

    def health(self) -> tuple[bool, Mapping[str, Any]]:
        late = time.monotonic() - self.last
        return late <= max(LATE_TICKS * self.every, 5.0), {
            "last_tick": self.at.isoformat() if self.at else None,
            "running": self.scheduler.running if self.scheduler else [],
            "problems": list(self.problems),
        }


def serve(
    project: Project,
    *,
    every: float,
    workers: int,
    host: str,
    port: int,
    on_listen: Callable[[int], None],
    on_tick: OnTick,
) -> None:
    """Tick until SIGTERM, SIGINT or SIGHUP; what runs then is cancelled and saved.

    A long job keeps none of the others: each tick starts what is due and does not wait for it.
    The configuration is read again for every tick; while it is wrong, nothing new starts.

    Parameters
    ----------
    project : Project
        The project.
    every : float
        Seconds from tick to tick.
    workers : int
        At most so many jobs at once.
    host, port : str, int
        Where ``/healthz`` answers.
    on_listen : callable
        Told the port.
    on_tick : callable
        Told what ended since the last tick, and what does not work.

    Raises
    ------
    ConfigError
        A job's configuration is wrong at the start.
    InputError
        The port is taken.
    """
    check_jobs(project)
    pulse = _Pulse(every)
    with Stop() as stop, health_server(host, port, pulse.health) as listening:
        on_listen(listening)
        scheduler = pulse.scheduler = Scheduler(stop, workers)
        running: list[Future[list[Ticked]]] = []
        try:
            while not stop.requested:
                began = time.monotonic()
                started, pulse.problems = _tick(project.root, scheduler)
                pulse.last, pulse.at = time.monotonic(), datetime.now(UTC)
                running = [*running, *started]
                running = _tell(running, pulse.problems, on_tick)
                wait(max(every - (time.monotonic() - began), 0), stop)
        finally:
            scheduler.close()
            _tell(running, [], on_tick)


def _tick(root: Any, scheduler: Scheduler) -> tuple[list[Future[list[Ticked]]], list[str]]:
    now = datetime.now(UTC)
    try:
        project = load_project(root)
        settle(project)
        started = scheduler.start_due(project, now)
        return started, look_after_alerts(project, now)
    except MlopsError as error:
        return [], [str(error)]


def _tell(
    running: list[Future[list[Ticked]]], problems: list[str], on_tick: OnTick
) -> list[Future[list[Ticked]]]:
    """Tell of those that have ended and return the others."""
    done: list[Ticked] = []
    for future in running:
        if future.done():
            error = future.exception()
            if error is not None:
                problems = [*problems, f"{type(error).__name__}: {error}"]
            else:
                done += future.result()
    on_tick(done, problems)
    return [future for future in running if not future.done()]
