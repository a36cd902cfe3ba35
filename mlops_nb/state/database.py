"""One connection to the state database, SQLite in ``.mlops/`` or what ``state-uri`` names."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from mlops_nb.config import Project
from mlops_nb.errors import MissingExtraError, StoreError

metadata = sa.MetaData()
"""Every table of the state; the sibling modules add theirs when they are imported."""

BUSY_SECONDS = 30.0


def exists(project: Project) -> bool:
    """Whether there is a state to read: False for a file that nobody has written yet."""
    try:
        url = make_url(project.state_uri)
    except sa.exc.ArgumentError:
        return True  # who asks it for something is told what is wrong with it
    return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()


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
        with _engine(project.state_uri).connect() as connection:
            _ensure_tables(connection)
            with connection.begin():
                yield connection
    except sa.exc.OperationalError as error:
        raise StoreError(
            f"cannot use the state database {_shown(project.state_uri)}: {error.orig}",
            "check `state-uri` in [tool.mlops], MLOPS_STATE_URI, and that the folder is writable",
        ) from error


def serialise(connection: sa.Connection, name: str) -> None:
    """Let no other transaction that asks for the same name run until this one ends.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction of :func:`transaction`.
    name : str
        What is read now and written by what was read.
    """
    # SQLite's transactions exclude each other anyway: each begins as a writer.
    if connection.dialect.name == "postgresql":
        key = zlib.crc32(name.encode()) - 2**31
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def _ensure_tables(connection: sa.Connection) -> None:
    """Create tables and columns that are missing, once a connection and set of tables.

    A sibling that is imported after the first use adds its tables then.
    """
    wanted = tuple(metadata.tables)
    if connection.info.get("tables") == wanted:
        return
    with connection.begin():
        serialise(connection, "tables")
        inspector = sa.inspect(connection)
        there = set(inspector.get_table_names())
        for table in metadata.sorted_tables:
            if table.name in there:
                _add_columns(connection, table, inspector.get_columns(table.name))
        metadata.create_all(connection)
    connection.info["tables"] = wanted


def _add_columns(connection: sa.Connection, table: sa.Table, there: Sequence[Any]) -> None:
    """Bring a table of an earlier version up to date: a new column is nullable or has a default."""
    names = {column["name"] for column in there}
    for column in table.columns:
        if column.name not in names:
            spec = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {spec}")


@lru_cache(maxsize=8)
def _engine(uri: str) -> sa.Engine:
    try:
        url = make_url(uri)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() != "sqlite":
            return sa.create_engine(url, pool_pre_ping=True)
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"{error.name}, the driver of PostgreSQL,", "postgres") from error
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
