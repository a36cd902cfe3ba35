"""Rows into a table of somebody else's database: new ones added, known ones replaced.

SQLAlchemy and not ibis: its statements for this are those of each database, under a unique key
that the database itself keeps, in one transaction; ibis's ``upsert`` is a MERGE, which SQLite does
not have, and it keeps no key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import make_url

from mlops_nb.errors import InputError, MissingExtraError, StoreError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

KEY_LENGTH = 255
_TYPES: Mapping[str, sa.types.TypeEngine[Any]] = {
    "b": sa.Boolean(), "i": sa.BigInteger(), "u": sa.BigInteger(), "f": sa.Float(53),
    "M": sa.DateTime(timezone=True),
}  # fmt: skip
_ON_CONFLICT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def upsert(url: str, table: str, rows: pd.DataFrame, key: Sequence[str]) -> None:
    """Write rows in one transaction; a row with the key of one that is there replaces it.

    Parameters
    ----------
    url : str
        SQLAlchemy URL of the database.
    table : str
        The table, ``schema.table`` where there are schemas; made when it is not there.
    rows : DataFrame
        What to write; columns of the table that it lacks keep what is in them.
    key : sequence of str
        Columns that tell rows apart; the table must hold them unique.

    Raises
    ------
    StoreError
        The database cannot be reached or is busy: it may be tried again.
    InputError
        It refuses: another table than these rows need, a value that does not fit.
    """
    schema, _, name = table.rpartition(".")
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            found = _table(connection, name, schema or None, rows, key)
            _write(connection, found, _records(rows), key)
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        raise StoreError(f"cannot use {_shown(url)}: {_first(error)}") from error
    except sa.exc.SQLAlchemyError as error:
        raise InputError(f"{table} in {_shown(url)} does not take the rows: {_first(error)}") from (
            error
        )
    finally:
        engine.dispose()


def _engine(url: str) -> sa.Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        return sa.create_engine(parsed, poolclass=sa.NullPool)
    except ModuleNotFoundError as error:
        if error.name == "psycopg":
            raise MissingExtraError("psycopg, the driver of PostgreSQL,", "postgres") from error
        raise InputError(
            f"{_shown(url)} needs {error.name}", f"pip install {error.name}"
        ) from error
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError) as error:
        raise InputError(
            f"cannot read the database's URL: {error}", "dialect://user:password@host/database"
        ) from error


def _table(
    connection: sa.Connection, name: str, schema: str | None, rows: pd.DataFrame, key: Sequence[str]
) -> sa.Table:
    metadata = sa.MetaData()
    if not sa.inspect(connection).has_table(name, schema):
        made = sa.Table(
            name, metadata, *(_column(c, rows[c], key) for c in rows.columns), schema=schema
        )
        made.create(connection)
        return made
    found = sa.Table(name, metadata, schema=schema, autoload_with=connection)
    for column in rows.columns:
        if column not in found.c:
            raise InputError(
                f"table {name} has no column {column!r}",
                did_you_mean(column, found.c.keys()) + "; `columns` says which are sent",
            )
    if not _is_unique(connection, found, key):
        raise InputError(
            f"table {name} does not hold {', '.join(key)} unique: rows could be doubled",
            f"ALTER TABLE {name} ADD UNIQUE ({', '.join(key)}), or another `key`",
        )
    return found


def _column(name: str, values: pd.Series, key: Sequence[str]) -> sa.Column[Any]:
    text = sa.String(KEY_LENGTH) if name in key else sa.Text()
    kind = _TYPES.get(values.dtype.kind, text)
    return sa.Column(name, kind, primary_key=name in key, autoincrement=False)


def _is_unique(connection: sa.Connection, table: sa.Table, key: Sequence[str]) -> bool:
    inspector, wanted = sa.inspect(connection), set(key)
    groups = [set(table.primary_key.columns.keys())]
    groups += [
        set(c["column_names"]) for c in inspector.get_unique_constraints(table.name, table.schema)
    ]
    groups += [
        {name for name in index["column_names"] if name}
        for index in inspector.get_indexes(table.name, table.schema)
        if index["unique"]
    ]
    return wanted in groups


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    plain = rows.astype(object)
    # Columns are text: what another name would be is no column of a table.
    return [dict(zip(rows.columns, row, strict=True)) for row in _rows(plain)]


def _rows(plain: pd.DataFrame) -> list[list[Any]]:
    found: list[list[Any]] = plain.where(plain.notna(), None).to_numpy().tolist()
    return found


def _write(
    connection: sa.Connection,
    table: sa.Table,
    records: list[dict[str, Any]],
    key: Sequence[str],
) -> None:
    others = [name for name in records[0] if name not in key]
    dialect = connection.dialect.name
    if dialect in _ON_CONFLICT:
        statement = _ON_CONFLICT[dialect](table)
        if others:
            new = {name: statement.excluded[name] for name in others}
            statement = statement.on_conflict_do_update(index_elements=list(key), set_=new)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=list(key))
        connection.execute(statement, records)
    elif dialect in {"mysql", "mariadb"}:
        insert = mysql.insert(table)
        new = {name: insert.inserted[name] for name in others or list(key)}
        connection.execute(insert.on_duplicate_key_update(new), records)
    else:
        _update_or_insert(connection, table, records, key)


def _update_or_insert(
    connection: sa.Connection,
    table: sa.Table,
    records: list[dict[str, Any]],
    key: Sequence[str],
) -> None:
    """Write row by row in plain SQL, for databases whose own statement is not known here."""
    for record in records:
        same = sa.and_(*(table.c[name] == record[name] for name in key))
        there = connection.execute(sa.select(sa.func.count()).select_from(table).where(same))
        if there.scalar_one():
            connection.execute(table.update().where(same).values(record))
        else:
            connection.execute(table.insert().values(record))


def _first(error: sa.exc.SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


def _shown(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "the database"
