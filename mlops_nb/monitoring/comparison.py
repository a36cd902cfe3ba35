"""One column against its reference: every statistic, the evidence, and what they mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mlops_nb.errors import InputError
from mlops_nb.monitoring import statistics
from mlops_nb.monitoring.summary import Categories, Column, Numbers
from mlops_nb.result import Status

FLOORS = {"js": 0.02, "null_rate": 0.005, "unseen": 0.001}
"""What each kind of evidence must reach to matter; :mod:`mlops_nb.monitoring.drift` says why."""
FEW = 30
"""With fewer values in either table a distribution is not compared."""
STATISTICS = ("psi", "js", "wasserstein", "ks", "chi2", "null_rate", "unseen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What decided about a column.

    Parameters
    ----------
    name : str
        ``js`` (distribution), ``null_rate``, ``unseen``, or ``missing`` and ``type``.
    value, threshold : float
        The size of the difference and the floor it must reach to matter.
    p_value, q_value : float
        Evidence before and after all columns are taken into account; q is 1 below the floor.
    """

    name: str
    value: float
    threshold: float
    p_value: float
    q_value: float = 1.0

    @property
    def excess(self) -> float:
        """How many times its threshold the value is."""
        return self.value / self.threshold if self.threshold else math.inf

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-serialisable values."""
        return {
            "name": self.name, "value": self.value, "threshold": self.threshold,
            "p_value": self.p_value, "q_value": self.q_value,
        }  # fmt: skip


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
    def evidence_p(self) -> float:
        """The p value that counts: 1 where the difference is too small to matter."""
        return self.decision.p_value if self.decision.excess >= 1 else 1.0

    def decided(self, q_value: float, alarm: float) -> Comparison:
        """Return the comparison with its status, now that all columns are known."""
        decision = replace(self.decision, q_value=q_value)
        if self.status is Status.ERROR:
            return self
        if q_value <= alarm and decision.excess >= 1:
            message, advice = _explain(self.column, decision.name, self.details)
            return replace(
                self, decision=decision, status=Status.WARNED, message=message, advice=advice
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


def compare(name: str, before: Column, now: Column) -> Comparison:
    """Compare one column with its reference; :meth:`Comparison.decided` gives the status."""
    if before.kind != now.kind:
        what = f"was {before.dtype} and is now {now.dtype}"
        return broken(name, before.kind, "type", what)
    found: dict[str, float | None] = dict.fromkeys(STATISTICS)
    details: dict[str, str] = {}
    evidence = [_nulls(before, now, found, details)]
    limit = ""
    if before.kind == "datetime":
        pass  # Time moves on: only whether it is there can drift.
    elif min(before.values, now.values) < FEW:
        if before.values or now.values:
            limit = f"only {min(before.values, now.values)} values to compare (at least {FEW})"
    elif before.numbers and now.numbers:
        evidence.append(_numbers(before.numbers, now.numbers, found, details))
    if before.categories and now.categories and now.values:
        evidence += _categories(before.categories, now.categories, found, details, tested=not limit)
        if not limit and not before.categories.counts and before.values:
            limit = f"{before.categories.distinct:,} distinct values are not compared one by one"
    # The strongest of those that matter, else the strongest; several looks at one column count.
    matter = [each for each in evidence if each.excess >= 1] or evidence
    best = min(matter, key=lambda each: (each.p_value, -each.excess))
    return Comparison(
        column=name,
        kind=before.kind,
        status=Status.PASSED,
        statistic=found,
        decision=replace(best, p_value=min(1.0, best.p_value * len(evidence))),
        distribution=found["js"] is not None,
        limit=limit,
        details=details,
    )


def _nulls(
    before: Column, now: Column, found: dict[str, float | None], details: dict[str, str]
) -> Decision:
    rates = [1 - column.values / column.rows for column in (before, now)]
    found["null_rate"] = rates[1] - rates[0]
    infinite = f", {now.infinite:,} of them infinite" if now.infinite else ""
    details["null_rate"] = f"rows without a usable value: {_percent(rates)}{infinite}"
    return Decision(
        name="null_rate",
        value=abs(rates[1] - rates[0]),
        threshold=FLOORS["null_rate"],
        p_value=statistics.rate_p(
            before.rows - before.values, before.rows, now.rows - now.values, now.rows
        ),
    )


def _numbers(
    before: Numbers, now: Numbers, found: dict[str, float | None], details: dict[str, str]
) -> Decision:
    one, two = _paired(before.edges == now.edges, before.counts, now.counts)
    found["ks"] = statistics.ks(one, two)
    sd = before.sd
    distance = statistics.wasserstein(one, two, _places(before), _places(now))
    # A constant reference has no scale of its own.
    found["wasserstein"] = distance / sd if sd else (0.0 if not distance else None)
    details["js"] = f"mean {before.mean:.4g} → {now.mean:.4g}, sd {sd:.4g} → {now.sd:.4g}"
    return _distribution(one, two, found, ordered=True)


def _categories(
    before: Categories,
    now: Categories,
    found: dict[str, float | None],
    details: dict[str, str],
    *,
    tested: bool,
) -> list[Decision]:
    same = list(before.counts) == list(now.counts)
    kept = [*before.counts.values(), before.other]
    left_out = [*(before.picked.get(name, 0) for name in before.counts), before.picked_other]
    one, two = _paired(same, kept, [*now.counts.values(), now.other])
    evidence = [_unseen(before, now, found, details)]
    if tested and before.counts:
        moved = np.argsort(-np.abs(one / one.sum() - two / two.sum()))[:2]
        names = [*before.counts, "other values"]
        rates = [(one[i] / one.sum(), two[i] / two.sum()) for i in moved]
        details["js"] = "; ".join(
            f"{names[i]!r} {_percent(pair)}" for i, pair in zip(moved, rates, strict=True)
        )
        evidence.append(_distribution(one - np.array(left_out), two, found, ordered=False))
    return evidence


def _unseen(
    before: Categories, now: Categories, found: dict[str, float | None], details: dict[str, str]
) -> Decision:
    n, m = (sum(c.counts.values()) + c.other for c in (before, now))
    share = {name: rows / m for name, rows in now.novel.items()}
    p_values = {
        name: statistics.unseen_p(
            rows, n, m, at_most=before.largest_other, levels=max(before.distinct, now.distinct)
        )
        for name, rows in now.novel.items()
    }
    complete = not before.other
    certain = [name for name, p in p_values.items() if p < 1e-3]
    found["unseen"] = now.other / m if complete else sum(share[name] for name in certain)
    top = min(p_values, key=lambda name: (p_values[name], -share[name]), default=None)
    if top is not None:
        known = "unknown to the reference" if complete else "rare or unknown in the reference"
        details["unseen"] = f"{share[top]:.1%} of the rows hold {top!r}, {known}"
    return Decision(
        name="unseen",
        value=share[top] if top is not None else 0.0,
        threshold=FLOORS["unseen"],
        p_value=p_values[top] if top is not None else 1.0,
    )


def _distribution(
    one: np.ndarray, two: np.ndarray, found: dict[str, float | None], *, ordered: bool
) -> Decision:
    found["psi"] = statistics.psi(one, two)
    found["js"] = statistics.js_distance(one, two)
    joined = statistics.join_sparse(one, two, ordered=ordered)
    found["chi2"] = statistics.chi2(*joined)
    return Decision(
        name="js",
        value=statistics.js_excess(*joined),
        threshold=FLOORS["js"],
        p_value=statistics.distribution_p(*joined, ordered=ordered),
    )


def _paired(same: bool, one: Any, two: Any) -> tuple[np.ndarray, np.ndarray]:
    if not same:
        raise InputError(
            "the current profile was not made on the reference's bins",
            "make it with profile(table, edges_from=reference)",
        )
    return np.array(one, dtype=float), np.array(two, dtype=float)


def _places(numbers: Numbers) -> list[float]:
    """Return each bin's mean, or where a mean is unknown the bound nearest to it."""
    bounds = [numbers.edges[0], *numbers.edges] if numbers.edges else [0.0]
    return [
        bound if mean is None else mean for mean, bound in zip(numbers.means, bounds, strict=True)
    ]


def _percent(rates: Any) -> str:
    return " → ".join(f"{rate:.1%}" for rate in rates)


def _explain(column: str, name: str, details: Mapping[str, str]) -> tuple[str, str]:
    detail = details.get(name, "")
    if name == "null_rate":
        return f"{column}: {detail}", "find out why values are missing; the model guesses there"
    if name == "unseen":
        return f"{column}: {detail}", "check the source; if the value is here to stay, retrain"
    return (
        f"{column} is distributed otherwise than in the reference: {detail}",
        "check the source; if performance falls as well, retrain on newer data",
    )
