"""Where tables come from: files, and tables of other libraries in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from mlops_nb.errors import InputError, did_you_mean
from mlops_nb.frames.query import first_line, introduce, is_engines, rows, to_pandas
from mlops_nb.frames.spark import connect

if TYPE_CHECKING:
    import pandas as pd


def open_table(source: Any, *, engine: str = "duckdb", required: Sequence[str] = ()) -> ibis.Table:
    """Open a table of any origin.

    Parameters
    ----------
    source : path, URL, DataFrame, pyarrow.Table or ibis.Table
        Parquet or CSV (also a glob such as ``"day-*.parquet"``); the URL of a database with the
        table's name after a ``#`` (``"postgres://host/db#people"``, ``"duckdb://file.db#people"``);
        a pandas or polars DataFrame; an Arrow table; an ibis table, which is returned as it is.
    engine : str
        What computes on files, as of :func:`mlops_nb.frames.spark.connect`. A database computes on
        its own tables, an ibis table where it is.
    required : sequence of str
        Columns that must be there.

    Raises
    ------
    InputError
        The file is missing, unreadable or of an unknown kind, there is no row or column, or a
        required column is missing; the engine is unknown, not installed or not to be reached.
    """
    table, name = _open(source, engine)
    if not rows(table):
        raise InputError(f"{name} has no row", "check what it was made from")
    for column in required:
        if column not in table.columns:
            hint = did_you_mean(column, map(str, table.columns))
            raise InputError(f"{name} has no column {column!r}", hint)
    return table


def _open(source: Any, engine: str) -> tuple[ibis.Table, str]:
    if isinstance(source, ibis.Table):
        introduce(source)
        return source, "the table"
    if isinstance(source, str) and "://" in source:
        return _database_table(source)
    if isinstance(source, str | Path):
        return _read(source, engine), str(source)
    if engine != "duckdb":
        raise InputError(f"{engine} reads files, not a {type(source).__name__}", "give a path")
    # Its own connection each: the data are let go of together with the table.
    data = arrow(source)
    if not data.num_columns:
        raise InputError("the table has no column", "check what it was made from")
    connection = ibis.duckdb.connect()
    connection.con.register("data", data)
    return connection.table("data"), "the table"


def _database_table(url: str) -> tuple[ibis.Table, str]:
    """Open a table of a database by its URL; messages show neither user nor password."""
    address, _, name = url.partition("#")
    shown = f"{address.partition('://')[0]} database"
    if not name:
        raise InputError(f"the URL of a {shown} names no table", "add it: …#table")
    try:
        connection = ibis.connect(address)
    except ModuleNotFoundError as error:
        raise InputError(f"a {shown} needs {error.name}", f"pip install {error.name}") from error
    # Each database's driver has errors of its own, whose text may show the password.
    except Exception as error:
        raise InputError(
            f"cannot open the {shown}: {type(error).__name__}", "check its URL"
        ) from error
    try:
        return connection.table(name), f"table {name}"
    except Exception as error:
        raise InputError(f"the {shown} has no table {name!r}", "check its name") from error


def read_table(source: str | Path, *, required: Sequence[str] = ()) -> pd.DataFrame:
    """Read a file as a DataFrame, and say clearly when it is not what a notebook needs.

    Parameters
    ----------
    source : path
        Parquet or CSV, also a glob.
    required : sequence of str
        Columns that must be there.

    Raises
    ------
    InputError
        The file is missing, unreadable or empty, or lacks a required column.
    """
    return to_pandas(open_table(source, required=required))


def _read(source: str | Path, engine: str) -> ibis.Table:
    path = str(source)
    ending = path.lower().removesuffix(".gz").rpartition(".")[2]
    readers = {"parquet": "read_parquet", "pq": "read_parquet"} | dict.fromkeys(
        ("csv", "tsv", "txt"), "read_csv"
    )
    if not _exists(path):
        raise InputError(f"there is no file {path}", "check the path")
    if ending not in readers:
        raise InputError(f"{path} is neither Parquet nor CSV", "known: .parquet, .csv, .csv.gz")
    connection = connect(engine)
    try:
        table: ibis.Table = getattr(connection, readers[ending])(path)
    except Exception as error:
        if not (is_engines(error) or isinstance(error, UnicodeDecodeError)):
            raise
        kind = "Parquet" if readers[ending] == "read_parquet" else "CSV"
        raise InputError(
            f"cannot read {path}: {first_line(error)}", f"is it whole, and really {kind}?"
        ) from error
    return table


def _exists(path: str) -> bool:
    if Path(path).is_file():
        return True
    found = Path(path)
    return any(c in path for c in "*?[") and any(
        Path(found.anchor or ".").glob(str(found.relative_to(found.anchor)))
    )


def arrow(source: Any) -> pa.Table:
    """Turn a table in memory into Arrow; a column of mixed types becomes text."""
    if isinstance(source, pa.Table):
        return source
    if type(source).__module__.partition(".")[0] == "pandas" and hasattr(source, "columns"):
        return _from_pandas(source)
    if hasattr(source, "to_arrow"):  # polars
        return source.to_arrow()
    raise InputError(
        f"a {type(source).__name__} is no table",
        "give a path, a pandas or polars DataFrame, an Arrow table or an ibis table",
    )


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    names = [str(name) for name in frame.columns]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise InputError(f"two columns are called {sorted(repeated)[0]!r}", "rename one of them")
    return pa.table({name: _array(frame.iloc[:, i]) for i, name in enumerate(names)})


def _array(column: pd.Series) -> pa.Array:
    if column.dtype.kind == "m":
        column = column.dt.total_seconds()
    if column.dtype.kind == "c":
        column = column.astype(str)
    try:
        array = pa.Array.from_pandas(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        array = pa.Array.from_pandas(column.map(str, na_action="ignore"), type=pa.string())
    # DuckDB has no column of nothing but nulls.
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array
