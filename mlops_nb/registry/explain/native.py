"""Contributions of LightGBM and XGBoost: TreeSHAP as these libraries have it built in.

A category spread over several matrix columns gets the sum of what they get.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.registry.explain.linear import tall
from mlops_nb.registry.metrics import Array

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.registry.explain.columns import Unrolled

SINGLE = 1e-3
"""Largest relative distance from the model's own score: XGBoost adds up in single precision."""


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
        "unit": _unit(last, log_odds={"binary", "multiclass"}),
        "base": asked(background.head(1))[0, :, -1],
        "compute": lambda rows: _owned(asked(rows), unrolled),
        "raw": lambda rows: tall(booster.predict(_dense(unrolled.matrix(rows)), raw_score=True)),
    }


def xgboost(unrolled: Unrolled, background: pd.DataFrame) -> dict[str, Any] | None:
    """Return the parts of an attribution, None when the last step is not XGBoost's."""
    last = unrolled.last
    if not hasattr(last, "get_booster"):
        return None

    def asked(rows: pd.DataFrame, **what: bool) -> Array:
        import xgboost as xgb

        matrix = xgb.DMatrix(
            unrolled.matrix(rows), missing=last.missing, enable_categorical=last.enable_categorical
        )
        best = getattr(last, "best_iteration", None) if last.early_stopping_rounds else None
        until = (0, best + 1) if best is not None else (0, 0)
        found = last.get_booster().predict(matrix, iteration_range=until, **what)
        return np.asarray(found, float)

    def contributions(rows: pd.DataFrame) -> Array:
        return asked(rows, pred_contribs=True).reshape(len(rows), -1, len(unrolled.owners) + 1)

    return {
        "method": "XGBoost's TreeSHAP (exact)",
        "unit": _unit(last, log_odds={"binary:logistic", "multi:softprob", "multi:softmax"}),
        "base": contributions(background.head(1))[0, :, -1],
        "compute": lambda rows: _owned(contributions(rows), unrolled),
        "raw": lambda rows: tall(asked(rows, output_margin=True)),
        "tolerance": SINGLE,
    }


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
