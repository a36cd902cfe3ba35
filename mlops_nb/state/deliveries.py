"""The outbox: messages stay here until their route has taken them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.state.attempts import moment, stamp
from mlops_nb.state.database import metadata, serialise, transaction

_deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("attempt", sa.String(32), nullable=False),
    sa.Column("route", sa.String(200), nullable=False),
    # When the route took it; empty while it has not.
    sa.Column("sent", sa.String(32), nullable=False),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False, server_default=""),
    sa.Column("body", sa.Text, nullable=False, server_default=""),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_try", sa.String(32), nullable=False, server_default=""),
)

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way by one route.

    Parameters
    ----------
    id : int
        Its number.
    attempt : str
        The attempt it is about; empty for one of the scheduler's own.
    route : str
        The route's name.
    title, body : str
        The message.
    tries : int
        How often it was tried before.
    """

    id: int
    attempt: str
    route: str
    title: str
    body: str
    tries: int


def enqueue(
    connection: sa.Connection, attempt: str, routes: Sequence[str], *, title: str, body: str
) -> None:
    """Enter a message for each of the routes, in the transaction of what it is about."""
    for route in routes:
        connection.execute(
            _deliveries.insert().values(
                attempt=attempt,
                route=route,
                sent="",
                problem="",
                title=title,
                body=body,
                tries=0,
                next_try=stamp(datetime.now(UTC)),
            )
        )


def take_due(project: Project, now: datetime, *, limit: int = 100) -> list[Delivery]:
    """Return the messages to try now; no other process is given them before their next turn.

    Parameters
    ----------
    project : Project
        The project.
    now : datetime
        The moment, aware.
    limit : int
        At most so many.
    """
    # Entries of before the outbox have no title: they were tried when they were made.
    waiting = (_deliveries.c.sent == "") & (_deliveries.c.title != "")
    due = waiting & (_deliveries.c.next_try <= stamp(now))
    query = sa.select(_deliveries).where(due).order_by(_deliveries.c.id).limit(limit)
    with transaction(project) as connection:
        serialise(connection, "deliveries")
        rows = connection.execute(query).all()
        for row in rows:
            wait = min(FIRST_WAIT * 2 ** min(row.tries, 10), LONGEST_WAIT)
            connection.execute(
                _deliveries.update()
                .where(_deliveries.c.id == row.id)
                .values(tries=row.tries + 1, next_try=stamp(now + wait))
            )
    return [
        Delivery(
            id=row.id,
            attempt=row.attempt,
            route=row.route,
            title=row.title,
            body=row.body,
            tries=row.tries,
        )
        for row in rows
    ]


def settle(project: Project, number: int, problem: str) -> None:
    """Enter that a message was taken, or what kept it: then it stays in the outbox."""
    sent = "" if problem else stamp(datetime.now(UTC))
    with transaction(project) as connection:
        connection.execute(
            _deliveries.update()
            .where(_deliveries.c.id == number)
            .values(sent=sent, problem=problem)
        )


def delivered(project: Project) -> dict[str, datetime]:
    """Return when each route took a message last, in UTC; a route that took none is left out."""
    query = (
        sa.select(_deliveries.c.route, sa.func.max(_deliveries.c.sent).label("sent"))
        .where(_deliveries.c.sent != "")
        .group_by(_deliveries.c.route)
    )
    with transaction(project) as connection:
        return {row.route: moment(row.sent) for row in connection.execute(query)}


def undelivered(project: Project, *, limit: int = 20) -> list[tuple[str, str, str]]:
    """Return attempt, route and problem of messages that did not get through, newest first."""
    query = (
        sa.select(_deliveries.c.attempt, _deliveries.c.route, _deliveries.c.problem)
        .where(_deliveries.c.problem != "")
        .order_by(_deliveries.c.id.desc())
        .limit(limit)
    )
    with transaction(project) as connection:
        return [(row.attempt, row.route, row.problem) for row in connection.execute(query)]
