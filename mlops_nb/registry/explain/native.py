"""Contributions of LightGBM and XGBoost: their trees walked here, else their own TreeSHAP.

By the libraries' own way a category spread over several matrix columns gets the sum of what they
get.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.registry.explain.boosters import lightgbm_trees, xgboost_trees
from mlops_nb.registry.explain.linear import dense, tall
from mlops_nb.registry.explain.treeshap import TreeShap
from mlops_nb.registry.metrics import Array

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.registry.explain.columns import Unrolled

SINGLE = 1e-3
"""Largest relative distance from the model's own score: XGBoost adds up in single precision."""

_LIGHTGBM = {"binary", "multiclass"}
_XGBOOST = {"binary:logistic", "multi:softprob", "multi:softmax"}


def lightgbm_walked(unrolled: Unrolled, _background: Any) -> dict[str, Any] | None:
    """Return the parts of an attribution that walks LightGBM's trees, None when it cannot."""
    last = unrolled.last
    booster = getattr(last, "booster_", None)
    ensemble = None if booster is None else lightgbm_trees(booster)
    if booster is None or ensemble is None:
        return None
    shap = TreeShap(ensemble, unrolled.owners, len(unrolled.features))
    return {
        "method": "trees (exact)",
        "unit": _unit(last, log_odds=_LIGHTGBM),
        "base": shap.base,
        "compute": lambda rows: shap.values(dense(unrolled.matrix(rows))),
        "raw": lambda rows: tall(booster.predict(_dense(unrolled.matrix(rows)), raw_score=True)),
    }


def xgboost_walked(unrolled: Unrolled, background: pd.DataFrame) -> dict[str, Any] | None:
    """Return the parts of an attribution that walks XGBoost's trees, None when it cannot."""
    last = unrolled.last
    if not hasattr(last, "get_booster") or not np.isnan(last.missing):
        return None
    first = background.head(1)
    raw = tall(_asked(unrolled, first, output_margin=True))
    ensemble = xgboost_trees(last.get_booster(), raw.shape[1], _rounds(last))
    if ensemble is None:
        return None
    shap = TreeShap(ensemble, unrolled.owners, len(unrolled.features))
    # What is left of one row's score is the base score, whatever form this release keeps it in.
    rest = raw[0] - shap.base - shap.values(dense(unrolled.matrix(first))).sum(axis=1)[:, 0]
    return {
        "method": "trees (exact)",
        "unit": _unit(last, log_odds=_XGBOOST),
        "base": shap.base + rest,
        "compute": lambda rows: shap.values(dense(unrolled.matrix(rows))),
        "raw": lambda rows: tall(_asked(unrolled, rows, output_margin=True)),
        "tolerance": SINGLE,
    }


def lightgbm(unrolled: Unrolled, background: pd.DataFrame) -> dict[str, Any] | None:
    """Return the parts of an attribution, None when the last step is not LightGBM's."""
    last = unrolled.last
    booster = getattr(last, "booster_", None)
    if booster is None:
        return None

    def asked(rows: pd.DataFrame) -> Array:
        matrix = _dense(unrolled.matrix(rows))
        found = np.asarray(booster.predict(matrix, pred_contrib=True), float)
        return found.reshape(len(rows), -1, len(unrolled.owners) + 1)

    return {
        "method": "LightGBM's TreeSHAP (exact)",
        "unit": _unit(last, log_odds=_LIGHTGBM),
        "base": asked(background.head(1))[0, :, -1],
        "compute": lambda rows: _owned(asked(rows), unrolled),
        "raw": lambda rows: tall(booster.predict(_dense(unrolled.matrix(rows)), raw_score=True)),
    }


def xgboost(unrolled: Unrolled, background: pd.DataFrame) -> dict[str, Any] | None:
    """Return the parts of an attribution, None when the last step is not XGBoost's."""
    last = unrolled.last
    if not hasattr(last, "get_booster"):
        return None

    def contributions(rows: pd.DataFrame) -> Array:
        found = _asked(unrolled, rows, pred_contribs=True)
        return found.reshape(len(rows), -1, len(unrolled.owners) + 1)

    return {
        "method": "XGBoost's TreeSHAP (exact)",
        "unit": _unit(last, log_odds=_XGBOOST),
        "base": contributions(background.head(1))[0, :, -1],
        "compute": lambda rows: _owned(contributions(rows), unrolled),
        "raw": lambda rows: tall(_asked(unrolled, rows, output_margin=True)),
        "tolerance": SINGLE,
    }


def _asked(unrolled: Unrolled, rows: pd.DataFrame, **what: bool) -> Array:
    """Ask XGBoost's booster as its estimator would, early stopping included."""
    import xgboost as xgb

    last = unrolled.last
    matrix = xgb.DMatrix(
        unrolled.matrix(rows), missing=last.missing, enable_categorical=last.enable_categorical
    )
    until = _rounds(last)
    span = (0, until) if until is not None else (0, 0)
    return np.asarray(last.get_booster().predict(matrix, iteration_range=span, **what), float)


def _rounds(last: Any) -> int | None:
    best = getattr(last, "best_iteration", None) if last.early_stopping_rounds else None
    return None if best is None else int(best) + 1


def _owned(found: Array, unrolled: Unrolled) -> Array:
    """Sum over the matrix columns of a feature: (rows, outputs, columns + 1) → ours."""
    answer = np.zeros((found.shape[1], len(unrolled.features), found.shape[0]))
    for column, owner in enumerate(unrolled.owners):
        answer[:, owner] += found[:, :, column].T
    return answer


def _unit(last: Any, *, log_odds: set[str]) -> str:
    objective = str(getattr(last, "objective_", None) or last.objective)
    if objective in log_odds:
        return "log-odds"
    if hasattr(last, "classes_"):
        return "margin"
    logs = ("poisson", "gamma", "tweedie")
    return "log of the prediction" if any(word in objective for word in logs) else ""


def _dense(matrix: Any) -> Any:
    is_sparse = hasattr(matrix, "toarray") and not hasattr(matrix, "columns")
    return matrix.toarray() if is_sparse else matrix
