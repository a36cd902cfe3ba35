"""The audit log: who let which model version live, when and why; each row seals the one before."""

from __future__ import annotations

import getpass
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mlops_nb.config import Project
from mlops_nb.errors import StoreError
from mlops_nb.state.database import metadata, transaction

GENESIS = "0" * 64
"""What the first row seals."""

_audit = sa.Table(
    "audit",
    metadata,
    # The position is the key: of two writers that saw the same last row one is refused.
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("time", sa.String(40), nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("model", sa.String(255), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("seal", sa.String(64), nullable=False, unique=True),
)


@sa.event.listens_for(_audit, "after_create")
def _protect(_table: sa.Table, connection: sa.Connection, **_options: object) -> None:
    """Let SQLite itself refuse to change what is written."""
    if connection.dialect.name != "sqlite":
        return
    for event in ("UPDATE", "DELETE"):
        connection.exec_driver_sql(
            f"CREATE TRIGGER audit_no_{event.lower()} BEFORE {event} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the audit log.

    Parameters
    ----------
    position : int
        Its place, from 1, without gaps.
    time : datetime
        In UTC.
    actor : str
        The operating system's name of the user.
    action : str
        ``promote``, ``rollback``, ``restore``.
    model : str
        The model.
    version : int
        The version that is champion afterwards.
    details : mapping
        What else is to be known: the reason, the version before, the gates' results.
    seal : str
        SHA-256 over the row and the seal before it, hexadecimal.
    """

    position: int
    time: datetime
    actor: str
    action: str
    model: str
    version: int
    details: Mapping[str, Any] = field(default_factory=dict)
    seal: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON-serialisable values."""
        return {
            "position": self.position,
            "time": self.time.isoformat(),
            "actor": self.actor,
            "action": self.action,
            "model": self.model,
            "version": self.version,
            "details": dict(self.details),
            "seal": self.seal,
        }


def append(
    connection: sa.Connection, *, action: str, model: str, version: int, details: Mapping[str, Any]
) -> Entry:
    """Add an entry within the caller's transaction, so that it stands or falls with it.

    Parameters
    ----------
    connection : Connection
        From :func:`mlops_nb.state.database.transaction`.
    action, model, version, details
        As in :class:`Entry`; the details must be JSON-serialisable.

    Returns
    -------
    Entry
        The entry with its place and seal.

    Raises
    ------
    StoreError
        Another process added an entry at the same moment.
    """
    last = connection.execute(
        sa.select(_audit.c.position, _audit.c.seal).order_by(_audit.c.position.desc()).limit(1)
    ).first()
    row = {
        "position": last.position + 1 if last else 1,
        "time": datetime.now(UTC).isoformat(),
        "actor": _actor(),
        "action": action,
        "model": model,
        "version": version,
        "details": json.dumps(dict(details), sort_keys=True),
    }
    row["seal"] = _seal(row, last.seal if last else GENESIS)
    try:
        connection.execute(_audit.insert().values(row))
    except sa.exc.IntegrityError as error:
        raise StoreError("another process wrote to the audit log just now", "try again") from error
    return _entry(row)


def copy(source: Project, target: Project) -> None:
    """Copy the log, seals and all, into a state that has none yet.

    Parameters
    ----------
    source, target : Project
        Whose log is read, and in whose state it is written.
    """
    with transaction(source) as connection:
        rows = [dict(row._mapping) for row in connection.execute(sa.select(_audit))]
    with transaction(target) as connection:
        if rows:
            connection.execute(_audit.insert(), rows)


def entries_in(connection: sa.Connection, model: str | None = None) -> list[Entry]:
    """Return the entries of one model or all, the oldest first, within a transaction."""
    query = sa.select(_audit).order_by(_audit.c.position)
    if model is not None:
        query = query.where(_audit.c.model == model)
    return [_entry(dict(row._mapping)) for row in connection.execute(query)]


def entries(project: Project, model: str | None = None) -> list[Entry]:
    """Return the entries of one model or all, the oldest first.

    Raises
    ------
    StoreError
        The state database cannot be read.
    """
    with transaction(project) as connection:
        return entries_in(connection, model)


def broken(project: Project) -> list[str]:
    """Return what is wrong with the chain of seals, nothing when it is whole.

    Rows that were changed, taken from the middle or put in between show here. That the last rows
    were cut off does not: for that a later seal must be known from elsewhere.
    """
    problems = []
    seal, expected = GENESIS, 1
    with transaction(project) as connection:
        rows = connection.execute(sa.select(_audit).order_by(_audit.c.position)).all()
    for found in rows:
        row = dict(found._mapping)
        if row["position"] != expected:
            problems.append(f"entries {expected} to {row['position'] - 1} are missing")
        elif _seal(row, seal) != row["seal"]:
            problems.append(f"entry {row['position']} was changed after it was written")
        seal, expected = row["seal"], row["position"] + 1
    return problems


def sealed(project: Project) -> list[tuple[Entry, str]]:
    """Return each entry, the oldest first, with the text that its seal is the SHA-256 of.

    Raises
    ------
    StoreError
        The state database cannot be read.
    """
    found, before = [], GENESIS
    with transaction(project) as connection:
        rows = connection.execute(sa.select(_audit).order_by(_audit.c.position)).all()
    for row in (dict(found._mapping) for found in rows):
        found.append((_entry(row), _text(row, before)))
        before = row["seal"]
    return found


def _text(row: Mapping[str, Any], before: str) -> str:
    sealed = {key: value for key, value in row.items() if key != "seal"}
    return json.dumps([before, sealed], sort_keys=True)


def _seal(row: Mapping[str, Any], before: str) -> str:
    return hashlib.sha256(_text(row, before).encode()).hexdigest()


def _entry(row: Mapping[str, Any]) -> Entry:
    try:
        details = json.loads(row["details"])
    except ValueError:
        # Somebody wrote into the row; `broken` says so, listing the log must still work.
        details = {}
    return Entry(
        **{
            **row,
            "time": datetime.fromisoformat(row["time"]),
            "details": details if isinstance(details, dict) else {},
        }
    )


def _actor() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container may run under a number that has no name.
        return "unknown"
