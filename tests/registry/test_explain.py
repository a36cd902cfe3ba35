"""Contributions are Shapley values: against brute force, against shap, and they add up."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mlops_nb.errors import InputError, MlopsError
from mlops_nb.registry.explain import Explainer, native
from mlops_nb.registry.explain.attribution import attribution_of
from mlops_nb.registry.explain.columns import unroll
from mlops_nb.registry.explain.sampled import Sampled
from mlops_nb.registry.explain.trees import Tree, ensemble_of
from mlops_nb.registry.explain.treeshap import TreeShap
from mlops_nb.registry.scoring import ScoringModel
from mlops_nb.registry.versions import ModelVersion

RNG = np.random.default_rng(5)
SIZE = 800
NUMBERS = pd.DataFrame(RNG.normal(size=(SIZE, 4)).round(2), columns=["a", "b", "c", "d"])
NUMBERS["c"] = RNG.integers(0, 4, SIZE).astype(float)
YES = (NUMBERS["a"] + NUMBERS["b"] * (NUMBERS["c"] > 1) + RNG.normal(size=SIZE) / 2 > 0).astype(int)
THREE = pd.Series(np.digitize(NUMBERS["a"] + NUMBERS["b"], [-0.7, 0.7])).map(
    ["lo", "mid", "hi"].__getitem__
)
AMOUNT = np.exp(NUMBERS["a"] / 2 + NUMBERS["c"] / 4)
GAPPED = NUMBERS.mask(RNG.random(NUMBERS.shape) < 0.1)
MIXED = NUMBERS.assign(town=RNG.choice(["north", "south", "west"], SIZE)).astype({"town": object})
MIXED_YES = (YES + (MIXED["town"] == "west") > 1).astype(int)


def spread_out() -> Any:
    return make_column_transformer(
        (OneHotEncoder(drop="first"), ["town"]),
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), ["a", "b"]),
        (SplineTransformer(n_knots=4), ["c"]),
        remainder="passthrough",
    )


def model_of(estimator: Any, rows: pd.DataFrame, threshold: float = 0.5) -> ScoringModel:
    from mlops_nb.registry.estimator import task_of

    version = ModelVersion(
        name="m", version=1, aliases=(), run_id="r", source="s", created=datetime.now(UTC)
    )
    return ScoringModel(
        version=version,
        features=list(rows.columns),
        task=task_of(estimator),
        threshold=threshold,
        estimator=estimator,
    )


def explainer(estimator: Any, rows: pd.DataFrame, label: Any = YES, **options: Any) -> Explainer:
    return Explainer(
        model=model_of(estimator, rows, **options),
        holdout=rows.assign(label=label),
        label="label",
        importance={},
        keep=(),
    )


def brute_force(tree: Tree, row: Any, owners: Any, players: int) -> Any:
    """Shapley values by their definition: every coalition, every order."""

    def answer(known: frozenset[int], node: int = 0) -> Any:
        if tree.column[node] < 0:
            return tree.value[node]
        left, right = int(tree.left[node]), int(tree.right[node])
        if owners[tree.column[node]] in known:
            value = row[tree.column[node]]
            goes = tree.missing_left[node] if np.isnan(value) else value <= tree.threshold[node]
            return answer(known, left if goes else right)
        share = tree.cover[left] / tree.cover[node]
        return share * answer(known, left) + (1 - share) * answer(known, right)

    found = np.zeros((players, tree.value.shape[1]))
    for player in range(players):
        others = [p for p in range(players) if p != player]
        for size in range(players):
            weight = factorial(size) * factorial(players - size - 1) / factorial(players)
            for known in combinations(others, size):
                step = answer(frozenset({*known, player})) - answer(frozenset(known))
                found[player] += weight * step
    return found


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    depth=st.integers(1, 6),
    owners=st.lists(st.integers(0, 2), min_size=5, max_size=5),
    gaps=st.booleans(),
)
def test_a_tree_is_explained_as_by_brute_force(
    seed: int, depth: int, owners: list[int], gaps: bool
) -> None:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(60, 5)).round(1)
    target = rows[:, 0] * rows[:, 1] + (rows[:, 2] > 0) + random.normal(size=60)
    if gaps:
        rows[random.random(rows.shape) < 0.2] = np.nan
    fitted = DecisionTreeRegressor(max_depth=depth, random_state=seed).fit(rows, target)
    ensemble = ensemble_of(fitted)
    assert ensemble is not None
    shap = TreeShap(ensemble, np.array(owners), 3)
    values = shap.values(rows[:8])
    for i in range(8):
        row = rows[i].astype(np.float32).astype(float)
        wanted = brute_force(ensemble.trees[0], row, owners, 3)
        np.testing.assert_allclose(values[:, :, i].T, wanted, atol=1e-10)
    np.testing.assert_allclose(shap.base + values.sum(axis=1)[0], fitted.predict(rows[:8]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "rows", "label"),
    [
        (HistGradientBoostingClassifier(max_iter=15), GAPPED, YES),
        (HistGradientBoostingRegressor(max_iter=15), GAPPED, AMOUNT),
        (HistGradientBoostingClassifier(max_iter=6), NUMBERS, THREE),
        (RandomForestClassifier(8, max_depth=7, random_state=0), GAPPED, YES),
        (RandomForestClassifier(5, random_state=0), NUMBERS, THREE),
        (ExtraTreesRegressor(5, random_state=0), NUMBERS, AMOUNT),
        (GradientBoostingClassifier(n_estimators=10), NUMBERS, YES),
        (DecisionTreeClassifier(), NUMBERS, YES),
    ],
    ids=lambda value: type(value).__name__,
)
def test_ensembles_are_explained_as_by_shap(estimator: Any, rows: Any, label: Any) -> None:
    shap = pytest.importorskip("shap")
    fitted = estimator.fit(rows.to_numpy(), label)
    head = rows.to_numpy()[:60]
    ensemble = ensemble_of(fitted)
    assert ensemble is not None
    ours = TreeShap(ensemble, np.arange(4), 4)
    theirs = shap.TreeExplainer(fitted, feature_perturbation="tree_path_dependent")
    wanted = np.asarray(theirs.shap_values(head, check_additivity=False))
    wanted = wanted[None] if wanted.ndim == 2 else np.moveaxis(wanted, 2, 0)
    values = ours.values(head)
    wanted = wanted[-len(values) :]  # of two classes the second
    np.testing.assert_allclose(np.swapaxes(values, 1, 2), wanted, atol=1e-6)
    base = np.atleast_1d(theirs.expected_value)[-len(values) :]
    np.testing.assert_allclose(ours.base, base, atol=1e-6)


def boosters() -> list[Any]:
    found = []
    for package, kind in (("lightgbm", "LGBM"), ("xgboost", "XGB")):
        library = pytest.importorskip(package)
        small = {"n_estimators": 8, "verbosity": -1} if kind == "LGBM" else {"n_estimators": 8}
        found.append(getattr(library, f"{kind}Classifier")(**small))
        found.append(getattr(library, f"{kind}Regressor")(**small))
    return found


CASES = [
    ("linear (exact)", make_pipeline(spread_out(), LogisticRegression()), MIXED, MIXED_YES),
    ("linear (exact)", make_pipeline(StandardScaler(), LogisticRegression()), NUMBERS, THREE),
    ("linear (exact)", make_pipeline(spread_out(), PoissonRegressor()), MIXED, AMOUNT),
    (
        "linear (exact)",
        make_pipeline(
            make_union(StandardScaler(), SplineTransformer()), SelectKBest(k=12), Ridge()
        ),
        NUMBERS,
        AMOUNT,
    ),
    ("linear (exact)", SGDClassifier(loss="log_loss", random_state=0), NUMBERS, YES),
    (
        "linear (exact)",
        make_pipeline(KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"), Ridge()),
        NUMBERS,
        AMOUNT,
    ),
    ("trees (exact)", make_pipeline(spread_out(), DecisionTreeClassifier()), MIXED, MIXED_YES),
    (
        "trees (exact)",
        make_pipeline(
            make_column_transformer((OrdinalEncoder(), ["town"]), remainder="passthrough"),
            HistGradientBoostingClassifier(max_iter=10, categorical_features=[0]),
        ),
        MIXED,
        MIXED_YES,
    ),
    (
        "trees (exact)",
        HistGradientBoostingClassifier(max_iter=10, categorical_features="from_dtype"),
        MIXED.astype({"town": "category"}).assign(b=GAPPED["b"]),
        MIXED_YES,
    ),
    ("trees (exact)", HistGradientBoostingRegressor(loss="poisson", max_iter=9), GAPPED, AMOUNT),
    ("trees (exact)", GradientBoostingRegressor(n_estimators=9), NUMBERS, AMOUNT),
    (
        "trees (exact)",
        FixedThresholdClassifier(RandomForestClassifier(5, max_depth=4), threshold=0.3),
        NUMBERS,
        YES,
    ),
    (
        "trees (exact)",
        GridSearchCV(DecisionTreeClassifier(), {"max_depth": [2, 3]}, cv=2),
        NUMBERS,
        YES,
    ),
    ("permutations (sampled, 32 a row)", KNeighborsClassifier(), NUMBERS, YES),
    (
        "permutations (sampled, 32 a row)",
        make_pipeline(PolynomialFeatures(2), LogisticRegression(max_iter=500)),
        NUMBERS,
        YES,
    ),
    (
        "permutations (sampled, 32 a row)",
        GradientBoostingClassifier(n_estimators=3, init=LogisticRegression()),
        NUMBERS,
        YES,
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "estimator", "rows", "label"), CASES, ids=range(len(CASES)))
def test_base_and_contributions_are_the_score(
    method: str, estimator: Any, rows: pd.DataFrame, label: Any
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        why = explainer(estimator.fit(rows, label), rows, label)
        found = why.attribution
        told = why.contributions(rows.head(50))
    assert found.method == method
    assert list(told.columns) == ["base", *rows.columns]
    truth = found.raw(rows.head(50)).max(axis=1)  # of several classes the one predicted
    np.testing.assert_allclose(told.sum(axis=1), truth, atol=1e-6)
    if found.unit == "log-odds" and why.model.task == "binary":
        chances = why.model.score(rows.head(50))["score"]
        np.testing.assert_allclose(1 / (1 + np.exp(-told.sum(axis=1))), chances, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", boosters(), ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("rows", [NUMBERS, GAPPED], ids=["whole", "gapped"])
def test_trees_of_boosters_are_explained_as_by_themselves(estimator: Any, rows: Any) -> None:
    label = YES if hasattr(estimator, "predict_proba") else AMOUNT
    fitted = clone(estimator).fit(rows, label)
    why = explainer(fitted, rows, label)
    unrolled = unroll(fitted, list(rows))
    assert unrolled is not None
    build = native.lightgbm if "LGBM" in type(fitted).__name__ else native.xgboost
    theirs = build(unrolled, rows)
    assert theirs is not None
    head = GAPPED.head(80)  # values may be missing where none was in training
    values, errors = why.attribution.compute(head)
    assert errors is None
    assert why.attribution.method == "trees (exact)"
    np.testing.assert_allclose(values, theirs["compute"](head), atol=2e-5)
    np.testing.assert_allclose(why.attribution.base, theirs["base"], atol=2e-5)
    assert why.attribution.unit == ("log-odds" if why.model.task == "binary" else "")


@pytest.mark.slow
@pytest.mark.parametrize("estimator", boosters(), ids=lambda value: type(value).__name__)
def test_boosters_in_pipelines_and_of_several_classes(estimator: Any) -> None:
    is_classifier = hasattr(estimator, "predict_proba")
    spread = make_column_transformer((OneHotEncoder(), ["town"]), remainder="passthrough")
    codes = THREE.map({"lo": 0, "mid": 1, "hi": 2})
    for label in (MIXED_YES, codes) if is_classifier else (AMOUNT,):
        fitted = make_pipeline(spread, clone(estimator)).fit(MIXED, label)
        why = explainer(fitted, MIXED, label)
        told = why.contributions(MIXED.head(50))
        assert why.attribution.method == "trees (exact)"
        truth = why.attribution.raw(MIXED.head(50)).max(axis=1)
        np.testing.assert_allclose(told.sum(axis=1), truth, atol=1e-4)


@pytest.mark.slow
def test_what_only_the_library_understands_is_left_to_it() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    rows = MIXED.astype({"town": "category"})
    fitted = lightgbm.LGBMClassifier(
        n_estimators=8, verbosity=-1, min_data_per_group=5, cat_smooth=1
    )
    label = ((rows["town"] == "west") ^ (rows["a"] > 0)).astype(int)
    why = explainer(fitted.fit(rows, label), rows, label)
    assert why.attribution.method == "LightGBM's TreeSHAP (exact)"
    told = why.contributions(rows.head(50))
    truth = why.attribution.raw(rows.head(50))[:, 0]
    np.testing.assert_allclose(told.sum(axis=1), truth, atol=1e-6)


def test_a_linear_contribution_is_coefficient_times_distance_from_the_mean() -> None:
    fitted = LogisticRegression().fit(NUMBERS, YES)
    told = explainer(fitted, NUMBERS).contributions(NUMBERS.head(20))
    wanted = (NUMBERS.head(20) - NUMBERS.mean()) * fitted.coef_[0]
    np.testing.assert_allclose(told[list(NUMBERS)], wanted, atol=1e-9)


@pytest.mark.slow
def test_sampled_contributions_are_right_within_their_stated_error() -> None:
    fitted = make_pipeline(StandardScaler(), Ridge()).fit(NUMBERS, AMOUNT * NUMBERS["b"])

    def raw(rows: pd.DataFrame) -> Any:
        values = rows.to_numpy()
        return (values[:, 0] * values[:, 1] + fitted.predict(rows))[:, None]

    rows = NUMBERS.head(60)
    near, error = Sampled(raw, NUMBERS, permutations=64).values(rows)
    exact, _ = Sampled(raw, NUMBERS, permutations=600, seed=1).values(rows)
    apart = np.abs(near - exact)[error > 1e-12] / error[error > 1e-12]
    assert np.mean(apart < 3) > 0.97
    assert np.mean(apart) > 0.2, "the stated error would be far too large"


def test_columns_made_from_several_features_have_no_owner() -> None:
    mixed = make_pipeline(PolynomialFeatures(2), Ridge()).fit(NUMBERS, AMOUNT)
    assert unroll(mixed, list(NUMBERS)) is None
    spread = make_pipeline(spread_out(), Ridge()).fit(MIXED, AMOUNT)
    found = unroll(spread, list(MIXED))
    assert found is not None
    owners = [MIXED.columns[i] for i in found.owners]
    assert owners == ["town"] * 2 + ["a", "b"] + ["c"] * 6 + ["d"]


def test_contributions_that_do_not_add_up_are_never_told() -> None:
    fitted = DecisionTreeRegressor(max_depth=3).fit(NUMBERS, AMOUNT)
    why = explainer(fitted, NUMBERS, AMOUNT)
    assert why.attribution.method == "trees (exact)"
    fitted.tree_.value[:] += 1  # the model is another one than was looked at
    with pytest.raises(MlopsError, match="do not add up"):
        why.contributions(NUMBERS)


def test_reasons_come_in_their_order_in_words() -> None:
    fitted = DecisionTreeClassifier(max_depth=4, random_state=0).fit(NUMBERS, YES)
    why = explainer(fitted, NUMBERS)
    rows = NUMBERS.sample(frac=1, random_state=1)
    told = why.reasons(rows, top=3, details=True)
    assert told.index.equals(rows.index)
    contributions = why.contributions(rows)[list(NUMBERS)]
    largest = contributions.abs().max(axis=1)
    np.testing.assert_allclose(told["reason_1_contribution"].abs(), largest)
    first = told.iloc[0]
    amount = first["reason_1_contribution"]
    moves = "raises" if amount > 0 else "lowers"
    column = first["reason_1_column"]
    assert first["reason_1"] == (
        f"{column} = {rows[column].iloc[0]:.4g} {moves} the score by {abs(amount):.3g} probability"
    )
    assert first["reason_1_value"] == f"{rows[column].iloc[0]:.4g}"
    single = why.why(rows.iloc[0])
    assert str(single[0]) == first["reason_1"]
    assert single[0].to_dict()["column"] == column


@pytest.mark.slow
def test_sampled_reasons_say_how_sure_they_are() -> None:
    why = explainer(KNeighborsClassifier().fit(NUMBERS, YES), NUMBERS)
    told = why.reasons(NUMBERS.head(5), top=1, details=True)
    assert (told["reason_1_error"] > 0).all()
    assert told["reason_1"].str.contains(" ± ").all()
    first = why.why(NUMBERS.iloc[0])[0]
    assert str(first) == told["reason_1"].iloc[0]
    assert first.to_dict()["error"] == first.error > 0


def test_reasons_for_a_decision_speak_for_it() -> None:
    fitted = LogisticRegression().fit(NUMBERS, YES)
    why = explainer(fitted, NUMBERS)
    told = why.reasons(NUMBERS, top=4, toward="decision", details=True)
    yes = fitted.predict(NUMBERS) == 1
    for i in range(1, 5):
        amounts = told[f"reason_{i}_contribution"]
        assert (amounts[yes].dropna() > 0).all()
        assert (amounts[~yes].dropna() < 0).all()
        assert told[f"reason_{i}"].isna().equals(amounts.isna())
    assert told["reason_4"].isna().any(), "not every column speaks for every decision"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"top": 0}, "at least one reason"), ({"toward": "decison"}, "no side 'decison'")],
)
def test_reasons_that_cannot_be_given(arguments: Any, message: str) -> None:
    why = explainer(DecisionTreeClassifier(max_depth=1).fit(NUMBERS, YES), NUMBERS)
    with pytest.raises(InputError, match=message):
        why.reasons(NUMBERS, **arguments)
    with pytest.raises(InputError, match="'d'"):
        why.reasons(NUMBERS.drop(columns="d"))


def test_a_table_without_rows_has_no_reasons() -> None:
    why = explainer(DecisionTreeClassifier(max_depth=1).fit(NUMBERS, YES), NUMBERS)
    assert why.reasons(NUMBERS.head(0)).empty
    assert why.contributions(NUMBERS.head(0)).empty


@pytest.mark.slow
def test_shap_draws_our_contributions() -> None:
    shap = pytest.importorskip("shap")
    why = explainer(DecisionTreeClassifier(max_depth=3).fit(NUMBERS, YES), NUMBERS)
    told = why.to_shap(NUMBERS.head(5))
    assert isinstance(told, shap.Explanation)
    assert told.values.shape == (5, 4)


@pytest.mark.slow
def test_many_classes_of_categories_are_read_off_the_bits() -> None:
    codes = RNG.integers(0, 40, 3000)
    rows = pd.DataFrame({"code": codes.astype(float), "x": RNG.normal(size=3000)})
    label = (np.isin(codes, [3, 7, 31, 32, 39]) ^ (rows["x"] > 1)).astype(int)
    fitted = HistGradientBoostingClassifier(max_iter=10, categorical_features=["code"])
    model = model_of(fitted.fit(rows, label), rows)
    unseen = pd.DataFrame({"code": [41.0, 200.0, np.nan, -1.0, 3.0], "x": 0.1})
    found = attribution_of(model, rows)
    assert found.method == "trees (exact)"
    assert found.adds_up(unseen, found.compute(unseen)[0])
