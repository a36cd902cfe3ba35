"""Maturity: the level that the evidence carries, the next step, and the level that fits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mlops_nb.lifecycle import criteria as _criteria  # noqa: F401 - each enters itself
from mlops_nb.lifecycle.criterion import CRITERIA
from mlops_nb.lifecycle.evidence import Evidence
from mlops_nb.result import Result, Status

LEVELS = (
    "manual notebooks",
    "tracked, reproducible, linted",
    "registered, gated, scheduled, monitored, with alerts and playbooks",
    "retraining and promotion automated, governed, rollback rehearsed",
)
"""What each level is."""
Criticality = Literal["low", "medium", "high"]
VOLUMES = (1.0, 1_000.0, 100_000.0)
"""Decisions a day from which a use case is counted one class higher."""
FITTING: dict[Criticality, tuple[int, int, int, int]] = {
    "low": (0, 1, 2, 2),
    "medium": (1, 2, 2, 3),
    "high": (2, 2, 3, 3),
}
"""Criticality → the level that fits, for under 1, under 1,000, under 100,000, and more a day.

More decisions make a failure dearer by the hour and a person too slow to catch it; more at stake
makes proof worth its effort. Automation pays where both meet: for few decisions a person retrains
faster than automation is kept alive.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How much is at stake.

    Parameters
    ----------
    decisions_a_day : float, optional
        Decisions that the models take or support; None: not told.
    criticality : {"low", "medium", "high"}, optional
        What a wrong one does; None: not told.
    """

    decisions_a_day: float | None = None
    criticality: Criticality | None = None

    @property
    def fits(self) -> int | None:
        """The level that fits; None while not both are told."""
        if self.decisions_a_day is None or self.criticality is None:
            return None
        size = sum(self.decisions_a_day >= bound for bound in VOLUMES)
        return FITTING[self.criticality][size]

    def advise(self, level: int) -> str:
        """Return in one sentence what a level means for this need."""
        fits = self.fits
        if fits is None:
            return (
                "level 3 is not for everyone; which level fits depends on decisions-a-day and "
                "criticality in [tool.mlops.lifecycle]"
            )
        told = f"{self.decisions_a_day:,.6g} decisions a day of {self.criticality} criticality"
        if level > fits:
            return f"{told}: level {fits} would do; do not pay for more than you have here"
        if level == fits:
            return f"{told}: level {fits} fits, and that is where you are"
        more = "" if fits == len(LEVELS) - 1 else f"; level {fits + 1} would not pay"
        return f"{told}: level {fits} fits{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maturity:
    """How mature a project is.

    Parameters
    ----------
    at : datetime
        When it was assessed, in UTC.
    results : tuple of Result
        One a criterion, in their order.
    need : Need
        How much is at stake.
    """

    at: datetime
    results: tuple[Result, ...]
    need: Need = Need()

    @property
    def level(self) -> int:
        """The highest level all of whose criteria, and of those below, are met: 0 to 3."""
        unmet = [int(r.evidence["level"]) for r in self.results if r.status is not Status.PASSED]
        return min(unmet, default=len(LEVELS)) - 1

    @property
    def next_step(self) -> Result | None:
        """The first criterion that is not met; None when all are."""
        return next((r for r in self.results if r.status is not Status.PASSED), None)

    def counts(self, level: int) -> tuple[int, int]:
        """Return how many criteria of a level are met, and how many it has."""
        own = [r.status is Status.PASSED for r in self.results if r.evidence["level"] == level]
        return sum(own), len(own)

    def to_dict(self) -> dict[str, Any]:
        """Return the versioned JSON form."""
        step = self.next_step
        return {
            "schema": 1,
            "at": self.at.isoformat(),
            "level": self.level,
            "meaning": LEVELS[self.level],
            "next": {"criterion": step.name, "message": step.message, "command": step.advice}
            if step
            else None,
            "fits": {
                "level": self.need.fits,
                "decisions_a_day": self.need.decisions_a_day,
                "criticality": self.need.criticality,
                "advice": self.need.advise(self.level),
            },
            "results": [result.to_dict() for result in self.results],
        }


def assess(evidence: Evidence, need: Need) -> Maturity:
    """Hold a project's evidence against every criterion."""
    ordered = sorted(CRITERIA, key=lambda criterion: criterion.level)
    results = tuple(criterion.judge(evidence) for criterion in ordered)
    return Maturity(at=evidence.now, results=results, need=need)
