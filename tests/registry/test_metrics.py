"""Weighted metrics against scikit-learn's, and the bootstrap's honesty."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mlops_nb.registry.bootstrap import intervals, paired_gain
from mlops_nb.registry.metrics import direction, estimate, metrics_of

BINARY = np.array([0, 1])


def scored(score: np.ndarray, threshold: float = 0.5) -> pd.DataFrame:
    return pd.DataFrame({"prediction": (score >= threshold).astype(int), "score": score})


rows = st.lists(
    st.tuples(st.booleans(), st.integers(0, 10), st.integers(0, 3)), min_size=4, max_size=60
).filter(lambda r: len({truth for truth, _, weight in r if weight}) == 2)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(rows)
def test_weighted_binary_metrics_equal_those_of_scikit_learn(
    data: list[tuple[bool, int, int]],
) -> None:
    truth = pd.Series([int(t) for t, _, _ in data])
    score = np.array([s / 10 for _, s, _ in data])
    weight = np.array([float(w) for _, _, w in data])
    found = {
        name: metric(weight[None, :])[0]
        for name, metric in metrics_of("binary", truth, scored(score), BINARY).items()
    }
    expected = {
        "roc_auc": sk.roc_auc_score(truth, score, sample_weight=weight),
        "average_precision": sk.average_precision_score(truth, score, sample_weight=weight),
        "brier": sk.brier_score_loss(truth, score, sample_weight=weight),
        "accuracy": sk.accuracy_score(truth, score >= 0.5, sample_weight=weight),
        "log_loss": sk.log_loss(truth, np.clip(score, 1e-15, 1 - 1e-15), sample_weight=weight),
        "positive_rate": np.average(truth, weights=weight),
    }
    assert found == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=50))
def test_multiclass_metrics_equal_those_of_scikit_learn(data: list[tuple[int, int]]) -> None:
    names = np.array(["a", "b", "c"])
    truth = pd.Series(names[[t for t, _ in data]])
    chosen = names[[p for _, p in data]]
    frame = pd.DataFrame({"prediction": chosen})
    for i, name in enumerate(names):
        frame[f"score_{name}"] = np.where(chosen == name, 0.6, 0.2) + 0 * i
    found = estimate(metrics_of("multiclass", truth, frame, names), len(truth))
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, chosen))
    assert found["macro_f1"] == pytest.approx(sk.f1_score(truth, chosen, average="macro"))
    chances = frame[["score_a", "score_b", "score_c"]]
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth, chances, labels=names))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=3, max_size=40).filter(
        lambda d: np.ptp([t for t, _ in d]) > 1
    )
)
def test_regression_metrics_equal_those_of_scikit_learn(data: list[tuple[float, float]]) -> None:
    truth, predicted = pd.Series([t for t, _ in data]), np.array([p for _, p in data])
    frame = pd.DataFrame({"prediction": predicted})
    found = estimate(metrics_of("regression", truth, frame, np.array([])), len(truth))
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(truth, predicted))
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(truth, predicted))
    assert found["r2"] == pytest.approx(sk.r2_score(truth, predicted), rel=1e-6, abs=1e-6)


def test_a_metric_without_a_value_is_left_out() -> None:
    truth = pd.Series([1, 1, 1])
    found = estimate(metrics_of("binary", truth, scored(np.array([0.1, 0.6, 0.9])), BINARY), 3)
    assert "roc_auc" not in found
    assert found["accuracy"] == pytest.approx(2 / 3)


def test_intervals_cover_as_they_say_and_are_the_same_twice() -> None:
    random = np.random.default_rng(7)
    inside = 0
    for _ in range(200):
        truth = pd.Series((random.random(150) < 0.3).astype(int))
        metrics = metrics_of("binary", truth, scored(np.full(150, 0.2)), BINARY)
        wanted = {"accuracy": metrics["accuracy"]}
        interval = intervals(wanted, 150, replicates=300)["accuracy"]
        inside += interval.low <= 0.7 <= interval.high
    assert 0.90 <= inside / 200 <= 0.99
    assert intervals(wanted, 150) == intervals(wanted, 150)


def test_a_model_gains_nothing_over_itself() -> None:
    random = np.random.default_rng(1)
    truth = pd.Series(random.integers(0, 2, 400))
    metric = metrics_of("binary", truth, scored(random.random(400)), BINARY)["roc_auc"]
    gain = paired_gain("roc_auc", metric, metric, 400, confidence=0.95)
    assert gain is not None
    assert (gain.gain, gain.low, gain.high, gain.certainty) == (0, 0, 0, 0)


@pytest.mark.slow
def test_equal_models_are_rarely_found_better() -> None:
    random = np.random.default_rng(2)
    found = 0
    for _ in range(50):
        truth = pd.Series(random.integers(0, 2, 300))
        pair = [
            metrics_of("binary", truth, scored(truth + random.normal(size=300)), BINARY)["roc_auc"]
            for _ in range(2)
        ]
        gain = paired_gain("roc_auc", pair[0], pair[1], 300, confidence=0.95)
        assert gain is not None
        found += gain.low > 0
    assert found <= 8


def test_less_of_an_error_is_a_gain() -> None:
    random = np.random.default_rng(3)
    truth = pd.Series(random.normal(size=500))
    near, far = (
        metrics_of(
            "regression",
            truth,
            pd.DataFrame({"prediction": truth + width * random.normal(size=500)}),
            np.array([]),
        )["mae"]
        for width in (0.1, 1.0)
    )
    gain = paired_gain("mae", near, far, 500, confidence=0.95)
    assert gain is not None
    assert gain.low > 0.3
    assert (direction("mae"), direction("r2"), direction("positive_rate")) == (-1, 1, 0)
