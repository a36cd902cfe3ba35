"""What each column contributes to a score, by the best method that a model allows.

In order: the trees of scikit-learn and of LightGBM and XGBoost, exact; linear models, exact; any
other model by permutations. An exact method is taken only after its contributions were seen to
add up to the model's own scores on rows of the hold-out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.errors import MlopsError
from mlops_nb.registry.explain import linear, native
from mlops_nb.registry.explain.columns import Unrolled, unroll
from mlops_nb.registry.explain.sampled import Sampled
from mlops_nb.registry.explain.trees import ensemble_of
from mlops_nb.registry.explain.treeshap import TreeShap
from mlops_nb.registry.metrics import Array

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.registry.scoring import ScoringModel

EXACT = 1e-6
"""Largest relative distance from the model's own score."""
CHECKED_ROWS = 100
_CELLS = 20_000_000  # contributions held at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """A way to tell what each column contributes.

    Parameters
    ----------
    method : str
        In words, such as ``trees (exact)``.
    exact : bool
        Whether it is free of chance.
    unit : str
        What a contribution is measured in: ``log-odds``, ``probability``, or ``""`` for the
        prediction itself.
    base : array of float, shape (n_outputs,)
        The score from which the contributions start.
    compute : callable
        Rows → contributions, shape (n_outputs, n_features, n_rows), and their standard errors,
        None when they are exact.
    raw : callable
        Rows → the scores that base and contributions add up to, shape (n_rows, n_outputs).
    tolerance : float
        How near they must come, relative to scores greater than 1.
    """

    method: str
    exact: bool
    unit: str
    base: Array
    compute: Callable[[pd.DataFrame], tuple[Array, Array | None]]
    raw: Callable[[pd.DataFrame], Array]
    tolerance: float = EXACT

    def values(self, rows: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, Array, Array | None]]:
        """Yield rows part by part with contributions and errors, so that memory stays bounded.

        Raises
        ------
        MlopsError
            The contributions do not add up to the model's scores.
        """
        width = max(1, len(self.base) * rows.shape[1])
        step = max(1_000, _CELLS // width)
        for start in range(0, len(rows), step):
            part = rows.iloc[start : start + step]
            found, errors = self.compute(part)
            if not self.adds_up(part, found):
                raise MlopsError(
                    f"the contributions ({self.method}) do not add up to the model's scores",
                    "this is a fault of ours: please report it with the kind of model",
                )
            yield part, found, errors

    def adds_up(self, rows: pd.DataFrame, found: Array) -> bool:
        """Tell whether base and contributions are the model's scores, on the first rows."""
        head = rows.head(CHECKED_ROWS)
        truth = self.raw(head)
        told = self.base + found[:, :, : len(head)].sum(axis=1).T
        return bool(
            truth.shape == told.shape
            and np.all(np.abs(truth - told) <= self.tolerance * np.maximum(1, np.abs(truth)))
        )


def attribution_of(model: ScoringModel, background: pd.DataFrame) -> Attribution:
    """Return the best way to explain a model.

    Parameters
    ----------
    model : ScoringModel
        What to explain.
    background : DataFrame
        Rows that stand for the usual ones: the hold-out's features.
    """
    unrolled = unroll(model.estimator, model.features)
    if unrolled is not None:
        for build in _EXACT:
            found = _tried(build, unrolled, background)
            if found is not None:
                return found
    return _sampled(model, background)


def _tried(
    build: Callable[[Unrolled, Any], dict[str, Any] | None],
    unrolled: Unrolled,
    background: pd.DataFrame,
) -> Attribution | None:
    rows = background.head(CHECKED_ROWS)
    try:
        parts = build(unrolled, background)
        if parts is None:
            return None
        exact = parts.pop("compute")
        found = Attribution(exact=True, compute=lambda rows: (exact(rows), None), **parts)
        return found if found.adds_up(rows, exact(rows)) else None
    except (AttributeError, TypeError, ValueError, KeyError, IndexError, NotImplementedError):
        # Another release of a library holds its models in another form: sampling still works.
        return None


def _trees(unrolled: Unrolled, _background: Any) -> dict[str, Any] | None:
    last = unrolled.last
    ensemble = ensemble_of(last)
    if ensemble is None:
        return None
    owners = unrolled.owners
    ordered = getattr(last, "_preprocessor", None) is not None
    if ordered:  # it puts its categories first
        flags = np.asarray(last.is_categorical_)
        owners = np.concatenate([owners[flags], owners[~flags]])

    def matrix(rows: pd.DataFrame) -> Any:
        values = unrolled.matrix(rows)
        return last._preprocess_X(values, reset=False) if ordered else linear.dense(values)

    shap = TreeShap(ensemble, owners, len(unrolled.features))
    boosted = "Boosting" in type(last).__name__
    unit, raw = _scale(last, boosted=boosted)
    return {
        "method": "trees (exact)",
        "unit": unit,
        "base": shap.base,
        "compute": lambda rows: shap.values(matrix(rows)),
        "raw": lambda rows: raw(unrolled.matrix(rows)),
    }


def _scale(last: Any, *, boosted: bool) -> tuple[str, Callable[[Any], Array]]:
    """Return in what the trees of an estimator answer, and how to ask it for that."""
    if not hasattr(last, "classes_"):
        if boosted and getattr(last, "loss", "") in {"poisson", "gamma"}:
            return "log of the prediction", lambda x: np.log(last.predict(x)).reshape(len(x), -1)
        return "", lambda x: np.asarray(last.predict(x)).reshape(len(last.predict(x)), -1)
    if boosted:
        unit = "log-odds" if getattr(last, "loss", "") == "log_loss" else "margin"
        return unit, lambda x: linear.tall(last.decision_function(x))
    return "probability", lambda x: positive(last.predict_proba(x))


def positive(chances: Array) -> Array:
    """Return the chances of each class, of two the second one's alone."""
    return chances[:, 1:] if chances.shape[1] == 2 else chances


_EXACT = (
    _trees,
    native.lightgbm_walked,
    native.xgboost_walked,
    native.lightgbm,
    native.xgboost,
    linear.linear,
)


def _sampled(model: ScoringModel, background: pd.DataFrame) -> Attribution:
    from mlops_nb.registry.estimator import input_of

    estimator, chances = model.estimator, hasattr(model.estimator, "predict_proba")
    margin = hasattr(estimator, "decision_function")

    def raw(rows: pd.DataFrame) -> Array:
        values = input_of(estimator, rows)
        if chances:
            return positive(np.asarray(estimator.predict_proba(values)))
        return linear.tall(
            estimator.decision_function(values) if margin else estimator.predict(values)
        )

    sampled = Sampled(raw, background)
    return Attribution(
        method=f"permutations (sampled, {sampled.permutations} a row)",
        exact=False,
        unit="probability" if chances else "margin" if margin else "",
        base=sampled.base,
        compute=sampled.values,
        raw=raw,
    )
