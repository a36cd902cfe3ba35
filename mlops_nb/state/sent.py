"""What the sinks have taken: one row a chunk, by what is in it."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.state.attempts import stamp
from mlops_nb.state.database import metadata, transaction

_sent = sa.Table(
    "sent",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("sink", sa.String(200), nullable=False, index=True),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("time", sa.String(32), nullable=False),
)


def taken(project: Project, sink: str) -> set[str]:
    """Return the keys of the chunks that a sink has taken."""
    with transaction(project) as connection:
        return set(connection.scalars(sa.select(_sent.c.key).where(_sent.c.sink == sink)))


def record_taken(project: Project, sink: str, key: str, rows: int) -> None:
    """Enter that a sink has taken a chunk; one that it took again keeps its latest time."""
    now = stamp(datetime.now(UTC))
    with transaction(project) as connection:
        connection.execute(_sent.delete().where(_sent.c.key == key))
        connection.execute(_sent.insert().values(key=key, sink=sink, rows=rows, time=now))
