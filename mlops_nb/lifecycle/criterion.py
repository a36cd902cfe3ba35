"""What a criterion of maturity is: a function that looks at the evidence and says what it found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlops_nb.lifecycle.evidence import Evidence, Fact
from mlops_nb.result import Result, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a criterion found.

    Parameters
    ----------
    met : bool
        Whether it is met.
    message : str
        The evidence in one sentence, or what is missing of it.
    at : datetime, optional
        When what it rests on happened.
    advice : str
        The command to take instead of the criterion's own, where the evidence says a better one.
    """

    met: bool
    message: str
    at: datetime | None = None
    advice: str = ""


Check = Callable[[Evidence], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One criterion.

    Parameters
    ----------
    level : int
        The level that asks for it, 1 to 3.
    name : str
        What is asked.
    why : str
        Why, in one sentence.
    advice : str
        The command that brings it nearer.
    check : callable
        Looks at the evidence.
    """

    level: int
    name: str
    why: str
    advice: str
    check: Check

    def judge(self, evidence: Evidence) -> Result:
        """Return the result, with its level and the date of its evidence."""
        found = self.check(evidence)
        return Result(
            name=f"maturity.{self.name}",
            subject=f"level {self.level}",
            status=Status.PASSED if found.met else Status.FAILED,
            message=found.message,
            advice="" if found.met else found.advice or self.advice,
            evidence={
                "level": self.level,
                "date": found.at.isoformat() if found.at else None,
                "why": self.why,
            },
        )


CRITERIA: list[Criterion] = []
"""Every criterion, in the order of the levels and of the steps to take."""


def criterion(level: int, *, why: str, advice: str) -> Callable[[Check], Check]:
    """Enter a function among the criteria, under its own name."""

    def enter(check: Check) -> Check:
        name = check.__name__
        CRITERIA.append(Criterion(level=level, name=name, why=why, advice=advice, check=check))
        return check

    return enter


def oldest(facts: Sequence[Fact | None], words: str) -> Finding:
    """Return the finding that rests on the oldest of several facts: the weakest of them."""
    known = [fact for fact in facts if fact is not None]
    names = several([fact.what for fact in known])
    return Finding(met=True, message=f"{names} {words}", at=min(fact.at for fact in known))


def several(names: Sequence[str]) -> str:
    """Return the first three names and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
