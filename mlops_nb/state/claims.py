"""Claims: one running attempt per job and due time, whatever number of processes try."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime

import psutil
import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.errors import ExitCode, MlopsError
from mlops_nb.state.attempts import stamp
from mlops_nb.state.database import metadata, transaction

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
)


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

    def alive(self) -> bool:
        """Return whether the process still runs; that of another machine is taken to."""
        if self.host != socket.gethostname():
            return True
        try:
            started = float(psutil.Process(self.pid).create_time())
        except psutil.Error:
            return False
        return abs(started - self.started) < 1.0


def claim(
    project: Project, job: str, logical_time: datetime, attempt: str, *, again: bool = True
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

    Raises
    ------
    AlreadyClaimedError
        Its attempt is running; with ``again=False`` also when it has ended.
    """
    row = _row(job, logical_time, attempt)
    try:
        with transaction(project) as connection:
            connection.execute(_claims.insert().values(**row))
            return
    except sa.exc.IntegrityError:
        pass  # somebody was here before
    key = (_claims.c.job == job) & (_claims.c.logical_time == row["logical_time"])
    with transaction(project) as connection:
        held = connection.execute(sa.select(_claims).where(key)).one()
        if again and not (held.running and _owner(held).alive()):
            # Compare and swap: of several that see the claim free, one gets it.
            unchanged = key & (_claims.c.attempt == held.attempt)
            if connection.execute(_claims.update().where(unchanged).values(**row)).rowcount:
                return
    doing = "is running" if held.running else "has run"
    raise AlreadyClaimedError(
        f"job {job!r} {doing} for {row['logical_time']} already, as attempt {held.attempt}",
        f"mlops job history {job}",
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
    return [row.attempt for row in rows if not _owner(row).alive()]


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
    }


def _owner(row: sa.Row[tuple[object, ...]]) -> Owner:
    return Owner(host=row.host, pid=row.pid, started=row.pid_started)
