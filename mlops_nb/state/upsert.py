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
}  # fmt: skip
_MYSQL = ("mysql", "mariadb")
_ON_CONFLICT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_DUPLICATE_TABLE = "42P07"
_MYSQL_CLIENT = 2000
_MYSQL_PASSING = {
    1040, 1044, 1045, 1049, 1050, 1053, 1203, 1205, 1213, 1226, 1317,
}  # fmt: skip
"""Too many connections, no access, no database, a table just made, shutdown, locks, killed."""
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    **{name: f"{name}+pymysql" for name in _MYSQL},
}
_EXTRAS = {
    "psycopg": ("psycopg, the driver of PostgreSQL,", "postgres"),
    "pymysql": ("PyMySQL, the driver of MySQL and MariaDB,", "mysql"),
}


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
            _write(connection, found, _records(_in_time_of(found, rows)), key)
    except sa.exc.SQLAlchemyError as error:
        if _passes(error):
            raise StoreError(f"cannot use {_shown(url)}: {_first(error)}") from error
        raise InputError(f"{table} in {_shown(url)} does not take the rows: {_first(error)}") from (
            error
        )
    finally:
        engine.dispose()


def _engine(url: str) -> sa.Engine:
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        return sa.create_engine(parsed, poolclass=sa.NullPool)
    except ModuleNotFoundError as error:
        if error.name in _EXTRAS:
            raise MissingExtraError(*_EXTRAS[error.name]) from error
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
    if not sa.inspect(connection).has_table(name, schema):
        columns = [_column(c, rows[c], key) for c in rows.columns]
        # MySQL's own default may be a character set that lacks most of the world's letters.
        sa.Table(
            name,
            sa.MetaData(),
            *columns,
            schema=schema,
            mysql_charset="utf8mb4",
            mariadb_charset="utf8mb4",
        ).create(connection)
    found = sa.Table(name, sa.MetaData(), schema=schema, autoload_with=connection)
    for column in rows.columns:
        if column not in found.c:
            raise InputError(
                f"table {name} has no column {column!r}",
                did_you_mean(column, found.c.keys()) + "; `columns` says which are sent",
            )
    _check_keys(connection, found, rows, key)
    return found


def _column(name: str, values: pd.Series, key: Sequence[str]) -> sa.Column[Any]:
    # In MySQL text compares without regard to case, and times have no fractions, unless asked.
    exact = mysql.VARCHAR(KEY_LENGTH, collation="utf8mb4_bin")
    text = sa.String(KEY_LENGTH).with_variant(exact, *_MYSQL) if name in key else sa.Text()
    zoned = getattr(values.dtype, "tz", None) is not None
    time = sa.DateTime(timezone=zoned).with_variant(mysql.DATETIME(fsp=6), *_MYSQL)
    kind = time if values.dtype.kind == "M" else _TYPES.get(values.dtype.kind, text)
    return sa.Column(name, kind, primary_key=name in key, autoincrement=False)


def _check_keys(
    connection: sa.Connection, table: sa.Table, rows: pd.DataFrame, key: Sequence[str]
) -> None:
    groups = _unique_groups(connection, table)
    if set(key) not in groups:
        raise InputError(
            f"table {table.name} does not hold {', '.join(key)} unique: rows could be doubled",
            f"ALTER TABLE {table.name} ADD UNIQUE ({', '.join(key)}), or another `key`",
        )
    others = [group for group in groups if group <= set(rows.columns) and not group >= set(key)]
    if others and connection.dialect.name in _MYSQL:
        raise InputError(
            f"table {table.name} holds {', '.join(sorted(others[0]))} unique as well: MySQL would "
            "replace a row that shares it, whatever its key is",
            "leave it out of `columns`, or make it the `key`",
        )


def _unique_groups(connection: sa.Connection, table: sa.Table) -> list[set[str]]:
    """Return the sets of columns that the table holds unique."""
    inspector = sa.inspect(connection)
    groups = [set(table.primary_key.columns.keys())]
    groups += [
        set(c["column_names"]) for c in inspector.get_unique_constraints(table.name, table.schema)
    ]
    groups += [
        {name for name in index["column_names"] if name}
        for index in inspector.get_indexes(table.name, table.schema)
        if index["unique"]
    ]
    return [group for group in groups if group]


def _in_time_of(table: sa.Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose times are in UTC where the column of the table keeps no time zone."""
    zoned = [name for name in rows.columns if getattr(rows[name].dtype, "tz", None) is not None]
    plain = [name for name in zoned if not getattr(table.c[name].type, "timezone", False)]
    utc = {name: rows[name].dt.tz_convert("UTC").dt.tz_localize(None) for name in plain}
    return rows.assign(**utc) if utc else rows


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
    elif dialect in _MYSQL:
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


def _passes(error: sa.exc.SQLAlchemyError) -> bool:
    """Whether the same rows may be taken later: a server that is down or busy, and the like."""
    orig = getattr(error, "orig", None)
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        # MySQL's drivers call a value that does not fit operational too; from 2000: the client's.
        ours = orig is not None and "mysql" in type(orig).__module__.lower()
        code = next(iter(getattr(orig, "args", ())), None) if ours else None
        return not isinstance(code, int) or code >= _MYSQL_CLIENT or code in _MYSQL_PASSING
    # PostgreSQL refuses a table, or the name of its type, that another transaction has just made.
    constraint = getattr(getattr(orig, "diag", None), "constraint_name", None) or ""
    return getattr(orig, "sqlstate", "") == _DUPLICATE_TABLE or constraint.startswith("pg_")


def _first(error: sa.exc.SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


def _shown(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "the database"
