"""The verdict: many results, one answer."""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.config import current_attempt
from mlops_nb.errors import InputError
from mlops_nb.monitoring.html import BAD, ordered, verdict_html
from mlops_nb.result import Result, Status, worst

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
SENTENCES = {
    Status.ERROR: "broken",
    Status.FAILED: "act now",
    Status.WARNED: "have a look",
    Status.PASSED: "all is well",
    Status.SKIPPED: "nothing could be checked",
    Status.NOT_APPLICABLE: "nothing was checked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to "is the model well"; made by :func:`conclude`.

    Parameters
    ----------
    model, window : str
        What was judged, and when.
    results : tuple of Result
        All checks, gravest first.
    handover : mapping
        Parameters for the job that an alert starts, JSON-serialisable.
    series : tuple of mapping
        Figures over windows, the rows of :func:`mlops_nb.monitoring.over_time`.
    """

    model: str
    window: str
    results: tuple[Result, ...]
    handover: Mapping[str, Any] = field(default_factory=dict)
    series: tuple[Mapping[str, Any], ...] = ()

    @property
    def status(self) -> Status:
        """The gravest status of all checks."""
        return worst(self.results)

    @property
    def passed(self) -> bool:
        """Whether nothing failed; a warning does not stop anything."""
        return self.status not in (Status.ERROR, Status.FAILED)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Dimension → status → number of checks."""
        found: dict[str, Counter[str]] = {}
        for result in self.results:
            found.setdefault(result.dimension, Counter())[result.status.value] += 1
        return {dimension: dict(counts) for dimension, counts in found.items()}

    @property
    def findings(self) -> list[Result]:
        """The results that ask for something, gravest first."""
        return [result for result in self.results if result.status in BAD]

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        checked = sum(r.status not in (Status.SKIPPED, Status.NOT_APPLICABLE) for r in self.results)
        skipped = len(self.results) - checked
        parts = [f"{checked} checks"]
        for dimension, counts in self.counts.items():
            bad = sum(counts.get(status.value, 0) for status in BAD)
            if bad:
                parts.append(f"{dimension}: {bad} of {sum(counts.values())} not passed")
        if skipped:
            parts.append(f"{skipped} skipped")
        return f"{SENTENCES[self.status]} — {'; '.join(parts)}"

    @property
    def figures(self) -> list[Any]:
        """Plotly figures of the verdict: the checks by dimension, and what drifted most."""
        import plotly.graph_objects as go

        from mlops_nb.monitoring.charts import checks, effects

        return [go.Figure(chart) for chart in (checks(self), effects(self.results)) if chart]

    def to_dict(self) -> dict[str, Any]:
        """Return the versioned JSON form."""
        return {
            "schema": SCHEMA,
            "model": self.model,
            "window": self.window,
            "status": self.status.value,
            "headline": self.headline,
            "results": [result.to_dict() for result in self.results],
            "handover": dict(self.handover),
            "series": [dict(row) for row in self.series],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Verdict:
        """Build a verdict from :meth:`to_dict`'s answer, as ``results.json`` holds it.

        Raises
        ------
        InputError
            It is no verdict.
        """
        try:
            return cls(
                model=str(values["model"]),
                window=str(values["window"]),
                results=tuple(Result.from_dict(result) for result in values["results"]),
                handover=values.get("handover") or {},
                series=tuple(values.get("series") or ()),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"this is no verdict ({error!r})", "the notebook ends with monitoring.conclude(…)"
            ) from error

    def __str__(self) -> str:
        lines = [f"{self.model}, {self.window}: {self.headline}", *map(str, self.findings)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return verdict_html(self)


def conclude(
    results: Iterable[Result],
    *,
    model: str,
    window: str,
    handover: Mapping[str, Any] | None = None,
    series: pd.DataFrame | None = None,
) -> Verdict:
    """Draw the verdict from all results; in a job, leave it for the job's alerts as well.

    In a job attempt it is written to ``results.json`` in the attempt's folder, whole or not at
    all.

    Parameters
    ----------
    results : iterable of Result
        What the checks answered.
    model, window : str
        What was judged, and when.
    handover : mapping, optional
        Parameters for the job that an alert starts: it receives those that its notebook declares.
    series : DataFrame, optional
        Figures over windows, as of :func:`mlops_nb.monitoring.over_time`, for reports.
    """
    verdict = Verdict(
        model=model,
        window=window,
        results=tuple(ordered(results)),
        handover=handover or {},
        series=() if series is None else _rows(series),
    )
    attempt = current_attempt()
    if attempt is not None:
        _publish(verdict, attempt.folder)
    return verdict


def _rows(series: pd.DataFrame) -> tuple[Mapping[str, Any], ...]:
    """Return the rows with values that JSON has a form for: times as text, gaps as None."""
    named = series.assign(window=series["window"].astype(str)).astype(object)
    records = named.where(named.notna(), None).to_dict("records")
    return tuple({str(name): value for name, value in row.items()} for row in records)


def _publish(verdict: Verdict, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".results.{uuid.uuid4().hex}"
    try:
        with aside.open("w", encoding="utf-8") as file:
            json.dump(verdict.to_dict(), file, default=str)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(folder / "results.json")
    finally:
        aside.unlink(missing_ok=True)
