"""Contributions of linear models: coefficient × (value − its mean on the reference), exactly.

For a model without interactions these are the Shapley values when columns are taken to be
independent (Štrumbelj and Kononenko, 2014), whatever the transformations of single columns before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.registry.metrics import Array

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.registry.explain.columns import Unrolled

MEAN_ROWS = 20_000
_LOG_LINK = {"PoissonRegressor", "GammaRegressor", "TweedieRegressor"}
_LOG_ODDS = {"LogisticRegression", "LogisticRegressionCV"}


def linear(unrolled: Unrolled, background: pd.DataFrame) -> dict[str, Any] | None:
    """Return the parts of an attribution, None when the last step is not linear.

    Parameters
    ----------
    unrolled : Unrolled
        The model, taken apart.
    background : DataFrame
        Rows whose mean is where the contributions start.
    """
    last = unrolled.last
    if not hasattr(last, "coef_") or not hasattr(last, "intercept_"):
        return None
    coefficients = np.atleast_2d(np.asarray(last.coef_, float))
    intercept = np.asarray(last.intercept_, float).reshape(-1)
    features = len(unrolled.features)
    weights = np.zeros((len(coefficients), coefficients.shape[1], features))
    for output, row in enumerate(coefficients):
        weights[output, np.arange(len(row)), unrolled.owners] = row
    usual = background.sample(min(MEAN_ROWS, len(background)), random_state=0)
    middle = np.asarray(unrolled.matrix(usual).mean(axis=0), float).reshape(-1)
    start = middle @ weights  # (n_outputs, n_features)

    def compute(rows: pd.DataFrame) -> Array:
        matrix = unrolled.matrix(rows)
        matrix = matrix if _is_sparse(matrix) else dense(matrix)
        return np.stack(
            [np.asarray(matrix @ weights[k]).T - start[k][:, None] for k in range(len(weights))]
        )

    return {
        "method": "linear (exact)",
        "unit": _unit(last),
        "base": coefficients @ middle + intercept,
        "compute": compute,
        "raw": lambda rows: _raw(last, unrolled.matrix(rows)),
    }


def _unit(last: Any) -> str:
    kind = type(last).__name__
    logistic = kind == "SGDClassifier" and last.loss == "log_loss"
    if kind in _LOG_ODDS or logistic:
        return "log-odds"
    if hasattr(last, "classes_"):
        return "margin"
    return "log of the prediction" if _has_log_link(last) else ""


def _has_log_link(last: Any) -> bool:
    kind = type(last).__name__
    if kind != "TweedieRegressor" or last.link == "log":
        return kind in _LOG_LINK
    return bool(last.link == "auto" and last.power > 0)


def _raw(last: Any, matrix: Any) -> Array:
    if hasattr(last, "classes_"):
        return tall(last.decision_function(matrix))
    answer = tall(last.predict(matrix))
    return np.log(answer) if _has_log_link(last) else answer


def tall(values: Any) -> Array:
    """Return one row for each row and one column for each output."""
    array = np.asarray(values, float)
    return array.reshape(len(array), -1)


def dense(matrix: Any) -> Array:
    """Return a matrix as an array, whether it is a table, sparse or one already."""
    if _is_sparse(matrix):
        return np.asarray(matrix.toarray(), float)
    return np.asarray(matrix, float)


def _is_sparse(matrix: Any) -> bool:
    return hasattr(matrix, "toarray") and not hasattr(matrix, "columns")
