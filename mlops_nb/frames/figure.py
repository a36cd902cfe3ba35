"""One number out of a table, by a query in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from mlops_nb.errors import InputError
from mlops_nb.frames.query import first_line
from mlops_nb.frames.source import arrow


def evaluate(frames: Iterable[Any], sql: str, *, name: str) -> list[float | None]:
    """Return the number that an SQL query answers with over each table; DuckDB's dialect.

    Parameters
    ----------
    frames : iterable of tables as of :func:`mlops_nb.frames.open_table`
        The rows; they may be none.
    sql : str
        A query, or an expression of aggregates such as ``sum(cost) / count(*)``.
    name : str
        What the query calls the table.

    Raises
    ------
    InputError
        It is no valid query, or does not answer with one number.
    """
    text = sql.strip().rstrip(";")
    first = text.split(None, 1)[0].lower() if text else ""
    whole = first in ("select", "with", "from")
    query = text if whole else f"SELECT {text} FROM {name}"  # noqa: S608 - the user's own words
    # Files and the network are none of a metric's business.
    connection = duckdb.connect(config={"enable_external_access": "false"})
    try:
        return [_number(connection, frame, query, name) for frame in frames]
    except duckdb.Error as error:
        raise InputError(f"the query cannot be run: {first_line(error)}", text) from error
    finally:
        connection.close()


def _number(connection: Any, frame: Any, query: str, name: str) -> float | None:
    connection.register(name, arrow(frame))
    found = connection.execute(query).fetchall()
    if len(found) != 1 or len(found[0]) != 1:
        raise InputError(
            f"the query answers with {len(found)} rows, not with one number",
            f"write an aggregate over {name}, such as sum(…)",
        )
    value = found[0][0]
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"the query answers with {value!r}, which is no number", query) from error
