"""The history of attempts, kept beside their folders so that it can be asked quickly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.state.database import metadata, transaction

_attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("attempt", sa.String(32), primary_key=True),
    sa.Column("job", sa.String(200), nullable=False, index=True),
    sa.Column("logical_time", sa.String(32), nullable=False),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("parent", sa.String(32)),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("started", sa.String(32), nullable=False),
    sa.Column("ended", sa.String(32)),
    sa.Column("run_id", sa.String(64)),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)

RUNNING = "running"
_NOT_ENDED = ("running", "cancelled")
_SUCCESSES = ("succeeded", "findings")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One line of the history.

    Parameters
    ----------
    attempt, job : str
        The attempt's id and its job's name.
    logical_time : datetime
        The due time it ran for, in UTC.
    origin : str
        What started it: ``demand``, ``schedule``, ``after``, ``retry``, ``backfill`` or ``sweep``.
    parent : str, optional
        The attempt whose ending started it.
    status : str
        ``running``, or how it ended.
    started, ended : datetime
        In UTC; `ended` is None while it runs.
    run_id : str, optional
        Its run in the tracking store.
    folder : str
        Its folder, from the project's root.
    message : str
        Why it ended as it did.
    """

    attempt: str
    job: str
    logical_time: datetime
    origin: str
    parent: str | None
    status: str
    started: datetime
    ended: datetime | None
    run_id: str | None
    folder: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How far a job has come.

    Parameters
    ----------
    first : datetime
        The earliest due time that it was started for, in UTC.
    ended_for : datetime
        The latest due time that a run has ended for, well or badly, in UTC; 1970 for none.
    succeeded : datetime, optional
        When its latest success ended, in UTC.
    """

    first: datetime
    ended_for: datetime = _NEVER
    succeeded: datetime | None = None


def stamp(moment: datetime) -> str:
    """Return a moment as text that sorts by time: UTC, microseconds, fixed width."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """Return the moment of :func:`stamp`'s answer."""
    return datetime.fromisoformat(text)


def begin(
    project: Project,
    attempt: str,
    *,
    job: str,
    logical_time: datetime,
    origin: str,
    parent: str | None,
    folder: str,
) -> None:
    """Enter an attempt that starts now.

    Parameters
    ----------
    project : Project
        The project.
    attempt, job : str
        The attempt's id and its job's name.
    logical_time : datetime
        The due time, aware.
    origin : str
        As in :class:`AttemptRow`.
    parent : str, optional
        The attempt whose ending started it.
    folder : str
        Where it will be, from the project's root.
    """
    with transaction(project) as connection:
        connection.execute(
            _attempts.insert().values(
                attempt=attempt,
                job=job,
                logical_time=stamp(logical_time),
                origin=origin,
                parent=parent,
                status=RUNNING,
                started=stamp(datetime.now(UTC)),
                folder=folder,
                message="",
            )
        )


def end(
    project: Project, attempt: str, *, status: str, message: str = "", run_id: str | None = None
) -> None:
    """Enter how an attempt ended.

    Parameters
    ----------
    project : Project
        The project.
    attempt : str
        The attempt's id.
    status, message : str
        How, and why.
    run_id : str, optional
        Its run in the tracking store.
    """
    with transaction(project) as connection:
        connection.execute(
            _attempts.update()
            .where(_attempts.c.attempt == attempt)
            .values(status=status, message=message, run_id=run_id, ended=stamp(datetime.now(UTC)))
        )


def list_attempts(project: Project, job: str | None = None, *, limit: int = 20) -> list[AttemptRow]:
    """Return attempts, the newest first.

    Parameters
    ----------
    project : Project
        The project.
    job : str, optional
        Only those of this job.
    limit : int
        At most so many.
    """
    query = sa.select(_attempts).order_by(_attempts.c.started.desc()).limit(limit)
    if job is not None:
        query = query.where(_attempts.c.job == job)
    with transaction(project) as connection:
        return [_from_row(row) for row in connection.execute(query)]


def latest_by_job(project: Project) -> dict[str, AttemptRow]:
    """Return the newest attempt of every job that has one."""
    newest = (
        sa.select(_attempts.c.job, sa.func.max(_attempts.c.started).label("started"))
        .group_by(_attempts.c.job)
        .subquery()
    )
    same = (_attempts.c.job == newest.c.job) & (_attempts.c.started == newest.c.started)
    query = sa.select(_attempts).join(newest, same)
    with transaction(project) as connection:
        return {row.job: _from_row(row) for row in connection.execute(query)}


def last_scheduled(project: Project) -> dict[str, datetime]:
    """Return the latest due time that each job was started for by its schedule."""
    query = (
        sa.select(_attempts.c.job, sa.func.max(_attempts.c.logical_time))
        .where(_attempts.c.origin == "schedule")
        .group_by(_attempts.c.job)
    )
    with transaction(project) as connection:
        return {job: moment(text) for job, text in connection.execute(query)}


def past_by_job(project: Project) -> dict[str, Past]:
    """Return how far every job has come that ever ran."""
    ended = sa.case((_attempts.c.status.not_in(_NOT_ENDED), _attempts.c.logical_time), else_=None)
    succeeded = sa.case((_attempts.c.status.in_(_SUCCESSES), _attempts.c.ended), else_=None)
    query = sa.select(
        _attempts.c.job,
        sa.func.min(_attempts.c.logical_time).label("first"),
        sa.func.max(ended).label("due"),
        sa.func.max(succeeded).label("success"),
    ).group_by(_attempts.c.job)
    with transaction(project) as connection:
        return {
            row.job: Past(
                first=moment(row.first),
                ended_for=moment(row.due) if row.due else _NEVER,
                succeeded=moment(row.success) if row.success else None,
            )
            for row in connection.execute(query)
        }


def get(project: Project, attempt: str) -> AttemptRow | None:
    """Return the attempt of an id, None when there is none."""
    query = sa.select(_attempts).where(_attempts.c.attempt == attempt)
    with transaction(project) as connection:
        row = connection.execute(query).one_or_none()
    return _from_row(row) if row is not None else None


def newest_for(project: Project, job: str, logical_time: datetime) -> AttemptRow | None:
    """Return the newest attempt of a job's due time, None when there is none."""
    same = (_attempts.c.job == job) & (_attempts.c.logical_time == stamp(logical_time))
    query = sa.select(_attempts).where(same).order_by(_attempts.c.started.desc()).limit(1)
    with transaction(project) as connection:
        row = connection.execute(query).one_or_none()
    return _from_row(row) if row is not None else None


def _from_row(row: sa.Row[tuple[object, ...]]) -> AttemptRow:
    values = dict(row._mapping)
    ended = values["ended"]
    return AttemptRow(
        **{
            **values,
            "logical_time": moment(values["logical_time"]),
            "started": moment(values["started"]),
            "ended": moment(ended) if ended else None,
        }
    )
