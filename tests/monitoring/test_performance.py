from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from mlops_nb.errors import InputError
from mlops_nb.monitoring import performance
from mlops_nb.monitoring.answers import answers
from mlops_nb.monitoring.performance import measure
from mlops_nb.result import Result, Status

pytestmark = pytest.mark.slow


def _scored(rows: int, seed: int = 0, strength: float = 1.5) -> pd.DataFrame:
    """A well calibrated model; `strength` says how much it knows."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-1, strength, rows)
    score = 1 / (1 + np.exp(-logit))
    return pd.DataFrame({
        "late": (rng.random(rows) < score).astype(float),
        "score": score,
        "prediction": (score > 0.5).astype(int),
    })  # fmt: skip


def _by_name(results: list[Result]) -> dict[str, Result]:
    return {result.name.partition(".")[2]: result for result in results}


def test_figures_are_scikit_learns() -> None:
    rows = _scored(2_000)
    found = measure(rows, label="late")
    y, p = rows["late"], rows["score"]
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(y, p))
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(y, p))
    assert found["log_loss"] == pytest.approx(sk.log_loss(y, p))
    assert found["brier"] == pytest.approx(sk.brier_score_loss(y, p))
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(y, rows["prediction"]))
    assert found["positive_rate"] == pytest.approx(y.mean())
    assert found["calibration_error"] < 0.05
    assert found["rows"] == 2_000


def test_regression_figures_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(50, 10, 500)
    rows = pd.DataFrame({"delay": y, "prediction": y + rng.normal(0, 4, 500)})
    found = measure(rows, label="delay")
    assert set(found) == {"mae", "rmse", "r2", "rows"}
    assert found["r2"] == pytest.approx(sk.r2_score(y, rows["prediction"]))
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(y, rows["prediction"]))
    worse = rows.assign(prediction=rows["prediction"] + rng.normal(0, 4, 500))
    for result in performance(worse, label="delay", baseline=found):
        assert result.status is Status.FAILED, result.message


def test_the_same_model_on_new_rows_passes() -> None:
    baseline = measure(_scored(20_000), label="late")
    for seed in range(1, 6):
        for result in performance(_scored(3_000, seed), label="late", baseline=baseline):
            assert result.status is Status.PASSED, result.message


def test_a_model_that_knows_less_fails() -> None:
    baseline = measure(_scored(20_000), label="late")
    rows = _scored(5_000, 1)
    noise = np.random.default_rng(2).permutation(len(rows))
    rows.loc[noise[:2_000], "score"] = rows["score"].sample(2_000, random_state=0).to_numpy()
    found = _by_name(performance(rows, label="late", baseline=baseline, window="May"))
    assert found["roc_auc"].status is Status.FAILED
    assert found["log_loss"].status is Status.FAILED
    assert found["roc_auc"].advice
    assert "baseline" in found["roc_auc"].message
    assert found["roc_auc"].window == "May"


def test_a_small_but_certain_fall_warns_and_margins_can_be_set() -> None:
    rows = _scored(100_000)
    baseline = {"roc_auc": measure(rows, label="late")["roc_auc"] + 0.012}
    assert performance(rows, label="late", baseline=baseline)[0].status is Status.WARNED
    [strict] = performance(rows, label="late", baseline=baseline, margins={"roc_auc": 0.005})
    assert strict.status is Status.FAILED


def test_more_positives_alone_only_warn() -> None:
    rows = _scored(5_000)
    [found] = performance(rows, label="late", baseline={"positive_rate": 0.1})
    assert found.status is Status.WARNED


def test_no_labels_yet_is_said() -> None:
    rows = _scored(100).drop(columns="late")
    for frame in (rows, rows.assign(late=np.nan)):
        [found] = performance(frame, label="late", baseline={"roc_auc": 0.8})
        assert found.status is Status.SKIPPED
        assert "0 of 100 rows have a label" in found.message


def test_labels_of_objects_one_class_and_no_score() -> None:
    rows = _scored(200).assign(late=[True, None] * 100).astype({"late": object})
    found = _by_name(performance(rows, label="late", baseline={"roc_auc": 0.8, "accuracy": 0.5}))
    assert found["roc_auc"].status is Status.SKIPPED
    assert found["accuracy"].value is not None
    found = _by_name(
        performance(
            _scored(200).drop(columns="score"),
            label="late",
            baseline={"roc_auc": 0.8, "accuracy": 0.5},
        )
    )
    assert found["roc_auc"].status is Status.SKIPPED
    assert "'score'" in found["roc_auc"].message


def test_classes_with_names() -> None:
    rows = pd.DataFrame({"kind": ["a", "b", "c"] * 50, "prediction": ["a", "b", "b"] * 50})
    found = measure(rows, label="kind")
    expected = sk.f1_score(rows["kind"], rows["prediction"], average="macro")
    assert found == {
        "accuracy": pytest.approx(2 / 3), "macro_f1": pytest.approx(expected), "rows": 150
    }  # fmt: skip


def test_chances_of_classes_are_ranked_as_scikit_learn_does() -> None:
    rng = np.random.default_rng(0)
    chances = rng.dirichlet([1, 1, 1], 600)
    codes = (rng.random(600)[:, None] > chances.cumsum(axis=1)[:, :2]).sum(axis=1)
    rows = pd.DataFrame({f"score_{n}": chances[:, n] for n in range(3)})
    rows = rows.assign(kind=codes.astype(float), prediction=chances.argmax(axis=1))
    found = {r.name: r for r in performance(
        rows, label="kind", baseline={"accuracy": 0.5, "roc_auc": 0.5, "log_loss": 1.0}
    )}  # fmt: skip
    assert found["performance.roc_auc"].value == pytest.approx(
        sk.roc_auc_score(codes, chances, multi_class="ovr", average="macro")
    )
    assert found["performance.log_loss"].value == pytest.approx(sk.log_loss(codes, chances))


def test_two_names_with_scores_are_positive_and_negative() -> None:
    rows = _scored(2_000)
    named = rows.assign(
        late=rows["late"].map({0.0: "no", 1.0: "yes"}),
        prediction=rows["prediction"].map({0: "no", 1: "yes"}),
    )
    assert measure(named, label="late") == measure(rows, label="late")


def test_answers_and_lift_are_scikit_learns_and_plain_counts() -> None:
    rows = _scored(2_000)
    found = measure(rows, label="late")
    y, p = rows["late"], rows["prediction"]
    assert found["precision"] == pytest.approx(sk.precision_score(y, p))
    assert found["recall"] == pytest.approx(sk.recall_score(y, p))
    assert found["f1"] == pytest.approx(sk.f1_score(y, p))
    top = rows.nlargest(200, "score")["late"].mean()
    assert found["lift"] == pytest.approx(top / y.mean())
    level = measure(rows.assign(score=0.5), label="late")
    assert level["lift"] == pytest.approx(1)


def test_the_errors_are_those_of_resampling() -> None:
    rows = _scored(1_500)
    given = answers(rows, label="late")
    rng = np.random.default_rng(0)
    for name in ("f1", "precision", "lift"):
        metric = given.metrics[name]
        beside = given.given(metric)
        assert beside is not None
        picks = (rng.integers(0, 1_500, 1_500) for _ in range(400))
        spread = np.std([metric.compute(given.truth[p], beside[p])[0] for p in picks])
        assert metric.compute(given.truth, beside)[1] == pytest.approx(spread, rel=0.2), name


def test_scores_that_are_no_chances_and_repeated_ids() -> None:
    rows = _scored(500)
    far = rows.assign(score=np.where(rows.index == 3, np.inf, rows["score"] * 3))
    found = _by_name(performance(far, label="late", baseline={"roc_auc": 0.8, "brier": 0.2}))
    assert found["roc_auc"].evidence["rows"] == 499
    assert found["brier"].status is Status.SKIPPED
    assert "between 0 and 1" in found["brier"].message
    with pytest.raises(InputError, match="499 rows repeat a prediction_id"):
        performance(rows.assign(prediction_id="x"), label="late", baseline={"roc_auc": 0.8})


def test_bad_requests() -> None:
    with pytest.raises(InputError, match="no column 'prediction'"):
        performance(pd.DataFrame({"late": [1]}), label="late", baseline={"roc_auc": 1})
    with pytest.raises(InputError, match="no figure of performance"):
        performance(_scored(100), label="late", baseline={"auc": 1})
