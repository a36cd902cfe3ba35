"""``[tool.mlops.sinks.NAME]``: where predictions go when they leave the project."""

from __future__ import annotations

from typing import Literal

import msgspec

from mlops_nb.config.table import Table


class Sink(Table):
    """``[tool.mlops.sinks.NAME]``: where predictions go, such as a CRM or a marketing tool."""

    kind: Literal["parquet", "csv", "sql", "webhook"]
    """Files in a folder, rows of a database's table, or chunks posted as JSON."""
    target: str
    """Folder from the project's root, SQLAlchemy URL (`postgresql://`, with the extra `postgres`;
    `mysql://`, with the extra `mysql`; `sqlite:///`), or http(s) URL; or `env:NAME` of one."""
    table: str = ""
    """Table of the database, made when it is not there; `schema.table` where it has schemas."""
    key: list[str] = msgspec.field(default_factory=lambda: ["prediction_id"])
    """Columns that tell rows apart: a row of the table with the same ones is replaced."""
    columns: list[str] = []
    """Columns that leave the project; empty: the key, the time, prediction, scores and the
    model's version. Features stay unless they are named here."""
    chunk: int = 1000
    """Rows of one request or one transaction, at least 1."""
    tries: int = 5
    """How often a sink that is down is tried, at least once."""
    delay: float = 1.0
    """Seconds before the second try; each further one waits twice as long, at most 60."""
    timeout: float = 30.0
    """Seconds that a webhook may take to answer."""
    headers: dict[str, str] = {}
    """Header → value, or `env:NAME` of one, sent to a webhook."""
