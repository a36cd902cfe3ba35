"""Silences: which alerts send nothing and start nothing, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.state.alert_events import user
from mlops_nb.state.alerts import Alert
from mlops_nb.state.attempts import moment, stamp
from mlops_nb.state.database import metadata, transaction

_silences = sa.Table(
    "silences",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("pattern", sa.String(400), nullable=False),
    sa.Column("until", sa.String(32), nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Alerts that are kept quiet.

    Parameters
    ----------
    id : int
        Its number.
    pattern : str
        Of the finding, as a glob: ``drift.*``; behind ``MODEL:`` only of that model.
    until : datetime
        In UTC.
    actor, note : str
        Who asked for it, and why.
    """

    id: int
    pattern: str
    until: datetime
    actor: str
    note: str

    def covers(self, alert: Alert) -> bool:
        """Return whether an alert is kept quiet by this."""
        full = f"{alert.model}:{alert.identity}"
        return fnmatchcase(full if ":" in self.pattern else alert.identity, self.pattern)


def silence(project: Project, pattern: str, until: datetime, note: str = "") -> Silence:
    """Keep alerts quiet for a while; they are still recorded, and told when it is over.

    Parameters
    ----------
    project : Project
        The project.
    pattern : str
        As in :class:`Silence`.
    until : datetime
        Aware.
    note : str
        Why.

    Raises
    ------
    InputError
        The pattern is empty, or the time has passed.
    """
    if not pattern.strip():
        raise InputError("a silence wants a pattern", "mlops alert silence 'drift.*' --for 4h")
    if until <= datetime.now(UTC):
        raise InputError(f"a silence until {until:%Y-%m-%d %H:%M} has no effect: it has passed")
    values = {"pattern": pattern, "until": stamp(until), "actor": user(), "note": note}
    with transaction(project) as connection:
        number = connection.execute(_silences.insert().values(**values)).inserted_primary_key
    return Silence(
        id=number[0] if number else 0, pattern=pattern, until=until, actor=user(), note=note
    )


def silences(project: Project, at: datetime) -> list[Silence]:
    """Return the silences that hold at a moment."""
    query = sa.select(_silences).where(_silences.c.until > stamp(at)).order_by(_silences.c.id)
    with transaction(project) as connection:
        return [
            Silence(
                id=row.id,
                pattern=row.pattern,
                until=moment(row.until),
                actor=row.actor,
                note=row.note,
            )
            for row in connection.execute(query)
        ]


def lift(project: Project, number: int) -> None:
    """End a silence now.

    Raises
    ------
    NotFoundError
        There is none of this number that holds.
    """
    now = stamp(datetime.now(UTC))
    held = (_silences.c.id == number) & (_silences.c.until > now)
    with transaction(project) as connection:
        if not connection.execute(_silences.update().where(held).values(until=now)).rowcount:
            raise NotFoundError(f"there is no silence {number} to lift", "mlops alert silence")


def is_quiet(alert: Alert, held: Sequence[Silence]) -> bool:
    """Return whether any of the silences covers an alert."""
    return any(one.covers(alert) for one in held)
