"""Permutation importance: what it finds, and that it says how sure it is however slow the model."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from mlops_nb.registry.importance import Importance, ends, permutation_importance
from mlops_nb.registry.scoring import ScoringModel
from mlops_nb.registry.versions import ModelVersion

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(1500, 3)), columns=["strong", "weak", "noise"])
Y = (3 * X["strong"] + 0.7 * X["weak"] + RNG.normal(size=len(X)) > 0).astype(int)


class Slow(LogisticRegression):
    """So slow that one pass over the sample takes a good part of the time there is."""

    def predict_proba(self, rows: Any) -> Any:
        """Wait as a large model would, and answer."""
        time.sleep(len(rows) * 2e-4)
        return super().predict_proba(rows)


def importance_of(estimator: Any) -> tuple[str, dict[str, Importance]]:
    version = ModelVersion(
        name="m", version=1, aliases=(), run_id="r", source="s", created=datetime.now(UTC)
    )
    model = ScoringModel(
        version=version, features=list(X), task="binary", threshold=0.5, estimator=estimator
    )
    metric, found = permutation_importance(model, X.assign(late=Y), "late")
    return metric, {item.feature: item for item in found}


@pytest.mark.parametrize("estimator", [LogisticRegression, Slow])
def test_features_come_in_the_order_of_their_worth_with_intervals(estimator: type) -> None:
    metric, found = importance_of(estimator().fit(X, Y))
    assert metric == "roc_auc"
    assert list(found) == ["strong", "weak", "noise"]
    assert found["strong"].low > 0.2
    assert found["noise"].low < 0.01
    assert found["noise"].high > -0.01
    for item in found.values():
        assert item.low < item.drop < item.high, "a single shuffle would say nothing of chance"


def test_the_interval_holds_what_many_rows_say() -> None:
    model = LogisticRegression().fit(X, Y)
    rows = pd.DataFrame(RNG.normal(size=(100_000, 3)), columns=list(X))
    late = 3 * rows["strong"] + 0.7 * rows["weak"] + RNG.normal(size=len(rows)) > 0
    shuffled = rows.assign(strong=RNG.permutation(rows["strong"]))
    truth = [roc_auc_score(late, model.predict_proba(of)[:, 1]) for of in (rows, shuffled)]
    held = importance_of(model)[1]["strong"]
    assert held.low <= truth[0] - truth[1] <= held.high
    assert held.high - held.low < 0.1


def test_a_version_of_before_there_were_intervals_keeps_its_deviation() -> None:
    assert ends({"drop": 0.5, "spread": 0.1}) == (0.4, 0.6)
    assert ends({"drop": 0.5, "low": 0.2, "high": 0.7}) == (0.2, 0.7)


def test_the_same_seed_gives_the_same_answer() -> None:
    model = LogisticRegression().fit(X, Y)
    assert importance_of(model) == importance_of(model)
