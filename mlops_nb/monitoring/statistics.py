"""Distances and tests between two tables of counts: plain functions, nothing but numbers.

Counts stand in bins; both tables have the same ones. Every test is a two-sample test: the
reference is a sample too, and to take it as exact would raise false alarms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

Counts = NDArray[np.float64]

EXPECTED = 5.0
"""Least expected count of a bin in the chi² test; sparser bins are joined first (Cochran 1954)."""


FEW_HITS = 100
"""Of fewer expected hits in the smaller sample two rates are told apart by an exact test."""


def psi(one: Counts, two: Counts) -> float:
    """Return the population stability index, in nats; half a row is added to every bin.

    0.1 and 0.25 are the limits of credit-risk practice. It grows as the samples shrink.
    """
    p = (one + 0.5) / (one.sum() + 0.5 * len(one))
    q = (two + 0.5) / (two.sum() + 0.5 * len(two))
    return float(np.sum((q - p) * np.log(q / p)))


def js_divergence(one: Counts, two: Counts) -> float:
    """Return the Jensen–Shannon divergence in bits, 0 to 1 (Lin 1991)."""
    p, q = one / one.sum(), two / two.sum()
    middle = (p + q) / 2
    bits = (special.rel_entr(p, middle).sum() + special.rel_entr(q, middle).sum()) / 2
    return float(bits / math.log(2))


def js_distance(one: Counts, two: Counts) -> float:
    """Return the square root of the Jensen–Shannon divergence, 0 to 1; a metric."""
    return math.sqrt(max(0.0, js_divergence(one, two)))


def js_excess(one: Counts, two: Counts) -> float:
    """Return the Jensen–Shannon distance beyond what two samples of one distribution show.

    From the divergence its expectation without drift is taken off, (k − 1)(1/n + 1/m) / (8 ln 2)
    for k bins: half the chi² approximation of the divergence. What is left estimates the distance
    of the populations, whatever the sizes of the samples.
    """
    noise = (len(one) - 1) * (1 / one.sum() + 1 / two.sum()) / (8 * math.log(2))
    return math.sqrt(max(0.0, js_divergence(one, two) - noise))


def ks(one: Counts, two: Counts) -> float:
    """Return the Kolmogorov–Smirnov distance at the bounds of ordered bins, 0 to 1."""
    return float(np.abs(np.cumsum(one) / one.sum() - np.cumsum(two) / two.sum()).max())


def wasserstein(
    one: Counts, two: Counts, means_one: Sequence[float], means_two: Sequence[float]
) -> float:
    """Return the first Wasserstein distance of distributions concentrated in their bins' means.

    Bounds of quantile bins alone miss the tails; the means carry them.
    """
    place = np.concatenate([means_one, means_two])
    mass = np.concatenate([one / one.sum(), -two / two.sum()])
    order = np.argsort(place, kind="stable")
    gap = np.cumsum(mass[order])[:-1]
    return float(np.sum(np.abs(gap) * np.diff(place[order])))


def join_sparse(one: Counts, two: Counts, *, ordered: bool) -> tuple[Counts, Counts]:
    """Join bins until each expects :data:`EXPECTED` rows in both samples.

    Ordered bins are joined with their neighbours, others with the sparsest. Only the sum of both
    samples decides, so that joining favours neither.
    """
    both = one + two
    smaller = min(one.sum(), two.sum()) / both.sum()
    least = EXPECTED / smaller if smaller else math.inf
    order = np.arange(len(both)) if ordered else np.argsort(both, kind="stable")
    groups: list[list[int]] = [[]]
    for i in order.tolist():
        if groups[-1] and both[groups[-1]].sum() >= least:
            groups.append([])
        groups[-1].append(i)
    if len(groups) > 1 and both[groups[-1]].sum() < least:
        last = groups.pop()
        groups[-1] += last
    joined = [(one[group].sum(), two[group].sum()) for group in groups]
    return np.array([a for a, _ in joined]), np.array([b for _, b in joined])


def chi2(one: Counts, two: Counts) -> float:
    """Return Pearson's chi² of two samples in the same bins."""
    both = one + two
    n, m = one.sum(), two.sum()
    filled = both > 0
    difference = one * math.sqrt(m / n) - two * math.sqrt(n / m)
    return float(np.sum(difference[filled] ** 2 / both[filled]))


def chi2_p(one: Counts, two: Counts) -> float:
    """Return the p value of Pearson's two-sample chi²."""
    return float(special.chdtrc(len(one) - 1, chi2(one, two))) if len(one) > 1 else 1.0


def ks_p(one: Counts, two: Counts) -> float:
    """Return the asymptotic p value of :func:`ks`; on bins it is too large, never too small."""
    n, m = one.sum(), two.sum()
    return float(special.kolmogorov(math.sqrt(n * m / (n + m)) * ks(one, two)))


def distribution_p(one: Counts, two: Counts, *, ordered: bool) -> float:
    """Return the probability of such different samples of one distribution.

    Chi² sees any change of shape. For ordered bins Kolmogorov–Smirnov and the rank-sum test see
    shifts that spread thinly over many bins; for values without order the one that moved most, of
    all of them (Bonferroni), sees what chi² dilutes. They are combined by Cauchy's rule, which
    holds for dependent tests (Liu and Xie 2020).
    """
    if len(one) < 2:
        return 1.0
    found = [chi2_p(one, two)]
    if ordered:
        found.append(ks_p(one, two))
        found.append(rank_sum_p(one, two))
    elif len(one) > 2:
        n, m = int(one.sum()), int(two.sum())
        each = [rate_p(int(a), n, int(b), m) for a, b in zip(one, two, strict=True)]
        found.append(min(1.0, len(one) * min(each)))
    return cauchy(found)


def rank_sum_p(one: Counts, two: Counts) -> float:
    """Return the two-sided p of the Wilcoxon–Mann–Whitney test, ties within bins corrected."""
    both = one + two
    n, m = one.sum(), two.sum()
    total = n + m
    ranks = np.cumsum(both) - (both - 1) / 2
    excess = float(np.dot(one, ranks)) - n * (total + 1) / 2
    ties = float(np.sum(both**3 - both)) / (total * (total - 1))
    variance = n * m / 12 * (total + 1 - ties)
    return 1.0 if variance <= 0 else float(2 * special.ndtr(-abs(excess) / math.sqrt(variance)))


def cauchy(p_values: Sequence[float]) -> float:
    """Combine p values of tests that may depend on each other (Liu and Xie 2020)."""
    # Below 1e-15 the tangent has no more digits: there 1/(pπ) is the same.
    bounded = [min(max(p, 1e-300), 1 - 1e-15) for p in p_values]
    each = [1 / (p * math.pi) if p < 1e-15 else math.tan((0.5 - p) * math.pi) for p in bounded]
    statistic = sum(each) / len(each)
    if statistic > 1e15:
        return 1 / (statistic * math.pi)
    return 0.5 - math.atan(statistic) / math.pi


def rate_p(hits_one: int, n: int, hits_two: int, m: int) -> float:
    """Return the two-sided p that two rates are equal: of few hits Fisher's mid-p, else chi².

    With many columns and values it is far tails that count. There, in a sample much smaller than
    the other, chi² tells 6e-5 where it is 1.4 times as much at :data:`FEW_HITS` expected hits and
    four times as much at ten.
    """
    hits, total = hits_one + hits_two, n + m
    if not hits or hits == total or not n or not m:
        return 1.0
    if min(hits, total - hits) * min(n, m) / total >= FEW_HITS:
        one = np.array([hits_one, n - hits_one], dtype=float)
        two = np.array([hits_two, m - hits_two], dtype=float)
        return float(special.chdtrc(1, chi2(one, two)))
    return _fisher(hits_two, hits, m, total)


RATES = 256
"""Frequencies among which that of an unseen value is sought that would deceive most often."""


def unseen_p(
    rows: int,
    n: int,
    m: int,
    *,
    at_most: int,
    known: Sequence[int] = (),
    unknown: float = 1,
    other: int = 0,
) -> float:
    """Return the chance that any value comes up so often without being more frequent than before.

    A value with λ rows expected in the reference does so with the probability
    f(λ) = P(Poisson(λ) ≤ at_most) P(Poisson(λ m/n) ≥ rows), which bounds that of two binomial
    counts there (Anderson and Samuels 1967). The value was picked among all, so the chances of all
    are added up (Bonferroni). That of the value itself is at most max f. Values not kept, whose λ
    add up to Λ, have no more than Λ max f(λ)/λ together. Of a value that is kept the rows in both
    samples together are known, and given these they fall into the current sample at random.

    Parameters
    ----------
    rows : int
        Rows of the value in the current sample.
    n, m : int
        Sizes of the reference and of the current sample.
    at_most : int
        Most rows it can have in the reference; 0 when it was certainly never seen there.
    known : sequence of int
        Rows in both samples together of the values that are kept.
    unknown : float
        Most values not kept that can have so many rows together, with this one; may be infinite.
    other : int
        Rows in the reference of all values not kept, the estimate of Λ.
    """
    share = m / (n + m)
    least, most = at_most, rows * n / m
    if most <= least:
        return 1.0
    # Below, only the second probability grows; above, only the first falls.
    rates = np.linspace(least, most, RATES + 1)[1:]
    chances = special.gammaincc(at_most + 1, rates) * special.gammainc(rows, rates * m / n)
    own = float(chances.max())
    others = min((unknown - 1) * own, other * float((chances / rates).max()))
    totals = np.array([total for total in known if total >= rows + at_most], dtype=float)
    # P(Binomial(total, share) ≥ total − at_most), as the regularised incomplete beta function.
    kept = float(special.betainc(totals - at_most, at_most + 1, share).sum()) if len(totals) else 0
    return min(1.0, own + others + kept)


def auc_error(auc: float, n: int, m: int) -> float:
    """Return the standard error of an AUC of n and m rows (Hanley and McNeil 1982)."""
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = auc * (1 - auc) + (n - 1) * (q1 - auc * auc) + (m - 1) * (q2 - auc * auc)
    return math.sqrt(max(0.0, variance) / (n * m))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return q values: the share of false alarms if each p so small raised one (1995)."""
    count = len(p_values)
    order = sorted(range(count), key=p_values.__getitem__)
    q_values = [1.0] * count
    running = 1.0
    for rank in range(count, 0, -1):
        i = order[rank - 1]
        running = min(running, p_values[i] * count / rank)
        q_values[i] = running
    return q_values


def _fisher(hits_two: int, hits: int, m: int, total: int) -> float:
    """Fisher's test by the hypergeometric distribution of the second sample's hits.

    Of what is as likely as the outcome half is counted, the mid-p (Lancaster 1961): the sum of the
    hits varies, too, and to condition on it is more cautious than the level asks for.
    """
    support = np.arange(max(0, hits - (total - m)), min(hits, m) + 1)
    logs = (
        -special.betaln(support + 1, hits - support + 1)
        - special.betaln(m - support + 1, total - hits - m + support + 1)
    )  # fmt: skip
    # Up to a constant C(hits, k) C(total − hits, m − k), with C(n, k) ~ 1 / B(k + 1, n − k + 1).
    mass = np.exp(logs - logs.max())
    mass /= mass.sum()
    seen = mass[hits_two - support[0]]
    rarer, as_rare = mass < seen * (1 - 1e-9), np.isclose(mass, seen, rtol=1e-9, atol=0)
    return float(mass[rarer].sum() + mass[as_rare].sum() / 2)
