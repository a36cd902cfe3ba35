"""Which alert routes took a test message, and when."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.state.attempts import moment, stamp
from mlops_nb.state.database import metadata, transaction

_tests = sa.Table(
    "route_tests",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("route", sa.String(200), nullable=False),
    # Of what the route led to: one that leads elsewhere now was never tested.
    sa.Column("target", sa.String(64), nullable=False),
    sa.Column("time", sa.String(32), nullable=False),
    # What kept the message from it; empty: it was taken.
    sa.Column("problem", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTest:
    """The last test of a route as it is configured now.

    Parameters
    ----------
    time : datetime
        In UTC.
    problem : str
        What kept the message from it; empty: it was delivered.
    """

    time: datetime
    problem: str


def record_tests(project: Project, problems: Mapping[str, str]) -> None:
    """Enter what came of test messages: route → what kept the message, empty when delivered."""
    targets, now = project.config.alerts.routes, stamp(datetime.now(UTC))
    with transaction(project) as connection:
        for route, problem in problems.items():
            connection.execute(
                _tests.insert().values(
                    route=route, target=_digest(targets[route]), time=now, problem=problem
                )
            )


def last_tests(project: Project) -> dict[str, RouteTest]:
    """Return the last test of each configured route; one that was never tested is not in it."""
    with transaction(project) as connection:
        rows = connection.execute(sa.select(_tests).order_by(_tests.c.id)).all()
    targets = {name: _digest(url) for name, url in project.config.alerts.routes.items()}
    return {
        row.route: RouteTest(time=moment(row.time), problem=row.problem)
        for row in rows
        if targets.get(row.route) == row.target
    }


def _digest(target: str) -> str:
    return hashlib.sha256(target.encode()).hexdigest()
