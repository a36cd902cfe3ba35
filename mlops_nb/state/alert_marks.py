"""What happens to alerts beside what attempts find: told, escalated, silenced, triggered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.state import alert_events
from mlops_nb.state.alert_events import Happening
from mlops_nb.state.alerts import Alert, alerts_table
from mlops_nb.state.attempts import stamp
from mlops_nb.state.database import transaction


def mark_told(
    connection: sa.Connection, alerts: Sequence[Alert], *, actor: str, escalated: bool = False
) -> None:
    """Enter, in the transaction that queues the message, that alerts are told."""
    now = stamp(datetime.now(UTC))
    values = {"told": now, "escalated": now} if escalated else {"told": now}
    for alert in alerts:
        connection.execute(
            alerts_table.update().where(alerts_table.c.id == alert.id).values(**values)
        )
        alert_events.add(
            connection, alert.id, "escalated" if escalated else "told", actor=actor or "scheduler"
        )


def mark(project: Project, alerts: Sequence[Alert], event: Happening, *, actor: str) -> None:
    """Enter something that happened to alerts and leaves their state as it is."""
    if not alerts:
        return
    with transaction(project) as connection:
        for alert in alerts:
            alert_events.add(connection, alert.id, event, actor=actor)
