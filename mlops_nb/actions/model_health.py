"""How a live model is: its latest verdict by dimension, and the business's figures over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.jobs.attempt import REPORT, read_results
from mlops_nb.monitoring.verdict import Verdict
from mlops_nb.result import Result, Status, worst
from mlops_nb.state.attempts import AttemptRow, list_attempts

LOOK_BACK = 200
"""Attempts of the project that are looked through for verdicts."""

DIMENSIONS = ("performance", "drift", "system", "fairness")
"""What a model is always judged by; others are told when they were checked."""

GOAL = "business.goal"
FINDINGS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of the business in one verdict.

    Parameters
    ----------
    at : datetime
        The due time of the attempt that found it, in UTC.
    value, goal : float, optional
        The figure, and what it should reach or stay under.
    status : Status
        How it was judged.
    """

    at: datetime
    value: float | None
    goal: float | None
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelHealth:
    """What the newest verdict says of a model, and those before it of the business.

    Parameters
    ----------
    model : str
        The model.
    attempt : AttemptRow
        The attempt that came to the verdict.
    has_report : bool
        Whether it left a report.
    verdict : Verdict
        The newest.
    business : mapping
        Figure → its values, the oldest first.
    """

    model: str
    attempt: AttemptRow
    has_report: bool
    verdict: Verdict
    business: Mapping[str, tuple[Figure, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return the health as JSON-serialisable values."""
        counts = self.verdict.counts
        return {
            "attempt": self.attempt.attempt,
            "job": self.attempt.job,
            "at": self.attempt.logical_time.isoformat(),
            "report": self.has_report,
            "window": self.verdict.window,
            "status": self.verdict.status.value,
            "headline": self.verdict.headline,
            "dimensions": {
                name: {"status": self._status(name), "counts": counts.get(name, {})}
                for name in dict.fromkeys((*DIMENSIONS, *counts))
            },
            "findings": [_brief(result) for result in self.verdict.findings[:FINDINGS]],
            "series": [dict(row) for row in self.verdict.series],
            "business": {
                name: [
                    {"at": f.at.isoformat(), "value": f.value, "goal": f.goal, "status": f.status}
                    for f in figures
                ]
                for name, figures in self.business.items()
            },
        }

    def _status(self, dimension: str) -> str:
        return worst(r for r in self.verdict.results if r.dimension == dimension).value


def model_health(project: Project) -> dict[str, ModelHealth]:
    """Return the health of every model that a job has come to a verdict on.

    Parameters
    ----------
    project : Project
        The project.

    Raises
    ------
    StoreError
        The state cannot be read.
    """
    found: dict[str, list[tuple[AttemptRow, Verdict]]] = {}
    for row, verdict in _verdicts(project):
        found.setdefault(verdict.model, []).append((row, verdict))
    return {model: _health(project, model, verdicts) for model, verdicts in found.items()}


def _verdicts(project: Project) -> Iterator[tuple[AttemptRow, Verdict]]:
    """Yield attempts with the verdict they came to, the latest due time first."""
    rows = [row for row in list_attempts(project, limit=LOOK_BACK) if row.ended]
    for row in sorted(rows, key=lambda r: (r.logical_time, r.started), reverse=True):
        verdict = _verdict_of(project.root / row.folder)
        if verdict is not None and verdict.model:
            yield row, verdict


# What an attempt has published never changes.
@lru_cache(maxsize=2 * LOOK_BACK)
def _verdict_of(folder: Path) -> Verdict | None:
    try:
        _, document = read_results(folder)
        return Verdict.from_dict(document) if document else None
    except InputError:
        return None


def _health(
    project: Project, model: str, verdicts: list[tuple[AttemptRow, Verdict]]
) -> ModelHealth:
    newest, verdict = verdicts[0]
    business: dict[str, dict[datetime, Figure]] = {}
    # The newest attempt of a due time is the one that counts: it is met last here.
    for row, earlier in reversed(verdicts):
        for result in earlier.results:
            if result.name == GOAL:
                business.setdefault(result.subject, {})[row.logical_time] = Figure(
                    at=row.logical_time,
                    value=result.value,
                    goal=result.threshold,
                    status=result.status,
                )
    return ModelHealth(
        model=model,
        attempt=newest,
        has_report=(project.root / newest.folder / REPORT).is_file(),
        verdict=verdict,
        business={name: tuple(figures.values()) for name, figures in business.items()},
    )


def _brief(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "subject": result.subject,
        "status": result.status.value,
        "message": result.message,
        "advice": result.advice,
    }
