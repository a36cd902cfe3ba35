"""Scoring rows: chunks, indexes, names, thresholds, missing columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.tree import DecisionTreeClassifier

from mlops_nb.errors import InputError
from mlops_nb.registry import estimator as estimators
from mlops_nb.registry.scoring import ScoringModel
from mlops_nb.registry.versions import ModelVersion

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(500, 3)), columns=["a", "b", "c"])
Y = np.where(X["a"] + RNG.normal(size=500) > 0, "late", "on time")


def model_of(estimator: Any, *, threshold: float = 0.5) -> ScoringModel:
    version = ModelVersion(
        name="m", version=3, aliases=(), run_id="r", source="s", created=datetime.now(UTC)
    )
    return ScoringModel(
        version=version,
        features=["a", "b", "c"],
        task=estimators.task_of(estimator),
        threshold=threshold,
        estimator=estimator,
    )


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(LogisticRegression().fit(X, Y))
    whole = model.score(X)
    monkeypatch.setattr(estimators, "CHUNK_ROWS", 7)
    pd.testing.assert_frame_equal(model.score(X), whole)


def test_a_wide_table_is_cut_into_smaller_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(LogisticRegression().fit(X, Y))
    whole, seen = model.score(X), []
    plain = LogisticRegression.predict_proba

    def counted(self: Any, rows: Any) -> Any:
        seen.append(rows.size)
        return plain(self, rows)

    monkeypatch.setattr(LogisticRegression, "predict_proba", counted)
    monkeypatch.setattr(estimators, "CHUNK_CELLS", 30)
    pd.testing.assert_frame_equal(model.score(X), whole)
    assert max(seen) <= 30
    assert sum(seen) == X.size


def test_index_extra_columns_and_order_of_columns_do_not_matter() -> None:
    model = model_of(LogisticRegression().fit(X, Y))
    rows = X.assign(extra="x")[["extra", "c", "b", "a"]].sample(frac=1, random_state=1)
    rows.index = pd.MultiIndex.from_arrays([rows.index, rows.index])
    scored = model.score(rows)
    assert scored.index.equals(rows.index)
    np.testing.assert_array_equal(
        scored["prediction"], model.estimator.predict(rows[["a", "b", "c"]])
    )


def test_the_threshold_decides() -> None:
    model = model_of(LogisticRegression().fit(X, Y), threshold=0.9)
    scored = model.score(X)
    assert ((scored["score"] >= 0.9) == (scored["prediction"] == "on time")).all()


def test_a_tuned_estimator_brings_its_own_threshold() -> None:
    tuned = FixedThresholdClassifier(LogisticRegression(), threshold=0.2).fit(X, Y)
    assert estimators.threshold_of(tuned) == 0.2
    scored = model_of(tuned, threshold=0.2).score(X)
    np.testing.assert_array_equal(scored["prediction"], tuned.predict(X))
    assert estimators.threshold_of(LogisticRegression()) == 0.5


def test_a_model_fitted_on_an_array_takes_frames_without_a_warning() -> None:
    fitted = DecisionTreeClassifier(max_depth=2).fit(X.to_numpy(), Y)
    scored = model_of(fitted).score(X)
    np.testing.assert_array_equal(scored["prediction"], fitted.predict(X.to_numpy()))
    assert estimators.features_of(fitted, X.assign(y=Y), without=["y"]) == ["a", "b", "c"]
    with pytest.raises(InputError, match="3 columns without names, the reference has 4"):
        estimators.features_of(fitted, X.assign(y=Y), without=[])


def test_no_rows_give_no_rows() -> None:
    scored = model_of(LogisticRegression().fit(X, Y)).score(X.iloc[:0])
    assert (len(scored), list(scored.columns)) == (0, ["prediction", "score"])


def test_a_regression_has_predictions_only() -> None:
    model = model_of(LinearRegression().fit(X, X["a"]))
    assert (model.task, list(model.score(X).columns)) == ("regression", ["prediction"])


def test_missing_columns_are_named_with_the_nearest() -> None:
    model = model_of(LogisticRegression().fit(X, Y))
    rows = X.rename(columns={"b": "bb", "c": "other"})
    with pytest.raises(InputError, match=r"m/3 needs 2 columns that the table lacks: 'b', 'c'"):
        model.score(rows)


def test_values_of_another_type_are_an_input_error() -> None:
    model = model_of(LogisticRegression().fit(X, Y))
    with pytest.raises(InputError, match="m/3 cannot score these rows"):
        model.score(X.assign(b="text"))


def test_what_does_not_predict_is_refused() -> None:
    with pytest.raises(InputError, match="has no predict method"):
        estimators.task_of(object())
