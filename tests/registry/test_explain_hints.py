"""Hints, curves and baselines: what would flip a decision, and what a model gains."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.registry.estimator import task_of
from mlops_nb.registry.explain.counterfactual import Counterfactual, counterfactual
from mlops_nb.registry.explain.partial import grid_of, partial_dependence
from mlops_nb.registry.explain.simpler import compare_with_simple
from mlops_nb.registry.scoring import ScoringModel
from mlops_nb.registry.versions import ModelVersion

RNG = np.random.default_rng(11)
SIZE = 2000
PEOPLE = pd.DataFrame(
    {
        "age": RNG.integers(18, 70, SIZE),
        "income": RNG.lognormal(10, 0.5, SIZE).round(-2),
        "debts": RNG.integers(0, 8, SIZE),
        "home": RNG.choice(["owned", "rented", "other"], SIZE, p=[0.5, 0.49, 0.01]),
    }
)
MERIT = (
    (PEOPLE["income"] / 20_000)
    - PEOPLE["debts"] / 2
    + (PEOPLE["home"] == "owned")
    + PEOPLE["age"] / 60
)
GRANTED = (MERIT + RNG.normal(size=SIZE) / 4 > MERIT.median()).astype(int)


def model_of(estimator: Any, rows: pd.DataFrame = PEOPLE) -> ScoringModel:
    version = ModelVersion(
        name="loans", version=1, aliases=(), run_id="r", source="s", created=datetime.now(UTC)
    )
    return ScoringModel(
        version=version,
        features=list(rows.columns),
        task=task_of(estimator),
        threshold=0.5,
        estimator=estimator,
    )


def fitted(last: Any, rows: slice = slice(None)) -> ScoringModel:
    encode = make_column_transformer(
        (OneHotEncoder(), ["home"]), (StandardScaler(), ["age", "income", "debts"])
    )
    return model_of(make_pipeline(encode, last).fit(PEOPLE[rows], GRANTED[rows]))


LINE = fitted(LogisticRegression())


def refused(model: ScoringModel, distance: float = 0.4) -> pd.DataFrame:
    scores = model.score(PEOPLE)["score"]
    return PEOPLE[(scores < 0.5) & (scores > 0.5 - distance)]


def hint(model: ScoringModel, row: pd.DataFrame, **options: Any) -> Counterfactual | None:
    return counterfactual(model, row, PEOPLE, **{"keep": {"age"}, **options})


@pytest.mark.parametrize("place", range(0, 60, 6))
def test_a_hint_flips_the_decision_and_keeps_what_must_be_kept(place: int) -> None:
    row = refused(LINE).iloc[[place]]
    found = hint(LINE, row)
    assert found is not None
    changed = row.assign(**{change.column: change.after for change in found.changes})
    assert LINE.score(changed)["prediction"].iloc[0] == found.other == 1
    assert LINE.score(changed)["score"].iloc[0] == pytest.approx(found.other_score)
    assert "age" not in {change.column for change in found.changes}
    assert 1 <= len(found.changes) <= 3
    for change in found.changes:
        assert change.before == row[change.column].iloc[0]
        assert change.after in set(PEOPLE[change.column]), "a value that somebody has"
        assert change.after != "other", "too few have it to advise it"


def test_of_one_column_the_smallest_step_is_found() -> None:
    row = refused(LINE, 0.2).iloc[[3]]
    found = hint(LINE, row, keep={"age", "debts", "home"})
    assert found is not None
    (change,) = found.changes
    richer = np.sort(PEOPLE["income"][PEOPLE["income"] > row["income"].iloc[0]].unique())
    tried = pd.concat([row] * len(richer), ignore_index=True).assign(income=richer)
    enough = richer[LINE.score(tried)["prediction"].to_numpy() == 1]
    assert change.after == enough.min()
    assert f"if income were {change.after:.0f} instead of" in str(found)
    assert found.to_dict()["changes"][0]["column"] == "income"


def test_several_columns_are_changed_only_where_one_is_not_enough() -> None:
    poor = PEOPLE.iloc[[0]].assign(income=5000.0, debts=7, home="rented", age=20)
    alone = [hint(LINE, poor, keep={"age", *rest}, most=1) for rest in ({"income"}, {"debts"})]
    both = hint(LINE, poor, keep={"age", "home"})
    if all(found is None for found in alone):
        assert both is not None
    assert (
        both is None
        or LINE.score(poor.assign(**{c.column: c.after for c in both.changes}))["prediction"].iloc[
            0
        ]
        == 1
    )


def test_without_anything_to_change_there_is_no_hint() -> None:
    row = refused(LINE).iloc[[0]]
    assert hint(LINE, row, keep=set(PEOPLE)) is None


@pytest.mark.slow
def test_a_hint_of_a_forest_and_of_several_classes() -> None:
    forest = fitted(RandomForestClassifier(20, max_depth=5, random_state=0))
    assert hint(forest, refused(forest).iloc[0]) is not None, "a row may be a Series"
    three = pd.Series(np.digitize(MERIT, MERIT.quantile([0.3, 0.6])))
    numbers = PEOPLE[["age", "income", "debts"]]
    model = model_of(HistGradientBoostingClassifier(max_iter=20).fit(numbers, three), numbers)
    row = numbers.iloc[[1]]
    found = counterfactual(model, row, numbers, keep={"age"})
    assert found is not None
    assert found.score is None
    assert found.other != found.decision


def test_what_no_hint_can_be_given_for() -> None:
    numbers = PEOPLE[["age", "income"]]
    line = model_of(LinearRegression().fit(numbers, MERIT), numbers)
    with pytest.raises(InputError, match="decides nothing"):
        counterfactual(line, numbers.iloc[0], numbers, keep=set())
    with pytest.raises(InputError, match="about one row, not 2"):
        hint(LINE, PEOPLE.head(2))


def test_a_curve_follows_the_model() -> None:
    curve = partial_dependence(LINE, PEOPLE, "debts")
    assert curve.values == list(range(8))
    assert curve.mean == sorted(curve.mean, reverse=True), "debts lower the score"
    one = PEOPLE.sample(500, random_state=0).assign(debts=3)
    assert curve.mean[3] == pytest.approx(LINE.score(one)["score"].mean())
    home = partial_dependence(LINE, PEOPLE, "home")
    assert home.values == ["owned", "rented"], "a rare category would say little"
    assert home.mean[0] > home.mean[1]
    assert set(home.to_dict()) == {"column", "values", "mean", "standard_error"}
    with pytest.raises(NotFoundError, match="did you mean 'debts'"):
        partial_dependence(LINE, PEOPLE, "debt")
    with pytest.raises(NotFoundError, match="'scor' is no score"):
        partial_dependence(LINE, PEOPLE, "debts", output="scor")


def test_a_curve_goes_through_values_that_occur() -> None:
    whole = pd.Series(RNG.integers(0, 1000, 500))
    assert all(value == round(value) for value in grid_of(whole))
    assert grid_of(pd.Series([True, False, True] * 40)) == [True, False]
    assert grid_of(pd.Series([np.nan, 1.0, 2.0] * 50)) == [1.0, 2.0]


@pytest.mark.slow
def test_what_a_black_box_gains() -> None:
    noise = RNG.normal(size=SIZE)
    rows = PEOPLE.assign(noise=noise)
    crossed = ((rows["age"] > 44) ^ (noise > 0)).astype(int)  # nothing additive sees it
    boosting = HistGradientBoostingClassifier(max_iter=40, random_state=0)
    numbers = rows[["age", "income", "debts", "noise"]]
    train, later = slice(0, 1400), slice(1400, None)
    model = model_of(boosting.fit(numbers[train], crossed[train]), numbers)
    found = compare_with_simple(
        model, numbers[train].assign(y=crossed), numbers[later].assign(y=crossed), "y"
    )
    assert [one.baseline for one in found] == ["linear", "additive"]
    for one in found:
        assert one.gain.low > 0.3
        assert "that is what its opacity buys" in one.advice
        assert one.to_dict()["training_rows"] == 1400

    rows = PEOPLE.assign(granted=GRANTED)
    tree = fitted(RandomForestClassifier(20, random_state=0), train)
    linear, additive = compare_with_simple(tree, rows[train], rows[later], "granted")
    assert linear.gain.low <= linear.gain.gain <= linear.gain.high
    assert "it can be read" in linear.advice
    assert "it can be read" in additive.advice
    with pytest.raises(InputError, match="that the table lacks: 'granted'"):
        compare_with_simple(tree, PEOPLE, rows, "granted")
