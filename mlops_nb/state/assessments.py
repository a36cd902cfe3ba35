"""What was assessed when: rows that are only added, so that progress can be looked back on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.state.attempts import moment, stamp
from mlops_nb.state.database import metadata, serialise, transaction

_assessments = sa.Table(
    "assessments",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("time", sa.String(32), nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    # The names of the criteria that were met, as a JSON list in order.
    sa.Column("met", sa.Text, nullable=False),
)


@sa.event.listens_for(_assessments, "after_create")
def _protect(_table: sa.Table, connection: sa.Connection, **_options: object) -> None:
    """Let SQLite itself refuse to change what is written."""
    if connection.dialect.name != "sqlite":
        return
    for event in ("UPDATE", "DELETE"):
        connection.exec_driver_sql(
            f"CREATE TRIGGER assessments_no_{event.lower()} BEFORE {event} ON assessments "
            "BEGIN SELECT RAISE(ABORT, 'assessments are append-only'); END"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """How mature a project was.

    Parameters
    ----------
    time : datetime
        Since when it was like this, in UTC.
    level : int
        The level, 0 to 3.
    met : tuple of str
        The criteria that were met.
    """

    time: datetime
    level: int
    met: tuple[str, ...]


def note(project: Project, assessment: Assessment) -> None:
    """Enter an assessment, unless the latest one said the same."""
    met = json.dumps(sorted(assessment.met))
    newest = sa.select(_assessments).order_by(_assessments.c.id.desc()).limit(1)
    with transaction(project) as connection:
        serialise(connection, "assessments")
        last = connection.execute(newest).one_or_none()
        if last is None or (last.level, last.met) != (assessment.level, met):
            row = {"time": stamp(assessment.time), "level": assessment.level, "met": met}
            connection.execute(_assessments.insert().values(**row))


def history(project: Project) -> list[Assessment]:
    """Return the assessments that changed something, the first one first."""
    with transaction(project) as connection:
        rows = connection.execute(sa.select(_assessments).order_by(_assessments.c.id)).all()
    return [
        Assessment(time=moment(row.time), level=row.level, met=tuple(json.loads(row.met)))
        for row in rows
    ]
