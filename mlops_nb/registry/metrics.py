"""Metrics as functions of row weights, so that one definition serves estimate and bootstrap.

Every metric takes a matrix of weights, one row for each replicate and one column for each row of
data, and answers one figure for each replicate. Weights of one give the plain estimate, counts
drawn with replacement a bootstrap replicate. Ties and definitions follow scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
Metric = Callable[[Array], Array]

HIGHER = frozenset({"roc_auc", "average_precision", "accuracy", "macro_f1", "r2"})
"""Metrics of which more is better."""
LOWER = frozenset({"brier", "log_loss", "mae", "rmse"})
"""Metrics of which less is better; of any other neither is."""
DEFAULT = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "r2"}
"""The metric that a challenger is compared in, by task."""

_CLIP = 1e-15


def direction(name: str) -> int:
    """Return 1 when more of the metric is better, −1 when less is, 0 when neither."""
    return 1 if name in HIGHER else -1 if name in LOWER else 0


def metrics_of(
    task: str, label: pd.Series, scored: pd.DataFrame, classes: Array
) -> dict[str, Metric]:
    """Return the metrics that can be computed, by name, as functions of weights.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        What the model predicts.
    label : Series
        The truth, without nulls.
    scored : DataFrame
        ``prediction``, for binary models ``score`` where there is one, for multiclass models
        ``score_<class>`` where there are some.
    classes : array
        The model's classes; the second one of two is the positive one.

    Returns
    -------
    dict
        Name → function of weights.
    """
    if task == "regression":
        return _regression(label.to_numpy(float), scored["prediction"].to_numpy(float))
    if task == "multiclass":
        return _multiclass(label.to_numpy(), scored, classes)
    truth = (label.to_numpy() == classes[1]).astype(float)
    chosen = (scored["prediction"].to_numpy() == classes[1]).astype(float)
    metrics: dict[str, Metric] = {
        "accuracy": _mean((truth == chosen).astype(float)),
        # Of the labels, not of the predictions: monitoring holds later labels against it.
        "positive_rate": _mean(truth),
    }
    if "score" not in scored:
        return metrics
    return _ranking(truth, scored["score"].to_numpy(float)) | metrics


def _mean(values: Array) -> Metric:
    return lambda weights: weights @ values / weights.sum(axis=1)


def _ranking(truth: Array, score: Array) -> dict[str, Metric]:
    order = np.argsort(-score, kind="stable")
    ordered = truth[order]
    # The first row of each block of equal scores: rows of a block cannot be told apart.
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])

    def blocks(weights: Array) -> tuple[Array, Array]:
        placed = weights[:, order]
        positive = placed * ordered
        negative = placed - positive
        if len(starts) == len(order):
            return positive, negative
        return np.add.reduceat(positive, starts, axis=1), np.add.reduceat(negative, starts, axis=1)

    def roc_auc(weights: Array) -> Array:
        positive, negative = blocks(weights)
        ahead = np.cumsum(positive, axis=1) - positive / 2
        total = positive.sum(axis=1) * negative.sum(axis=1)
        return _ratio((negative * ahead).sum(axis=1), total)

    def average_precision(weights: Array) -> Array:
        positive, negative = blocks(weights)
        hits = np.cumsum(positive, axis=1)
        precision = _ratio(hits, hits + np.cumsum(negative, axis=1), otherwise=0.0)
        return _ratio((precision * positive).sum(axis=1), positive.sum(axis=1))

    clipped = np.clip(score, _CLIP, 1 - _CLIP)
    return {
        "roc_auc": roc_auc,
        "average_precision": average_precision,
        "brier": _mean((score - truth) ** 2),
        "log_loss": _mean(-np.log(np.where(truth == 1, clipped, 1 - clipped))),
    }


def _multiclass(truth: Array, scored: pd.DataFrame, classes: Array) -> dict[str, Metric]:
    chosen = scored["prediction"].to_numpy()
    hot = (truth[:, None] == classes[None, :]).astype(float)
    taken = (chosen[:, None] == classes[None, :]).astype(float)

    def macro_f1(weights: Array) -> Array:
        # Over the classes of the model that occur, as truth or as prediction.
        hits = weights @ (hot * taken)
        either = weights @ hot + weights @ taken
        scores = _ratio(2 * hits, either)
        present = np.isfinite(scores)
        return _ratio(np.where(present, scores, 0).sum(axis=1), present.sum(axis=1))

    metrics: dict[str, Metric] = {"accuracy": _mean(truth == chosen), "macro_f1": macro_f1}
    columns = [f"score_{name}" for name in classes]
    if all(column in scored for column in columns):
        share = (scored[columns].to_numpy(float) * hot).sum(axis=1)
        metrics["log_loss"] = _mean(-np.log(np.clip(share, _CLIP, 1)))
    return metrics


def _regression(truth: Array, predicted: Array) -> dict[str, Metric]:
    wrong = truth - predicted
    squares = _mean(wrong**2)
    # Centred first: the variance of large values would otherwise drown in rounding.
    centred = truth - truth.mean()

    def r2(weights: Array) -> Array:
        spread = _mean(centred**2)(weights) - _mean(centred)(weights) ** 2
        return 1 - _ratio(squares(weights), np.where(spread > 0, spread, 0))

    return {
        "mae": _mean(np.abs(wrong)),
        "rmse": lambda weights: np.sqrt(squares(weights)),
        "r2": r2,
    }


def _ratio(over: Array, under: Array, otherwise: float = np.nan) -> Array:
    answer = np.full(np.broadcast_shapes(over.shape, under.shape), otherwise)
    np.divide(over, under, out=answer, where=under != 0)
    return answer


def estimate(metrics: Mapping[str, Metric], rows: int) -> dict[str, float]:
    """Return each metric's plain value; those without one (a single class) are left out."""
    ones = np.ones((1, rows))
    values = {name: float(metric(ones)[0]) for name, metric in metrics.items()}
    return {name: value for name, value in values.items() if np.isfinite(value)}
