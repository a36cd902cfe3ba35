"""One connection to the state database, SQLite in ``.mlops/`` or what ``state-uri`` names."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from mlops_nb.config import Project
from mlops_nb.errors import StoreError

metadata = sa.MetaData()
"""Every table of the state; the sibling modules add theirs when they are imported."""

BUSY_SECONDS = 30.0


@contextmanager
def transaction(project: Project) -> Iterator[sa.Connection]:
    """Open a transaction that commits at the end of the block and rolls back on an error.

    Parameters
    ----------
    project : Project
        Whose state to open; its tables are created on first use.

    Raises
    ------
    StoreError
        The database cannot be reached or written.
    """
    try:
        with _engine(project.state_uri).begin() as connection:
            # Cheap when they exist, and right when a sibling was imported after the first use.
            metadata.create_all(connection)
            yield connection
    except sa.exc.OperationalError as error:
        raise StoreError(
            f"cannot use the state database {_shown(project.state_uri)}: {error.orig}",
            "check `state-uri` in [tool.mlops], MLOPS_STATE_URI, and that the folder is writable",
        ) from error


@lru_cache(maxsize=8)
def _engine(uri: str) -> sa.Engine:
    try:
        url = make_url(uri)
        if url.get_backend_name() != "sqlite":
            return sa.create_engine(url, pool_pre_ping=True)
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError, OSError) as error:
        raise StoreError(f"cannot open the state database {_shown(uri)}: {error}") from error
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # We issue BEGIN ourselves: the driver's own begins too late for a read-then-write to be safe.
    connection.isolation_level = None
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=NORMAL")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; of two first users, one waits for the other.

    SQLite does not wait by itself here: the change of mode ignores the busy timeout.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _shown(uri: str) -> str:
    try:
        return make_url(uri).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return repr(uri)
