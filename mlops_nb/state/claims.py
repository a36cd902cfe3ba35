"""Claims: one running attempt per job and due time, whatever number of processes try."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.errors import ExitCode, MlopsError
from mlops_nb.state.attempts import moment, stamp
from mlops_nb.state.database import metadata, serialise, transaction

_claims = sa.Table(
    "claims",
    metadata,
    sa.Column("job", sa.String(200), primary_key=True),
    sa.Column("logical_time", sa.String(32), primary_key=True),
    sa.Column("attempt", sa.String(32), nullable=False),
    sa.Column("running", sa.Boolean, nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("pid_started", sa.Float, nullable=False),
    sa.Column("seen", sa.String(32), nullable=False, server_default=""),
)

BEAT_SECONDS = 30.0
"""How often a running attempt says that it is alive."""

LOST_AFTER = timedelta(minutes=5)
"""After so long without a word the attempt of another machine is taken to be dead."""


class ConcurrencyError(MlopsError):
    """As many attempts of the job are running as it allows at once."""

    exit_code = ExitCode.ALREADY_RUNNING


class AlreadyClaimedError(MlopsError):
    """Another attempt has the same job and due time."""

    exit_code = ExitCode.ALREADY_RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process that runs an attempt.

    Parameters
    ----------
    host : str
        The machine's name.
    pid : int
        The process's id there.
    started : float
        When it was started, in seconds since 1970: ids are used again.
    """

    host: str
    pid: int
    started: float

    @classmethod
    def me(cls) -> Owner:
        """Return this process."""
        process = psutil.Process()
        return cls(host=socket.gethostname(), pid=os.getpid(), started=process.create_time())

    def alive(self, seen: str = "") -> bool:
        """Return whether the process still runs.

        Parameters
        ----------
        seen : str
            When it was heard of last, as :func:`mlops_nb.state.attempts.stamp` writes it: all
            there is to judge a process on another machine by.
        """
        if self.host != socket.gethostname():
            return not seen or datetime.now(UTC) - moment(seen) < LOST_AFTER
        try:
            process = psutil.Process(self.pid)
            started = float(process.create_time())
            if process.status() == psutil.STATUS_ZOMBIE:  # dead, and its parent does not look
                return False
        except psutil.Error:
            return False
        return abs(started - self.started) < 1.0


def claim(
    project: Project,
    job: str,
    logical_time: datetime,
    attempt: str,
    *,
    again: bool = True,
    concurrency: int = 0,
) -> None:
    """Claim a job's due time for an attempt.

    Parameters
    ----------
    project : Project
        The project.
    job : str
        The job's name.
    logical_time : datetime
        The due time, aware.
    attempt : str
        The attempt's id.
    again : bool
        Whether a due time whose attempt has ended may be claimed anew.
    concurrency : int
        At most so many attempts of the job may run at once; 0: any number.

    Raises
    ------
    AlreadyClaimedError
        Its attempt is running; with ``again=False`` also when it has ended.
    ConcurrencyError
        Too many others of the job are running.
    """
    row = _row(job, logical_time, attempt)
    key = (_claims.c.job == job) & (_claims.c.logical_time == row["logical_time"])
    with transaction(project) as connection:
        serialise(connection, f"job {job}")
        held = connection.execute(sa.select(_claims).where(key)).one_or_none()
        if held is None or (again and not _runs(held)):
            _check_room(connection, job, concurrency)
            if held is None:
                connection.execute(_claims.insert().values(**row))
            else:
                connection.execute(_claims.update().where(key).values(**row))
            return
    doing = "is running" if held.running else "has run"
    raise AlreadyClaimedError(
        f"job {job!r} {doing} for {row['logical_time']} already, as attempt {held.attempt}",
        f"mlops job history {job}",
    )


def _check_room(connection: sa.Connection, job: str, concurrency: int) -> None:
    if not concurrency:
        return
    query = sa.select(_claims).where((_claims.c.job == job) & _claims.c.running)
    running = sum(_runs(row) for row in connection.execute(query))
    if running >= concurrency:
        raise ConcurrencyError(
            f"job {job!r} is running {running} times, its concurrency is {concurrency}",
            f"mlops job history {job}",
        )


def beat(project: Project, attempt: str) -> None:
    """Say that an attempt is alive, for other machines to read."""
    with transaction(project) as connection:
        connection.execute(
            _claims.update()
            .where(_claims.c.attempt == attempt)
            .values(seen=stamp(datetime.now(UTC)))
        )


def release(project: Project, attempt: str) -> None:
    """Say that an attempt has ended."""
    with transaction(project) as connection:
        connection.execute(
            _claims.update().where(_claims.c.attempt == attempt).values(running=False)
        )


def abandoned(project: Project) -> list[str]:
    """Return the attempts that are called running but whose process is gone."""
    with transaction(project) as connection:
        rows = connection.execute(sa.select(_claims).where(_claims.c.running)).all()
    return [row.attempt for row in rows if not _runs(row)]


def _row(job: str, logical_time: datetime, attempt: str) -> dict[str, str | int | float | bool]:
    me = Owner.me()
    return {
        "job": job,
        "logical_time": stamp(logical_time),
        "attempt": attempt,
        "running": True,
        "host": me.host,
        "pid": me.pid,
        "pid_started": me.started,
        "seen": stamp(datetime.now(UTC)),
    }


def _runs(row: sa.Row[Any]) -> bool:
    owner = Owner(host=row.host, pid=row.pid, started=row.pid_started)
    return bool(row.running) and owner.alive(row.seen)
