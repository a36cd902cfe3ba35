"""The list of runs as data of a view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mlops_nb.store.runs import RunRecord
from mlops_nb.tracking.previous import CHANGES_TAG
from mlops_nb.tracking.table import RunTable
from mlops_nb.widgets.view import column, plain

COLUMNS = 30
"""At most so many metrics, and as many parameters, are columns: those that most runs have."""


def data(table: RunTable) -> dict[str, Any]:
    """Return the columns and rows of a list of runs."""
    records = list(table)
    metrics = _common(record.metrics for record in records)
    params = _common(record.params for record in records)
    changed = any(CHANGES_TAG in record.tags for record in records)
    columns = [
        column("name"),
        column("status", "status"),
        column("started", "time"),
        column("seconds", "number"),
        *(column(key, "number") for key in metrics),
        *(column(key) for key in params),
        *([column("changed")] if changed else []),
        column("run"),
    ]
    return {
        "columns": columns,
        "rows": [_row(record, metrics, params, changed=changed) for record in records],
    }


def _row(record: RunRecord, metrics: list[str], params: list[str], *, changed: bool) -> list[Any]:
    seconds = record.ended and round((record.ended - record.started).total_seconds(), 1)
    return [
        record.name,
        record.status,
        int(record.started.timestamp() * 1000),
        seconds,
        *(plain(record.metrics.get(key)) for key in metrics),
        *(record.params.get(key) for key in params),
        *([record.tags.get(CHANGES_TAG)] if changed else []),
        record.uid[:8] or record.run_id[:8],
    ]


def _common(found: Iterable[Mapping[str, Any]]) -> list[str]:
    counts = Counter(key for values in found for key in values)
    return sorted(counts, key=lambda key: (-counts[key], key))[:COLUMNS]
