"""What has to hold at the end of the soak, and how disk and memory grew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow.parquet as pq
from soak_world import ALL, LABEL, World

from mlops_nb.jobs.attempt import RECORD
from mlops_nb.jobs.playbook import section
from mlops_nb.state.alerts import Alert
from mlops_nb.state.attempts import list_attempts

BEND = 0.2
"""How far a day may lie above the line, as a share of the largest value, to be called linear.

A day below it had less to do: without labels a monitor computes half.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A day's rows in the predictions log, held against the rows that were to be scored."""

    day: date
    expected: int
    found: int
    lost: int
    doubled: int
    strange: int
    labelled: int
    superseded: int


def count(world: World, day: date) -> Count:
    """Count what the log says of a day against the ids that were delivered."""
    rows = world.log.read(day, day)
    ids, expected = rows["prediction_id"], set(world.ids(day))
    found = set(ids)
    files = world.log.predictions.glob(f"date={day}/*/[!.]*.parquet")
    written = sum(pq.ParquetFile(path).metadata.num_rows for path in files)
    return Count(
        day=day,
        expected=len(expected),
        found=len(rows),
        lost=len(expected - found),
        doubled=len(rows) - len(found),
        strange=len(found - expected),
        labelled=int(rows[LABEL].notna().sum()) if LABEL in rows else 0,
        superseded=written - len(rows),
    )


def unreachable(world: World, alert: Alert) -> str:
    """Return what is wrong with an alert's playbook, empty when file and heading are there."""
    file, _, anchor = alert.playbook.partition("#")
    if not file:
        return f"{alert.identity} names no playbook"
    path = world.root / file
    if not path.is_file():
        return f"{alert.identity} leads to {file}, which is not there"
    if anchor and not section(path.read_text(encoding="utf-8"), anchor):
        return f"{alert.identity} leads to #{anchor}, which is not in {file}"
    return "" if anchor else f"{alert.identity} leads to {file}, to no heading in it"


def disk(world: World) -> dict[str, int]:
    """Return the bytes of the project's own files, by part."""
    sizes: dict[str, int] = {}
    for path in world.project.home.rglob("*"):
        if path.is_file() and not path.is_symlink():
            part = path.relative_to(world.project.home).parts[0]
            part = part if part in ("predictions", "labels", "jobs", "artifacts") else "databases"
            sizes[part] = sizes.get(part, 0) + path.stat().st_size
    return sizes


def memory(world: World, day: date) -> dict[str, int]:
    """Return the most memory that a day's attempts have held, by job."""
    peaks: dict[str, int] = {}
    for row in list_attempts(world.project, limit=ALL):
        record = world.root / row.folder / RECORD
        if row.logical_time.date() == day and row.status in ("succeeded", "findings"):
            peak = json.loads(record.read_text(encoding="utf-8"))["peak_memory"]
            peaks[row.job] = max(peaks.get(row.job, 0), peak)
    return peaks


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A least-squares line through a figure of the days: MB, MB a day, and the day most above."""

    name: str
    start: float
    slope: float
    bend: float
    furthest: date

    @property
    def linear(self) -> bool:
        """Whether no day lies far above it."""
        return self.bend <= BEND

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.start:,.1f} MB {self.slope:+,.2f} MB a day, "
            f"the furthest above the line is {self.furthest}, by {self.bend:.0%} of the largest"
        )


def lines(days: Sequence[date], figures: Sequence[dict[str, int]]) -> Iterator[Line]:
    """Fit a line to each figure over the days that have it."""
    for name in dict.fromkeys(name for one in figures for name in one):
        known = [(n, one[name] / 1e6) for n, one in enumerate(figures) if name in one]
        if len(known) < 3:
            continue
        x, y = (np.array(values, dtype=float) for values in zip(*known, strict=True))
        slope, start = np.polyfit(x, y, 1)
        above = y - (start + slope * x)
        yield Line(
            name=name,
            start=float(start),
            slope=float(slope),
            bend=float(above.max() / max(y.max(), 1e-9)),
            furthest=days[int(x[above.argmax()])],
        )
