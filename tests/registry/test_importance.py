"""Permutation importance: what it finds, and that it says how sure it is however slow the model."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from mlops_nb.registry.importance import permutation_importance
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


def importance_of(estimator: Any) -> tuple[str, dict[str, tuple[float, float]]]:
    version = ModelVersion(
        name="m", version=1, aliases=(), run_id="r", source="s", created=datetime.now(UTC)
    )
    model = ScoringModel(
        version=version, features=list(X), task="binary", threshold=0.5, estimator=estimator
    )
    metric, found = permutation_importance(model, X.assign(late=Y), "late")
    return metric, {item.feature: (item.drop, item.spread) for item in found}


@pytest.mark.parametrize("estimator", [LogisticRegression, Slow])
def test_features_come_in_the_order_of_their_worth_with_their_spread(estimator: type) -> None:
    metric, found = importance_of(estimator().fit(X, Y))
    assert metric == "roc_auc"
    assert list(found) == ["strong", "weak", "noise"]
    assert found["strong"][0] > 0.2
    assert abs(found["noise"][0]) < 0.02
    assert found["strong"][1] > 0, "a single shuffle would say nothing of chance"


def test_the_same_seed_gives_the_same_answer() -> None:
    model = LogisticRegression().fit(X, Y)
    assert importance_of(model) == importance_of(model)
