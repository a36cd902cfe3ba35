"""When which version predicted how much: read from the edges of the log's files, not their rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mlops_nb.monitoring.prediction_files import LOGGED
from mlops_nb.monitoring.predictions import VERSION, PredictionsLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What one version predicted.

    Parameters
    ----------
    version : str
        The version.
    first, last : datetime
        When its first and its last prediction were logged, in UTC.
    first_day, last_day : date
        The first and the last day that it predicted for.
    rows : int
        Predictions logged; one that was logged twice counts twice.
    days : int
        Days that it predicted for.
    """

    version: str
    first: datetime
    last: datetime
    first_day: date
    last_day: date
    rows: int
    days: int


def scored(log: PredictionsLog) -> list[Scored]:
    """Return what each version predicted, by the moment of its first prediction."""
    found: dict[str, list[tuple[date, datetime, datetime, int]]] = {}
    for day in log.days():
        for folder in (log.predictions / f"date={day}").glob(f"{VERSION}=*"):
            version = unquote(folder.name.partition("=")[2])
            found.setdefault(version, []).extend(_files(folder, day))
    versions = [_told(version, parts) for version, parts in found.items() if parts]
    return sorted(versions, key=lambda one: one.first)


def _told(version: str, parts: list[tuple[date, datetime, datetime, int]]) -> Scored:
    days = {day for day, _, _, _ in parts}
    return Scored(
        version=version,
        first=min(first for _, first, _, _ in parts),
        last=max(last for _, _, last, _ in parts),
        first_day=min(days),
        last_day=max(days),
        rows=sum(rows for _, _, _, rows in parts),
        days=len(days),
    )


def _files(folder: Path, day: date) -> Iterator[tuple[date, datetime, datetime, int]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in folder.glob("*.parquet"):
        try:
            metadata = pq.read_metadata(path)
        except (OSError, pa.ArrowInvalid):  # it was removed just now, or is no such file
            continue
        edges = list(_edges(metadata))
        # A file that somebody else wrote does not say: then the file's own time has to do.
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        low = min((low for low, _ in edges), default=written)
        high = max((high for _, high in edges), default=written)
        yield day, low, high, metadata.num_rows


def _edges(metadata: Any) -> Iterator[tuple[datetime, datetime]]:
    names = metadata.schema.names
    if LOGGED not in names:
        return
    place = names.index(LOGGED)
    for number in range(metadata.num_row_groups):
        kept = metadata.row_group(number).column(place).statistics
        if kept is not None and kept.has_min_max and isinstance(kept.min, datetime):
            yield _aware(kept.min), _aware(kept.max)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
