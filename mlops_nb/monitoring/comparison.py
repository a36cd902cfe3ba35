"""One column against its reference: every statistic, the evidence, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_nb.monitoring.decision import Decision
from mlops_nb.monitoring.policy import PSI_FAILS, Policy, fixed
from mlops_nb.monitoring.seen import STATISTICS, Seen
from mlops_nb.monitoring.summary import Column
from mlops_nb.result import Status

FEW = 30
"""With fewer values in either table a distribution is not compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One column of a drift comparison.

    Parameters
    ----------
    column, kind : str
        Its name and how it was treated.
    status : Status
        Passed, warned (drifted), skipped (too little to compare) or error (missing, other type).
    statistic : mapping
        `psi`, `js`, `wasserstein` (in standard deviations of the reference), `ks`, `chi2`,
        `null_rate` (current less reference) and `unseen` (share of rows); None where it has no
        meaning.
    decision : Decision
        The strongest evidence.
    evidence : tuple of Decision
        All that was weighed.
    policy : Policy
        The rule that decides.
    distribution : bool
        Whether the values themselves were compared.
    message, advice, limit : str
        What was found, what to do about it, and what could not be compared.
    """

    column: str
    kind: str
    status: Status
    statistic: Mapping[str, float | None]
    decision: Decision
    evidence: tuple[Decision, ...] = ()
    policy: Policy = field(default_factory=Policy)
    distribution: bool = False
    message: str = ""
    advice: str = ""
    limit: str = ""
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def drifted(self) -> bool:
        """Whether it drifted, is missing or of another type."""
        return self.status in (Status.WARNED, Status.FAILED, Status.ERROR)

    @property
    def score(self) -> float:
        """How far the column is on its way to an alarm, which is near 1; for benchmarks."""
        alarm = self.policy.alarm
        return max((each.score(alarm) for each in self.evidence), default=self.decision.excess)

    def decided(self, q_value: float) -> Comparison:
        """Return the comparison with its status, now that all columns are known."""
        if self.status is Status.ERROR:
            return self
        judged = self.decision.p_value is not None
        decision = replace(self.decision, q_value=q_value if judged else None)
        if decision.excess >= 1 and (q_value <= self.policy.alarm or not judged):
            message, advice = _explain(self.column, decision.name, self.details)
            far = decision.name == "psi" and decision.value >= PSI_FAILS
            return replace(
                self,
                decision=decision,
                status=Status.FAILED if far else Status.WARNED,
                message=message,
                advice=advice,
            )
        status = Status.SKIPPED if self.limit and not self.distribution else Status.PASSED
        message = f"{self.column}: {self.limit or 'as in the reference'}"
        return replace(self, decision=decision, status=status, message=message)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-serialisable values."""
        return {
            "column": self.column,
            "kind": self.kind,
            "status": self.status.value,
            "statistic": dict(self.statistic),
            "decision": self.decision.to_dict(),
        }


def broken(column: str, kind: str, name: str, what: str) -> Comparison:
    """Return the comparison of a column that cannot be compared at all: the schema is broken."""
    return Comparison(
        column=column,
        kind=kind,
        status=Status.ERROR,
        statistic=dict.fromkeys(STATISTICS),
        decision=Decision(name=name, value=1.0, threshold=0.0, p_value=0.0, q_value=0.0),
        message=f"{column} {what}",
        advice="mend the source of the data: a model must not be fed without it",
    )


def compare(name: str, before: Column, now: Column, policy: Policy) -> Comparison:
    """Compare one column with its reference; :meth:`Comparison.decided` gives the status."""
    if before.kind != now.kind:
        what = f"was {before.dtype} and is now {now.dtype}"
        return broken(name, before.kind, "type", what)
    seen = Seen(before=before, alarm=policy.alarm)
    seen.nulls(now)
    limit = ""
    few = min(before.values, now.values)
    if few < FEW:
        if before.values or now.values:
            limit = f"too few values to compare: {few}, at least {FEW} are needed"
    elif before.kind == "datetime":
        pass  # Time moves on: only whether it is there can drift.
    elif before.numbers and now.numbers:
        seen.numbers(before.numbers, now.numbers)
        if before.words and now.words:
            seen.words(before.words, now.words)
    if before.categories and now.categories and now.values:
        seen.categories(before.categories, now.categories, tested=not limit)
        if not limit and not before.categories.apart and before.values:
            limit = f"{before.categories.distinct:,} distinct values are not compared one by one"
    decision, evidence = _best(seen, before, policy)
    return Comparison(
        column=name,
        kind=before.kind,
        status=Status.PASSED,
        statistic=seen.statistic,
        decision=decision,
        evidence=evidence,
        policy=policy,
        distribution=seen.statistic["js"] is not None,
        limit=limit,
        details=seen.details,
    )


def _best(seen: Seen, before: Column, policy: Policy) -> tuple[Decision, tuple[Decision, ...]]:
    """Return the strongest of the evidence that matters, else the strongest, and all of it."""
    if policy.preset != "evidence":
        found = fixed(policy, before, seen.statistic, seen.p)
        nothing = Decision(name=policy.preset, value=0.0, threshold=1.0, reason=policy.explain())
        return found or nothing, (found,) if found else ()
    # Several looks at one column count.
    count = max(1, seen.looks)
    all_of_it = tuple(
        replace(each, p_value=min(1.0, (each.p_value or 0.0) * count)) for each in seen.evidence
    )
    matter = [each for each in all_of_it if each.excess >= 1] or all_of_it
    return min(matter, key=lambda each: (each.p_value, -each.excess)), all_of_it


def _explain(column: str, name: str, details: Mapping[str, str]) -> tuple[str, str]:
    detail = details.get(name if name in details else "js", "")
    if name == "null_rate":
        return f"{column}: {detail}", "find out why values are missing; the model guesses there"
    if name == "vocabulary":
        return f"{column}: {detail}", "read some of the texts; if they changed to stay, retrain"
    if name == "unseen":
        return f"{column}: {detail}", "check the source; if the value is here to stay, retrain"
    told = f"{column} is distributed otherwise than in the reference: {detail}"
    if "running" in details:
        return f"{told}; {details['running']}", f"leave it out: ignore {column}"
    return told, "check the source; if performance falls as well, retrain on newer data"
