"""Model files: what loads, what is refused, and what a forged file can do."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, TunedThresholdClassifierCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
    scale,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mlops_nb import modelfile
from mlops_nb.errors import InputError, MlopsError

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(80, 4)), columns=list("abcd"))
Y = (X["a"] + X["b"] > 0).astype(int)
MIXED = X.assign(
    kind=np.where(X["c"] > 0, "high", "low"),
    grade=pd.Categorical(np.where(X["d"] > 0, "x", "y")),
)


def mixed_pipeline(estimator: Any) -> Any:
    columns = make_column_transformer(
        (
            make_pipeline(SimpleImputer(), StandardScaler()),
            make_column_selector(dtype_include="number"),
        ),
        (OneHotEncoder(handle_unknown="ignore"), ["kind"]),
        (OrdinalEncoder(), ["grade"]),
        (TargetEncoder(cv=2), ["kind"]),
        (KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"), ["a"]),
        (FunctionTransformer(np.nan_to_num), ["b"]),
        (FunctionTransformer(np.exp), ["c"]),
        (FunctionTransformer(scale), ["d"]),
    )
    return make_pipeline(columns, estimator)


PLAIN = [
    LogisticRegression(),
    DecisionTreeClassifier(),
    RandomForestClassifier(5),
    GradientBoostingClassifier(n_estimators=5),
    HistGradientBoostingClassifier(max_iter=5),
    AdaBoostClassifier(n_estimators=3),
    BaggingClassifier(n_estimators=3, max_features=0.5),
    CalibratedClassifierCV(GaussianNB(), cv=2),
    CalibratedClassifierCV(RandomForestClassifier(3), method="isotonic", cv=2),
    SGDClassifier(loss="log_loss"),
    StackingClassifier([("a", GaussianNB()), ("b", RandomForestClassifier(3))], cv=2),
    VotingClassifier([("a", GaussianNB()), ("b", RandomForestClassifier(3))]),
    TunedThresholdClassifierCV(LogisticRegression(), cv=2),
    GridSearchCV(
        LogisticRegression(), {"C": [1]}, scoring=make_scorer(f1_score), cv=StratifiedKFold(2)
    ),
    make_pipeline(SelectKBest(f_classif, k=2), GaussianNB()),
    IsolationForest(n_estimators=5),
    DecisionTreeRegressor(),
    RandomForestRegressor(5),
    ExtraTreesRegressor(5),
    GradientBoostingRegressor(n_estimators=5),
    HistGradientBoostingRegressor(max_iter=5),
    MLPRegressor(hidden_layer_sizes=(3,), max_iter=9, tol=1e3, n_iter_no_change=1),
    TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
]


@pytest.mark.slow
@pytest.mark.parametrize("estimator", PLAIN, ids=lambda e: type(e).__name__)
def test_families_of_scikit_learn_come_back_as_they_were(estimator: Any, tmp_path: Path) -> None:
    fitted = estimator.fit(X, Y)
    stored = modelfile.save(fitted, tmp_path / "model")
    assert (stored.format, stored.path.suffix) == ("skops", ".skops")
    loaded: Any = modelfile.load(stored.path)
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


@pytest.mark.parametrize(
    "estimator",
    [RandomForestClassifier(3), HistGradientBoostingClassifier(max_iter=3)],
    ids=lambda e: type(e).__name__,
)
def test_pipelines_over_mixed_columns_come_back(estimator: Any, tmp_path: Path) -> None:
    fitted = mixed_pipeline(estimator).fit(MIXED, Y)
    loaded: Any = modelfile.load(modelfile.save(fitted, tmp_path / "model").path)
    np.testing.assert_array_equal(loaded.predict_proba(MIXED), fitted.predict_proba(MIXED))


def test_categories_told_from_the_types_come_back(tmp_path: Path) -> None:
    rows = MIXED[["a", "grade"]]
    fitted = HistGradientBoostingClassifier(max_iter=3, categorical_features="from_dtype")
    fitted.fit(rows, Y)
    loaded: Any = modelfile.load(modelfile.save(fitted, tmp_path / "model").path)
    np.testing.assert_array_equal(loaded.predict(rows), fitted.predict(rows))


@pytest.mark.parametrize("name", ["LGBMClassifier", "LGBMRegressor"])
def test_lightgbm_comes_back(name: str, tmp_path: Path) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    fitted = getattr(lightgbm, name)(n_estimators=3, verbose=-1, n_jobs=1).fit(X, Y)
    loaded: Any = modelfile.load(modelfile.save(fitted, tmp_path / "model").path)
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


@pytest.mark.parametrize("name", ["XGBClassifier", "XGBRegressor", "XGBRFClassifier"])
def test_xgboost_comes_back(name: str, tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    fitted = getattr(xgboost, name)(n_estimators=3, n_jobs=1).fit(X, Y)
    loaded: Any = modelfile.load(modelfile.save(fitted, tmp_path / "model").path)
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


class Homemade(LogisticRegression):
    """An estimator nobody reviewed."""


def test_a_type_of_ones_own_is_refused_by_name_and_may_be_pickled(tmp_path: Path) -> None:
    fitted = LogisticRegression().fit(X, Y)
    fitted.__class__ = Homemade
    with pytest.raises(MlopsError, match=r"nobody reviewed: .*Homemade") as caught:
        modelfile.save(fitted, tmp_path / "model")
    assert "allow_pickle" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_function_of_ones_own_is_refused(tmp_path: Path) -> None:
    fitted = make_pipeline(FunctionTransformer(os.path.exists), Ridge())
    with pytest.raises(MlopsError, match="exists"):
        modelfile.save(fitted, tmp_path / "model")


def test_a_pickle_needs_permission_at_both_ends(tmp_path: Path) -> None:
    fitted = make_pipeline(FunctionTransformer(os.path.exists), Ridge())
    stored = modelfile.save(fitted, tmp_path / "model", allow_pickle=True)
    assert (stored.format, stored.path.name) == ("pickle", "model.pkl")
    with pytest.raises(InputError, match="is a pickle"):
        modelfile.load(stored.path)
    assert isinstance(modelfile.load(stored.path, allow_pickle=True), type(fitted))


class Bomb:
    """What a pickle can do to whoever loads it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize("name", ["model.skops", "model.pkl"])
def test_a_malicious_pickle_under_the_models_name_does_not_run(name: str, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(InputError, match="is a pickle"):
        modelfile.load(tmp_path / name)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("sklearn.utils._testing", "check_output"),
        ("numpy", "load"),
        ("numpy", "fromfile"),
    ],
)
def test_a_file_that_names_a_dangerous_function_is_refused(
    module: str, function: str, tmp_path: Path
) -> None:
    stored = modelfile.save(make_pipeline(FunctionTransformer(np.exp), Ridge()), tmp_path / "model")
    forged = _rewritten(
        stored.path,
        lambda schema: schema.replace(
            '"__class__": "exp",\n',
            f'"__class__": "{function}",\n',
        ).replace('"__module__": "numpy",', f'"__module__": "{module}",'),
    )
    with pytest.raises(MlopsError, match=f"nobody reviewed: .*{function}"):
        modelfile.load(forged)


def test_neither_a_zip_nor_a_pickle(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    path.write_text("<html>", encoding="utf-8")
    with pytest.raises(InputError, match="neither a skops file nor a pickle"):
        modelfile.load(path)
    with pytest.raises(InputError, match="there is no model file"):
        modelfile.load(tmp_path / "absent.skops")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.txt", "x")
    with pytest.raises(InputError, match="cannot be loaded"):
        modelfile.load(path)


@pytest.mark.parametrize("side", ["left_child", "right_child", "feature"])
def test_a_tree_that_points_astray_is_refused(side: str, tmp_path: Path) -> None:
    fitted = RandomForestClassifier(2, random_state=0).fit(X, Y)
    stored = modelfile.save(fitted, tmp_path / "model")
    forged = _with_nodes(stored.path, side, 10**6)
    with pytest.raises(MlopsError, match="damaged or forged"):
        modelfile.load(forged)


@pytest.mark.parametrize("side", ["left", "right", "feature_idx"])
def test_a_histogram_tree_that_points_astray_is_refused(side: str, tmp_path: Path) -> None:
    fitted = HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=5).fit(X, Y)
    stored = modelfile.save(fitted, tmp_path / "model")
    forged = _with_nodes(stored.path, side, 10**6)
    with pytest.raises(MlopsError, match="damaged or forged"):
        modelfile.load(forged)


def test_a_tree_with_a_circle_is_refused(tmp_path: Path) -> None:
    stored = modelfile.save(DecisionTreeClassifier().fit(X, Y), tmp_path / "model")
    with pytest.raises(MlopsError, match="outside of the tree"):
        modelfile.load(_with_nodes(stored.path, "left_child", 0))


def test_a_model_that_claims_fewer_features_than_its_trees_use_is_refused(tmp_path: Path) -> None:
    fitted = RandomForestClassifier(5, random_state=0).fit(X, Y)
    fitted.n_features_in_ = 1
    stored = modelfile.save(fitted, tmp_path / "model")
    with pytest.raises(MlopsError, match="feature the model does not have"):
        modelfile.load(stored.path)


def _rewritten(path: Path, change: Any) -> Path:
    target = path.with_name("forged.skops")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as sink:
        for name in source.namelist():
            data = source.read(name)
            if name == "schema.json":
                data = change(json.dumps(json.loads(data), indent=2)).encode()
            sink.writestr(name, data)
    return target


def _with_nodes(path: Path, column: str, value: int) -> Path:
    """Write a value into the root node of every tree in the file."""
    target = path.with_name("forged.skops")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as sink:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith(".npy"):
                array = np.load(io.BytesIO(data), allow_pickle=False)
                if array.dtype.names and column in array.dtype.names:
                    array[column][0] = value
                    buffer = io.BytesIO()
                    np.save(buffer, array)
                    data = buffer.getvalue()
            sink.writestr(name, data)
    return target
