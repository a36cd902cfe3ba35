"""What is seen of one column beside its reference: each statistic, and what it is evidence of."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlops_nb.errors import InputError
from mlops_nb.monitoring import statistics
from mlops_nb.monitoring.decision import Decision, evidence
from mlops_nb.monitoring.membership import never_seen
from mlops_nb.monitoring.parts import Categories, Numbers, Words
from mlops_nb.monitoring.summary import Column

STATISTICS = ("psi", "js", "wasserstein", "ks", "chi2", "null_rate", "unseen")


@dataclass(slots=True, kw_only=True)
class Seen:
    """What is gathered of one column: statistics, evidence and words about both."""

    before: Column
    alarm: float
    statistic: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(STATISTICS))
    evidence: list[Decision] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)
    p: dict[str, float] = field(default_factory=dict)
    looks: int = 0

    def weigh(self, name: str, value: float, p_value: float, *, possible: bool = True) -> None:
        """Take a difference as evidence.

        A test that could not have found anything, whatever fell into which table, is no look that
        the others must pay for (Tarone 1990).
        """
        self.looks += possible
        self.evidence.append(evidence(name, value, p_value, self.before.variation, self.alarm))

    def nulls(self, now: Column) -> None:
        """Compare the shares of rows without a usable value."""
        before = self.before
        rates = [1 - column.values / column.rows for column in (before, now)]
        self.statistic["null_rate"] = rates[1] - rates[0]
        infinite = f", {now.infinite:,} of them infinite" if now.infinite else ""
        self.details["null_rate"] = f"rows without a usable value: {_percent(rates)}{infinite}"
        p = statistics.rate_p(
            before.rows - before.values, before.rows, now.rows - now.values, now.rows
        )
        some = 0 < before.values + now.values < before.rows + now.rows
        self.weigh("null_rate", abs(rates[1] - rates[0]), p, possible=some)

    def numbers(self, before: Numbers, now: Numbers) -> None:
        """Compare the distributions of numbers."""
        one, two = _paired(before.edges == now.edges, before.counts, now.counts)
        sd = before.sd
        distance = statistics.wasserstein(one, two, _places(before), _places(now))
        # A constant reference has no scale of its own.
        self.statistic["wasserstein"] = distance / sd if sd else (0.0 if not distance else None)
        self.statistic["ks"] = statistics.ks(one, two)
        what = "length" if self.before.kind == "text" else "mean"
        self.details["js"] = (
            f"{what} {before.mean:.4g} → {now.mean:.4g}, sd {sd:.4g} → {now.sd:.4g}"
        )
        if self.before.kind == "numeric" and before.running:
            self.details["running"] = "it numbers the rows, and so differs in every table"
        self._distribution(one, two, ordered=True)

    def words(self, before: Words, now: Words) -> None:
        """Compare the shares of texts that hold each frequent word."""
        shares = {
            word: (texts / before.texts, now.counts.get(word, 0) / now.texts)
            for word, texts in before.counts.items()
        }
        p_values = {
            word: statistics.rate_p(texts, before.texts, now.counts.get(word, 0), now.texts)
            for word, texts in before.counts.items()
        }
        if not p_values:
            return
        top = min(p_values, key=lambda word: (p_values[word], word))
        self.details["vocabulary"] = f"texts with the word {top!r}: {_percent(shares[top])}"
        moved = abs(shares[top][1] - shares[top][0])
        self.weigh("vocabulary", moved, min(1.0, p_values[top] * len(p_values)))

    def categories(self, before: Categories, now: Categories, *, tested: bool) -> None:
        """Compare the rows of the values kept, and look for values that are new."""
        same = list(before.counts) == list(now.counts)
        names = before.apart
        one, two = _paired(same, before.bins(names), now.bins(names))
        self._unseen(before, now)
        if not tested or not names:
            return
        moved = np.argsort(-np.abs(one / one.sum() - two / two.sum()))[:2]
        labels = [*names, "other values"]
        rates = [(one[i] / one.sum(), two[i] / two.sum()) for i in moved]
        self.details["js"] = "; ".join(
            f"{labels[i]!r} {_percent(pair)}" for i, pair in zip(moved, rates, strict=True)
        )
        self._distribution(one - np.array(before.left_out(names)), two, ordered=False)

    def _unseen(self, before: Categories, now: Categories) -> None:
        """Look for values that came up: those not kept, and those too rare to be held apart."""
        novel = _novel_p(before, now)
        p_values = {**novel, **_risen_p(before, now)}
        rows = {**now.counts, **now.novel}
        share = {name: rows[name] / now.rows for name in p_values}
        complete = not before.other
        certain = [name for name, p in novel.items() if p < 1e-3]
        self.statistic["unseen"] = (
            now.other / now.rows if complete else sum(share[name] for name in certain)
        )
        top = min(p_values, key=lambda name: (p_values[name], -share[name], name), default=None)
        if top is not None:
            known = "unknown to" if complete and top in novel else "rare or unknown in"
            self.details["unseen"] = (
                f"{share[top]:.1%} of the rows hold {top!r}, {known} the reference"
            )
        self.weigh("unseen", share[top] if top else 0.0, p_values[top] if top else 1.0)

    def _distribution(self, one: np.ndarray, two: np.ndarray, *, ordered: bool) -> None:
        self.statistic["psi"] = statistics.psi(one, two)
        self.statistic["js"] = statistics.js_distance(one, two)
        joined = statistics.join_sparse(one, two, ordered=ordered)
        self.statistic["chi2"] = statistics.chi2(*joined)
        self.p = {"ks": statistics.ks_p(one, two), "chi2": statistics.chi2_p(*joined)}
        p_value = statistics.distribution_p(*joined, ordered=ordered)
        self.weigh("js", statistics.js_excess(*joined), p_value)


def _novel_p(before: Categories, now: Categories) -> dict[str, float]:
    """Return the p value of each frequent value that the reference has not kept."""
    return {
        name: statistics.unseen_p(
            rows,
            before.rows,
            now.rows,
            at_most=0 if never_seen(before.seen, name) else before.largest_other,
            known=[was + now.counts[kept] for kept, was in before.counts.items()],
            unknown=_as_frequent(before, now, rows),
            other=before.other,
        )
        for name, rows in now.novel.items()
    }


def _risen_p(before: Categories, now: Categories) -> dict[str, float]:
    """Return the p value of each rare value that is more frequent now, of all of them (Bonferroni).

    They were kept for being frequent in the reference: to find fewer now is no evidence.
    """
    n, m = before.rows, now.rows
    return {
        name: min(1.0, len(before.rare) * statistics.rate_p(was, n, now.counts[name], m))
        for name in before.rare
        if now.counts[name] * n > (was := before.counts[name]) * m
    }


def _as_frequent(before: Categories, now: Categories, rows: int) -> float:
    """Return the most values not kept that can have so many rows in both tables together.

    Each must have those in the current table that it cannot have in the reference.
    """
    least = rows - before.largest_other
    if now.unlisted >= least:
        return math.inf
    return max(1, sum(known >= least for known in now.novel.values()))


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
