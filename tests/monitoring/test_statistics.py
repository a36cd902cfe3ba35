from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import jensenshannon

from mlops_nb.monitoring import statistics

counts = st.lists(st.integers(0, 500), min_size=2, max_size=20).filter(lambda c: sum(c) > 1)


def _two(draw_one: list[int], draw_two: list[int]) -> tuple[np.ndarray, np.ndarray]:
    k = min(len(draw_one), len(draw_two))
    one, two = np.array(draw_one[:k], float), np.array(draw_two[:k], float)
    one[0] += 1
    two[0] += 1
    return one, two


@given(counts, counts)
def test_js_distance_is_scipys(a: list[int], b: list[int]) -> None:
    one, two = _two(a, b)
    expected = jensenshannon(one, two, base=2)
    assert statistics.js_distance(one, two) == pytest.approx(expected, abs=1e-6)


@given(counts, counts)
def test_chi2_is_scipys(a: list[int], b: list[int]) -> None:
    one, two = _two(a, b)
    kept = one + two > 0
    if kept.sum() < 2:
        return
    expected = stats.chi2_contingency(np.array([one[kept], two[kept]]), correction=False)
    assert statistics.chi2(one, two) == pytest.approx(expected.statistic, abs=1e-6)


@given(counts, counts)
def test_rank_sum_is_scipys(a: list[int], b: list[int]) -> None:
    one, two = _two(a, b)
    values = np.arange(len(one))
    found = statistics.rank_sum_p(one, two)
    x, y = np.repeat(values, one.astype(int)), np.repeat(values, two.astype(int))
    if len(np.unique([*x, *y])) < 2 or len(x) < 2 or len(y) < 2:
        return
    expected = stats.mannwhitneyu(x, y, method="asymptotic", use_continuity=False).pvalue
    assert found == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 30), st.integers(30, 200), st.integers(0, 30), st.integers(30, 200))
def test_rare_rates_by_the_mid_p_of_fishers_exact_test(a: int, n: int, b: int, m: int) -> None:
    found = statistics.rate_p(a, n, b, m)
    assert 0 <= found <= 1
    if 0 < a + b < n + m and min(a + b, n + m - a - b) * min(n, m) / (n + m) < statistics.FEW_HITS:
        whole = stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue
        mass = stats.hypergeom(n + m, a + b, m).pmf(range(a + b + 1))
        ties = mass[np.isclose(mass, mass[b], rtol=1e-7, atol=0)].sum()
        assert found == pytest.approx(whole - ties / 2, rel=1e-6, abs=1e-12)


@settings(max_examples=15)
@given(st.integers(1, 60), st.integers(20, 2_000), st.integers(20, 2_000), st.floats(1e-5, 0.1))
def test_rates_that_are_equal_are_rarely_told_apart(hits: int, n: int, m: int, p: float) -> None:
    hits = min(hits, n, m)
    # Of each table's hits a share of the population's: their number varies, too.
    rate = hits / (n + m)
    one, two = stats.binom(n, rate), stats.binom(m, rate)
    most = int(max(one.ppf(1 - 1e-7), two.ppf(1 - 1e-7))) + 1
    grid = np.arange(most)
    chances = np.outer(one.pmf(grid), two.pmf(grid))
    chance = sum(
        chances[i, j]
        for i, j in zip(*np.nonzero(chances > 1e-9), strict=True)
        if statistics.rate_p(int(i), n, int(j), m) <= p
    )
    assert chance <= 1.5 * p + 1e-6


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_is_scipys(p_values: list[float]) -> None:
    expected = stats.false_discovery_control(p_values)
    assert statistics.benjamini_hochberg(p_values) == pytest.approx(list(expected))


def test_wasserstein_of_atoms_is_exact() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.poisson(3, 5000), rng.poisson(3.3, 4000)
    atoms = np.arange(20)
    one, two = (np.bincount(v, minlength=20).astype(float) for v in (x, y))
    found = statistics.wasserstein(one, two, atoms.tolist(), atoms.tolist())
    assert found == pytest.approx(stats.wasserstein_distance(x, y))


def test_js_excess_has_no_bias_from_sample_size() -> None:
    rng = np.random.default_rng(0)
    p, q = np.full(20, 0.05), np.full(20, 0.05)
    q[:10], q[10:] = 0.06, 0.04
    true = statistics.js_distance(p, q)
    for n in (1_000, 100_000):
        found = [
            statistics.js_excess(
                rng.multinomial(n, p).astype(float), rng.multinomial(n, q).astype(float)
            )
            for _ in range(50)
        ]
        assert np.mean(np.square(found)) == pytest.approx(true**2, rel=0.15)


def test_sparse_bins_are_joined_by_their_sum_only() -> None:
    one, two = np.array([100.0, 1, 1, 50, 0]), np.array([90.0, 0, 2, 60, 1])
    joined = statistics.join_sparse(one, two, ordered=True)
    assert [part.sum() for part in joined] == [one.sum(), two.sum()]
    assert len(joined[0]) == 2
    swapped = statistics.join_sparse(two, one, ordered=True)
    assert [part.tolist() for part in swapped] == [joined[1].tolist(), joined[0].tolist()]


def test_cauchy_keeps_tiny_and_certain_p_values_apart() -> None:
    assert statistics.cauchy([1e-200, 0.5]) < 1e-190
    assert statistics.cauchy([1.0, 1.0]) == pytest.approx(1.0)
    assert statistics.cauchy([0.03, 0.03]) == pytest.approx(0.03)


def test_an_unseen_value_needs_more_than_one_row() -> None:
    assert statistics.unseen_p(1, 1000, 1000, at_most=0, unknown=10, other=1000) > 0.5
    assert statistics.unseen_p(30, 1000, 1000, at_most=0, unknown=math.inf, other=1000) < 1e-6
    assert statistics.unseen_p(30, 1000, 1000, at_most=25) > 0.1
    assert statistics.unseen_p(30, 1000, 1000, at_most=30) == 1.0


ratios = st.sampled_from([0.1, 1.0, 10.0])
collections = st.lists(st.integers(1, 60), min_size=1, max_size=40)
"""Rows that each of some values is expected to have in the reference."""


def _chances(expected: NDArray[np.float64], rows: int, n: int, m: int, most: int) -> Any:
    """Chance of each value to have at most `most` rows in n and at least `rows` in m."""
    share = expected / n
    return stats.binom.cdf(most, n, share) * stats.binom.sf(rows - 1, m, share)


@pytest.mark.parametrize(("n", "ratio"), [(1_000, 1.0), (1_000, 10.0), (10_000, 0.1)])
@pytest.mark.parametrize("at_most", [0, 3, 200])
def test_no_frequency_of_one_value_deceives_more_often_than_told(
    n: int, ratio: float, at_most: int
) -> None:
    m = round(n * ratio)
    expected = np.geomspace(1e-3, n / 2, 2_000)
    for rows in range(math.ceil((at_most + 4) * ratio) + 2, 60 + math.ceil(2 * at_most * ratio), 7):
        told = statistics.unseen_p(rows, n, m, at_most=at_most)
        worst = _chances(expected, rows, n, m, at_most).max()
        assert told > min(0.02, 0.98 * worst)
        # Nor is it much more cautious than must be, while the value is rare.
        assert told < 2 * worst or told < 1e-9 or at_most >= n / 20


@given(collections, ratios, st.integers(2, 80))
def test_values_not_kept_deceive_together_no_more_often_than_told(
    expected: list[int], ratio: float, rows: int
) -> None:
    n, m = 5_000, round(5_000 * ratio)
    told = statistics.unseen_p(rows, n, m, at_most=0, unknown=math.inf, other=sum(expected))
    assert told > min(0.05, _chances(np.array(expected), rows, n, m, 0).sum())


@given(ratios, st.integers(0, 5), st.integers(2, 80), st.integers(0, 500), collections)
def test_more_rows_are_more_evidence_and_more_chances_are_less(
    ratio: float, at_most: int, rows: int, other: int, known: list[int]
) -> None:
    def told(rows: int, **more: Any) -> float:
        return statistics.unseen_p(rows, 1_000, round(1_000 * ratio), at_most=at_most, **more)

    assert told(rows + 1) <= told(rows)
    assert told(rows) <= told(rows, unknown=3, other=other) <= 3 * told(rows) + 1e-12
    assert told(rows, unknown=3, other=other) <= told(rows, unknown=math.inf, other=other)
    assert told(rows) <= told(rows, known=known)


def test_values_that_are_kept_and_could_have_shown_the_like_count() -> None:
    alone = statistics.unseen_p(10, 1000, 1000, at_most=0)
    many = statistics.unseen_p(10, 1000, 1000, at_most=0, known=[10, 12, 9, 800])
    assert many == pytest.approx(alone + 0.5**10 + 0.5**12, rel=1e-6)


@pytest.mark.parametrize("levels", [1, 30, 150, 600])
def test_no_new_value_is_told_more_often_than_its_level(levels: int) -> None:
    rng = np.random.default_rng(levels)
    share = np.append(np.full(levels, 0.6 / max(levels, 100)), 0.0)
    share[-1] = 1 - share.sum()
    level, draws = 0.01, 4_000
    before, now = (rng.multinomial(1_000, share, draws)[:, :-1] for _ in range(2))
    new = np.where(before == 0, now, 0).max(axis=1)
    told = [
        statistics.unseen_p(
            rows, 1_000, 1_000, at_most=0, unknown=math.inf, other=before[i].sum()
        )
        for i, rows in enumerate(new.tolist())
        if rows
    ]  # fmt: skip
    assert sum(p <= level for p in told) <= stats.binom.ppf(0.999, draws, level)


def test_auc_error_against_its_bootstrap() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], [700, 300])
    aucs = [roc_auc_score(truth, rng.normal(truth, 1)) for _ in range(200)]
    assert statistics.auc_error(float(np.mean(aucs)), 300, 700) == pytest.approx(
        np.std(aucs), rel=0.15
    )
