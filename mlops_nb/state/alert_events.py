"""What happened to an alert, when and by whom: every change of its state is a row here."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.state.attempts import moment, stamp
from mlops_nb.state.database import metadata, transaction

_events = sa.Table(
    "alert_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("alert", sa.Integer, nullable=False, index=True),
    sa.Column("time", sa.String(32), nullable=False),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)

Happening = Literal[
    "opened", "seen_again", "graver", "told", "silenced", "escalated", "acknowledged", "triggered",
    "resolved",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """One change.

    Parameters
    ----------
    alert : int
        The alert's number.
    time : datetime
        When, in UTC.
    event : str
        What.
    actor : str
        The attempt, or the person's name in the operating system.
    note : str
        What else was said.
    """

    alert: int
    time: datetime
    event: Happening
    actor: str
    note: str


def add(
    connection: sa.Connection, alert: int, event: Happening, *, actor: str = "", note: str = ""
) -> None:
    """Enter a change in the transaction that makes it; the actor is this user by default."""
    now = stamp(datetime.now(UTC))
    connection.execute(
        _events.insert().values(
            alert=alert, time=now, event=event, actor=actor or user(), note=note
        )
    )


def events(project: Project, alert: int) -> list[AlertEvent]:
    """Return what happened to an alert, the first change first."""
    query = sa.select(_events).where(_events.c.alert == alert).order_by(_events.c.id)
    with transaction(project) as connection:
        return [
            AlertEvent(
                alert=row.alert,
                time=moment(row.time),
                event=row.event,
                actor=row.actor,
                note=row.note,
            )
            for row in connection.execute(query)
        ]


def user() -> str:
    """Return the name of this process's user in the operating system."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under an id that nobody is called
        return ""
