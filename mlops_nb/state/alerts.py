"""Alerts: what is wrong, since when, who knows; one row per finding until it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError, did_you_mean
from mlops_nb.result import SEVERITY, Result, Status
from mlops_nb.state import alert_events
from mlops_nb.state.attempts import moment, stamp
from mlops_nb.state.database import metadata, serialise, transaction

alerts_table = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    # (model, identity) while it is not resolved, NULL after: at most one row of each is alive.
    sa.Column("live", sa.String(600), unique=True),
    sa.Column("model", sa.String(200), nullable=False),
    sa.Column("identity", sa.String(400), nullable=False),
    sa.Column("job", sa.String(200), nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16), nullable=False, index=True),
    sa.Column("first_seen", sa.String(32), nullable=False),
    sa.Column("last_seen", sa.String(32), nullable=False),
    sa.Column("due", sa.String(32), nullable=False),
    sa.Column("windows", sa.Integer, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("advice", sa.Text, nullable=False),
    sa.Column("attempt", sa.String(32), nullable=False),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("owner", sa.String(200), nullable=False, server_default=""),
    sa.Column("playbook", sa.Text, nullable=False, server_default=""),
    # When a message about it was queued, and one for those it is escalated to; empty: not yet.
    sa.Column("told", sa.String(32), nullable=False, server_default=""),
    sa.Column("escalated", sa.String(32), nullable=False, server_default=""),
)

RAISING = (Status.FAILED, Status.ERROR)
AlertStatus = Literal["open", "acknowledged", "resolved"]
News = Literal["new", "escalated", "ongoing", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One finding over the windows that show it.

    Parameters
    ----------
    id : int
        Its number.
    model, identity : str
        What it is about; a model is empty for a job that did not run as it should.
    job : str
        The job that found it.
    severity : str
        ``failed`` or ``error``.
    status : str
        ``open``, ``acknowledged`` or ``resolved``.
    first_seen, last_seen : datetime
        When it was found first and last, in UTC.
    due : datetime
        The due time of the latest attempt that found it, in UTC.
    windows : int
        In how many attempts in a row.
    message, advice : str
        What is wrong, and what to do.
    attempt, folder : str
        The latest attempt that found it, and its folder from the project's root.
    note : str
        What somebody wrote when acknowledging it.
    owner : str
        Who answers for it.
    playbook : str
        Where it is written what to do: a file, and the heading in it after ``#``.
    told, escalated : datetime, optional
        When a message about it was queued, and when one to those it is escalated to.
    """

    id: int
    model: str
    identity: str
    job: str
    severity: str
    status: AlertStatus
    first_seen: datetime
    last_seen: datetime
    due: datetime
    windows: int
    message: str
    advice: str
    attempt: str
    folder: str
    note: str
    owner: str = ""
    playbook: str = ""
    told: datetime | None = None
    escalated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where results come from.

    Parameters
    ----------
    model, job, attempt, folder : str
        As in :class:`Alert`.
    due : datetime
        The attempt's due time, aware.
    owner : str
        As in :class:`Alert`.
    playbook : callable
        Given a result, answers where it is written what to do about it.
    """

    model: str
    job: str
    attempt: str
    folder: str
    due: datetime
    owner: str = ""
    playbook: Callable[[Result], str] = lambda _result: ""


def record(project: Project, found: Found, results: Sequence[Result]) -> list[tuple[News, Alert]]:
    """Bring the alerts up to date with what an attempt found.

    A failed or erroneous result opens an alert or continues the one alive; a passed one resolves
    it, unless it is of an earlier due time. Other results leave it as it is.

    Parameters
    ----------
    project : Project
        The project.
    found : Found
        The attempt.
    results : sequence of Result
        What it found.

    Returns
    -------
    list of (news, Alert)
        Every alert touched, in the order of the results.
    """
    touched: list[tuple[News, Alert]] = []
    with transaction(project) as connection:
        serialise(connection, "alerts")
        for result in results:
            held = connection.execute(
                sa.select(alerts_table).where(
                    alerts_table.c.live == _key(found.model, result.identity)
                )
            ).one_or_none()
            news: News | None = None
            if result.status in RAISING:
                news = _raise(connection, found, result, held)
            elif (
                held is not None and result.status is Status.PASSED and stamp(found.due) >= held.due
            ):
                _update(connection, held.id, status="resolved", live=None)
                news = "resolved"
                alert_events.add(
                    connection, held.id, "resolved", actor=found.attempt or "scheduler"
                )
            if news is not None:
                number = held.id if held is not None else None
                touched.append((news, _one(connection, number, found, result)))
    return touched


def _raise(
    connection: sa.Connection, found: Found, result: Result, held: sa.Row[Any] | None
) -> News:
    now = stamp(datetime.now(UTC))
    latest = {
        "severity": result.status.value,
        "last_seen": now,
        "message": result.message or result.identity,
        "advice": result.advice,
        "job": found.job,
        "attempt": found.attempt,
        "folder": found.folder,
        "owner": found.owner,
        "playbook": found.playbook(result),
    }
    actor = found.attempt or "scheduler"
    if held is None:
        values = {
            **latest,
            "live": _key(found.model, result.identity),
            "model": found.model,
            "identity": result.identity,
            "status": "open",
            "first_seen": now,
            "due": stamp(found.due),
            "windows": 1,
            "note": "",
        }
        made = connection.execute(alerts_table.insert().values(**values)).inserted_primary_key
        alert_events.add(connection, made[0] if made else 0, "opened", actor=actor)
        return "new"
    windows = held.windows + (held.attempt != found.attempt)
    due = max(held.due, stamp(found.due))
    graver = SEVERITY.index(result.status) > SEVERITY.index(Status(held.severity))
    # Whoever acknowledged the lesser trouble does not know of the graver one.
    status = "open" if graver else held.status
    if graver:
        latest |= {"told": "", "escalated": ""}
    _update(connection, held.id, windows=windows, due=due, status=status, **latest)
    alert_events.add(connection, held.id, "graver" if graver else "seen_again", actor=actor)
    return "escalated" if graver else "ongoing"


def list_alerts(project: Project, *, resolved: bool = False, limit: int = 100) -> list[Alert]:
    """Return the alerts, the newest first.

    Parameters
    ----------
    project : Project
        The project.
    resolved : bool
        Whether those that are over are among them.
    limit : int
        At most so many.
    """
    query = (
        sa.select(alerts_table)
        .order_by(alerts_table.c.last_seen.desc(), alerts_table.c.id)
        .limit(limit)
    )
    if not resolved:
        query = query.where(alerts_table.c.live.is_not(None))
    with transaction(project) as connection:
        return [_from_row(row) for row in connection.execute(query)]


def acknowledge(project: Project, number: int, note: str = "") -> Alert:
    """Say that somebody knows of an alert and sees to it.

    Parameters
    ----------
    project : Project
        The project.
    number : int
        The alert's number.
    note : str
        Who, or what is being done.

    Raises
    ------
    NotFoundError
        No alert that is not resolved has this number.
    """
    alive = (alerts_table.c.id == number) & alerts_table.c.live.is_not(None)
    with transaction(project) as connection:
        change = alerts_table.update().where(alive).values(status="acknowledged", note=note)
        if connection.execute(change).rowcount:
            alert_events.add(connection, number, "acknowledged", note=note)
            return _from_row(connection.execute(sa.select(alerts_table).where(alive)).one())
        numbers = connection.execute(
            sa.select(alerts_table.c.id).where(alerts_table.c.live.is_not(None))
        )
        known = [str(row.id) for row in numbers]
    raise NotFoundError(
        f"there is no alert {number} to acknowledge",
        did_you_mean(str(number), known) or "mlops alert list",
    )


def get(project: Project, number: int) -> Alert:
    """Return an alert by its number, resolved ones included.

    Raises
    ------
    NotFoundError
        There is none of this number.
    """
    with transaction(project) as connection:
        row = connection.execute(
            sa.select(alerts_table).where(alerts_table.c.id == number)
        ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no alert {number}", "mlops alert list --all")
    return _from_row(row)


def _key(model: str, identity: str) -> str:
    return f"{model}\n{identity}"


def _update(connection: sa.Connection, number: int, **values: object) -> None:
    connection.execute(alerts_table.update().where(alerts_table.c.id == number).values(**values))


def _one(connection: sa.Connection, number: int | None, found: Found, result: Result) -> Alert:
    which = (
        alerts_table.c.live == _key(found.model, result.identity)
        if number is None
        else alerts_table.c.id == number
    )
    return _from_row(connection.execute(sa.select(alerts_table).where(which)).one())


def _from_row(row: sa.Row[Any]) -> Alert:
    values = dict(row._mapping)
    del values["live"]
    for name in ("first_seen", "last_seen", "due"):
        values[name] = moment(values[name])
    for name in ("told", "escalated"):
        values[name] = moment(values[name]) if values[name] else None
    return Alert(**values)
