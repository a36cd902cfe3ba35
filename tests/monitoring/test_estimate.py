from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlops_nb.errors import InputError
from mlops_nb.monitoring.calibration import concept, reliability
from mlops_nb.monitoring.estimate import check_estimate, estimate, estimator
from mlops_nb.monitoring.performance import measure
from mlops_nb.result import Result, Status

pytestmark = pytest.mark.slow


def binary(rows: int, seed: int = 0, *, centre: float = -1.0, twist: float = 0.0) -> pd.DataFrame:
    """Scores that are too sure of themselves; `twist` changes what is true of them."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(centre, 1.5, rows)
    truth = 1 / (1 + np.exp(-logit - twist))
    score = 1 / (1 + np.exp(-1.6 * logit))
    return pd.DataFrame({
        "late": (rng.random(rows) < truth).astype(float), "score": score,
        "prediction": (score > 0.5).astype(int),
    })  # fmt: skip


def classes(rows: int, seed: int = 0, sharp: float = 1.5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, sharp, (rows, 3))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (rng.random(rows)[:, None] > chances.cumsum(axis=1)[:, :2]).sum(axis=1)
    names = np.array(["a", "b", "c"])
    frame = pd.DataFrame({f"score_{n}": chances[:, i] for i, n in enumerate(names)})
    return frame.assign(kind=names[truth], prediction=names[chances.argmax(axis=1)])


def regression(rows: int, seed: int = 0, hard: float = 0.3) -> pd.DataFrame:
    """Rows of kind `b` are hard to predict; `hard` is their share."""
    rng = np.random.default_rng(seed)
    kind = np.where(rng.random(rows) < hard, "b", "a")
    prediction = rng.normal(50, 10, rows)
    noise = np.where(kind == "b", 9.0, 2.0)
    return pd.DataFrame({
        "kind": kind, "prediction": prediction, "delay": prediction + rng.normal(0, noise),
    })  # fmt: skip


def by_name(results: list[Result]) -> dict[str, Result]:
    return {result.name.partition(".")[2]: result for result in results}


def test_binary_estimates_hold_the_truth_after_a_shift() -> None:
    made = estimator(binary(20_000), label="late")
    inside = []
    for seed in range(1, 6):
        rows = binary(4_000, seed, centre=0.5)  # other rows, the same relation
        found, true = made.figures(rows.drop(columns="late")), measure(rows, label="late")
        inside += [abs(f.value - true[n]) < 1.96 * f.error for n, f in found.items()]
        assert {"roc_auc", "accuracy", "f1", "precision", "recall", "brier"} <= set(found)
    assert np.mean(inside) > 0.85


def test_several_classes_are_estimated_from_their_chances() -> None:
    made = estimator(classes(8_000), label="kind")
    rows = classes(4_000, 1, sharp=0.7)
    found, true = made.figures(rows.drop(columns="kind")), measure(rows, label="kind")
    assert set(found) == {"accuracy", "macro_f1", "roc_auc", "log_loss"}
    for name, figure in found.items():
        assert abs(figure.value - true[name]) < 3 * figure.error, name
    [fallen] = estimate(made, rows.drop(columns="kind"), only=["accuracy"])
    assert fallen.status is Status.FAILED, fallen.message
    assert "estimated without labels" in fallen.message


def test_errors_of_a_regression_are_learnt_from_the_features() -> None:
    made = estimator(regression(6_000), label="delay")
    same, harder = regression(3_000, 1), regression(3_000, 2, hard=0.7)
    true = measure(harder, label="delay")
    found = made.figures(harder.drop(columns="delay"))
    for name in ("mae", "rmse"):
        assert abs(found[name].value - true[name]) < 3 * found[name].error
    assert {r.status for r in estimate(made, same.drop(columns="delay"))} == {Status.PASSED}
    assert {r.status for r in estimate(made, harder.drop(columns="delay"))} == {Status.FAILED}


def test_the_truth_checks_the_estimate_later() -> None:
    made = estimator(binary(20_000), label="late")
    kept = check_estimate(made, binary(4_000, 1, centre=0.5), only=["roc_auc", "accuracy"])
    assert [r.status for r in kept] == [Status.PASSED] * 2
    broken = check_estimate(made, binary(4_000, 1, twist=-1.5), only=["accuracy", "brier"])
    assert {r.status for r in broken} == {Status.WARNED}
    assert "was estimated at" in broken[0].message
    [early] = check_estimate(made, binary(100).assign(late=np.nan))
    assert early.status is Status.SKIPPED


def test_concept_drift_is_told_from_drift_of_the_data() -> None:
    reference = binary(10_000)
    for seed in range(1, 9):
        [moved] = concept(reference, binary(4_000, seed, centre=0.5), label="late")
        assert moved.status is Status.PASSED, moved.message
    [changed] = concept(reference, binary(4_000, 1, twist=-0.8), label="late")
    assert changed.status is Status.WARNED
    assert changed.evidence["intercept"] < -0.4
    # The scores are 1.6 times too sure by construction.
    [same] = concept(reference, binary(40_000, 3), label="late")
    assert same.evidence["slope"] == pytest.approx(1 / 1.6, abs=4 * same.evidence["slope_error"])
    shifted = regression(3_000, 1).assign(delay=lambda r: r["delay"] + 3)
    for rows, status in ((regression(3_000, 1), Status.PASSED), (shifted, Status.WARNED)):
        [found] = concept(regression(6_000), rows, label="delay")
        assert found.status is status, found.message
    [few] = concept(reference, binary(20, 1), label="late")
    assert few.status is Status.SKIPPED


def test_reliability_shows_scores_that_are_too_sure() -> None:
    bands = reliability(binary(20_000), label="late")
    assert len(bands) == 10
    assert bands[0].observed_low > bands[0].expected
    assert bands[-1].observed_high < bands[-1].expected
    assert sum(band.rows for band in bands) == 20_000
    with pytest.raises(InputError, match="needs labels of two classes"):
        reliability(regression(100), label="delay")


def test_references_that_nothing_can_be_learnt_from() -> None:
    with pytest.raises(InputError, match="too few to estimate"):
        estimator(binary(100), label="late")
    with pytest.raises(InputError, match="all of one class"):
        estimator(binary(1_000).assign(late=1.0), label="late")
    with pytest.raises(InputError, match="no scores"):
        estimator(binary(1_000).drop(columns="score"), label="late")
    made = estimator(binary(1_000), label="late")
    with pytest.raises(InputError, match="scores are missing"):
        made.figures(binary(100).drop(columns=["score", "late"]))
    learnt = estimator(regression(1_000), label="delay")
    with pytest.raises(InputError, match="columns kind are missing"):
        learnt.figures(regression(100).drop(columns="kind"))
    assert estimate(made, binary(5))[0].status is Status.SKIPPED


def test_scores_that_are_no_chances_are_ranked_only() -> None:
    rows = binary(2_000)
    rows["score"] = np.log(rows["score"] / (1 - rows["score"]))
    rows.loc[:9, "score"] = np.inf
    made = estimator(rows, label="late")
    found = made.figures(rows.drop(columns="late"))
    assert "roc_auc" in found
    assert not {"brier", "log_loss"} & set(found)
    assert found["roc_auc"].value == pytest.approx(made.baseline["roc_auc"].value, abs=0.01)
