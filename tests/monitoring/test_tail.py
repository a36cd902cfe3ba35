from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlops_nb.monitoring import tail


def test_prediction_bound_is_students_or_a_heavy_tails_within_1() -> None:
    p = tail.beyond_p(0.6, 0.5, 0.1, 12, 0.55)
    assert p == pytest.approx(stats.t.sf((1.5 - 1) / 0.4 / np.sqrt(1 + 1 / 12), 11), rel=1e-6)
    assert tail.beyond_limit(p, 0.5, 0.1, 12, 0.55) == pytest.approx(0.6)
    assert tail.beyond_p(0.4, 0.3, 0.1, 12, 0.45) == 1.0  # the reference had one like it
    far = tail.beyond_p(0.8, 0.3, 0.01, 12, 0.5)
    assert far == pytest.approx(1 / 13 / 1.6**4 * 0.2 / 0.5)
    assert tail.beyond_limit(far, 0.3, 0.01, 12, 0.5) == pytest.approx(0.8)
    assert tail.beyond_p(0.3, 0.0, 0.0, 12, 0.0) == 0.0


figures = st.lists(st.floats(0, 0.999), min_size=3, max_size=20)


def _spread(seen: list[float]) -> tuple[float, float, int, float]:
    return float(np.mean(seen)), float(np.std(seen, ddof=1)), len(seen), max(seen)


@given(figures, st.floats(1e-9, 0.5), st.floats(0, 1))
def test_the_bound_lies_within_what_a_figure_can_be(
    seen: list[float], p: float, value: float
) -> None:
    of = _spread(seen)
    limit = tail.beyond_limit(p, *of)
    assert of[-1] - 1e-12 <= limit <= 1
    assert tail.beyond_limit(p / 2, *of) >= limit
    found = tail.beyond_p(value, *of)
    assert tail.beyond_p(value + (1 - value) / 2, *of) <= found
    # One says the same as the other, but where the digits end.
    if limit < 1 - 1e-6 and abs(value - limit) > 1e-6 and value > of[-1]:
        assert (found <= p) == (value >= limit)


@given(figures, st.floats(1e-300, 0.5))
def test_a_total_change_is_always_beyond(seen: list[float], p: float) -> None:
    of = _spread(seen)
    assert tail.beyond_p(1.0, *of) == 0.0
    assert tail.beyond_limit(p, *of) <= 1.0


@pytest.mark.parametrize("periods", [8, 12, 30, 60])
@pytest.mark.parametrize("shape", [(1, 20), (2, 5), (5, 2), (20, 2)])
def test_one_more_period_is_rarely_beyond(periods: int, shape: tuple[float, float]) -> None:
    rng = np.random.default_rng(periods)
    drawn = rng.beta(*shape, size=(2_000, periods + 1))
    beyond = [tail.beyond_p(row[-1], *_spread(row[:-1].tolist())) <= 0.02 for row in drawn]
    assert np.mean(beyond) <= 0.05
