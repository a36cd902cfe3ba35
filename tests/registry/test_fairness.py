"""Figures of fairness: fairlearn's own, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.registry.fairness import fairness_of

ROWS = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.sampled_from(["a", "b", "c"])), min_size=4
).filter(lambda rows: len({group for _, _, group in rows}) > 1)


@pytest.mark.slow
@given(ROWS)
@settings(max_examples=25, deadline=None)
def test_every_figure_is_fairlearns(rows: list[tuple[bool, bool, str]]) -> None:
    metrics = pytest.importorskip("fairlearn.metrics")
    truth, chosen, groups = (np.array(column) for column in zip(*rows, strict=True))
    found = fairness_of(truth, chosen, pd.Series(groups, name="g"), confidence=0.95)
    assert found is not None
    for name, function in (
        ("selection_ratio", metrics.demographic_parity_ratio),
        ("selection_difference", metrics.demographic_parity_difference),
        ("odds_difference", metrics.equalized_odds_difference),
    ):
        wanted = function(truth.astype(int), chosen.astype(int), sensitive_features=groups)
        if np.isfinite(wanted):
            assert found.figures[name].value == pytest.approx(wanted), name
        else:
            assert name not in found.figures


def test_intervals_hold_what_they_promise() -> None:
    random, held = np.random.default_rng(0), 0
    for _ in range(100):
        groups = pd.Series(random.choice(["a", "b"], 600), name="g")
        chosen = random.random(600) < np.where(groups == "a", 0.5, 0.3)
        found = fairness_of(random.random(600) < 0.5, chosen, groups, confidence=0.95)
        assert found is not None
        span = found.figures["selection_difference"]
        held += span.low <= 0.2 <= span.high
    assert 88 <= held <= 100


def test_rows_without_a_group_belong_to_none() -> None:
    groups = pd.Series(["a"] * 40 + [None] * 40, name="g")
    yes = np.ones(80)
    assert fairness_of(yes, yes, groups, confidence=0.95) is None
    groups = pd.Series(["a"] * 40 + [None] * 40 + ["b"] * 40, name="g")
    yes = np.r_[np.ones(80), np.zeros(40)]
    found = fairness_of(yes, yes, groups, confidence=0.95)
    assert found is not None
    assert (found.column, found.groups, found.rows) == ("g", 2, 80)
    assert found.figures["selection_ratio"].value == 0
