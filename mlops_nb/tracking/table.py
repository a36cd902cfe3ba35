"""A list of runs as a value: to look at, to go through, to turn into a DataFrame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from mlops_nb.config import Project
from mlops_nb.tracking.known import remember
from mlops_nb.tracking.names import cut
from mlops_nb.tracking.previous import CHANGES_TAG

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.store.runs import RunRecord

METRICS_SHOWN = 6
ROWS_SHOWN = 60
"""A notebook keeps what it shows for ever: so many rows at most, the rest is counted."""

_LONGEST = 60


class RunTable(Sequence["RunRecord"]):
    """Runs, the newest first.

    Parameters
    ----------
    records : sequence of RunRecord
        The runs.
    """

    def __init__(self, records: Sequence[RunRecord]) -> None:
        self._records = list(records)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[RunRecord]:
        return iter(self._records)

    def __getitem__(self, index: Any) -> Any:
        chosen = self._records[index]
        return RunTable(chosen) if isinstance(index, slice) else chosen

    def to_frame(self) -> pd.DataFrame:
        """Return one run a row, parameters as ``params.…``, metrics as ``metrics.…``."""
        import pandas as pd

        fixed = ["run_id", "uid", "name", "status", "started", "ended"]
        rows = [
            {name: getattr(record, name) for name in fixed}
            | {f"params.{key}": value for key, value in record.params.items()}
            | {f"metrics.{key}": value for key, value in record.metrics.items()}
            for record in self._records
        ]
        frame = pd.DataFrame(rows, columns=None if rows else fixed)
        rest = [column for column in frame.columns if column not in fixed]
        return frame[fixed + sorted(rest)]

    def headers(self) -> list[str]:
        """Return the columns shown: what a run is, then the metrics that most runs have."""
        fixed = ["run", "name", "status", "started", "seconds", *self._metrics()]
        return [*fixed, "changed"] if self._any_changed() else fixed

    def rows(self) -> list[list[object]]:
        """Return one list of values a run, in the order of :meth:`headers`."""
        return self._rows(self._records)

    def _rows(self, records: Sequence[RunRecord]) -> list[list[object]]:
        metrics, any_changed = self._metrics(), self._any_changed()
        return [
            [
                record.uid[:8] or record.run_id[:8],
                record.name,
                record.status,
                f"{record.started.astimezone():%Y-%m-%d %H:%M:%S}",
                round((record.ended - record.started).total_seconds(), 1) if record.ended else None,
                *(record.metrics.get(key) for key in metrics),
                *([record.tags.get(CHANGES_TAG)] if any_changed else []),
            ]
            for record in records
        ]

    def _any_changed(self) -> bool:
        """Whether a run follows another one of the same cell."""
        return any(CHANGES_TAG in record.tags for record in self._records)

    def _metrics(self) -> list[str]:
        counts: dict[str, int] = {}
        for record in self._records:
            for key in record.metrics:
                counts[key] = counts.get(key, 0) + 1
        return sorted(counts, key=lambda key: (-counts[key], key))[:METRICS_SHOWN]

    def _more(self) -> str:
        """Return how many runs are left out of what is shown, empty when none is."""
        left = len(self._records) - ROWS_SHOWN
        return f"… {left:,} more; .to_frame() has them all" if left > 0 else ""

    def __repr__(self) -> str:
        if not self._records:
            return "no runs yet"
        cells = [
            self.headers(),
            *([_shown(value) for value in row] for row in self._rows(self._records[:ROWS_SHOWN])),
        ]
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
        return "\n".join([*lines, *filter(None, [self._more()])])

    def _repr_html_(self) -> str:
        if not self._records:
            return "<p>no runs yet</p>"
        head = "".join(f"<th>{escape(header)}</th>" for header in self.headers())
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(_shown(value))}</td>" for value in row) + "</tr>"
            for row in self._rows(self._records[:ROWS_SHOWN])
        )
        more = f"<p>{escape(self._more())}</p>" if self._more() else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def run_table(project: Project, *, filter_string: str = "", limit: int = 100) -> RunTable:
    """Bring the journal into the store and return the project's runs, the newest first."""
    from mlops_nb.tracking.filters import parse_filter
    from mlops_nb.tracking.search import search
    from mlops_nb.tracking.sync import sync

    parse_filter(filter_string)  # a mistake in it is told before anything is brought over
    sync(project)
    found = search(project, filter_string, limit)
    remember(project, found)
    return RunTable(found)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else cut(str(value), _LONGEST)
