"""Performance figures with their standard errors: plain functions of truth and prediction."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlops_nb.monitoring.statistics import auc_error

Values = NDArray[np.float64]
BINS = 10
"""Equal-width bins of the score in the calibration error."""
TOP = 0.1
"""Share of the rows with the highest scores that the lift is of."""
REPEATS = 200
"""Bootstrap samples where no formula gives the standard error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure of performance.

    Parameters
    ----------
    better : {"high", "low", "equal"}
        Which way is better; `equal` for a figure that should stay as it was.
    margin : float
        How far it may be worse than the baseline before that matters.
    relative : bool
        Whether the margin is a share of the baseline.
    of : {"score", "prediction"}
        What it is computed from beside the truth.
    compute : callable
        (truth, score or prediction) → (value, standard error).
    words : str
        What it is called in a sentence.
    """

    better: Literal["high", "low", "equal"]
    margin: float
    of: Literal["score", "prediction"]
    compute: Callable[[Values, Values], tuple[float, float]]
    words: str
    relative: bool = False


def _mean(values: Values) -> tuple[float, float]:
    error = float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.inf
    return float(values.mean()), error


def roc_auc(truth: Values, score: Values) -> tuple[float, float]:
    """Return the area under the ROC curve; error by Hanley and McNeil (1982)."""
    from sklearn.metrics import roc_auc_score

    positive = int(truth.sum())
    value = float(roc_auc_score(truth, score))
    return value, auc_error(value, positive, len(truth) - positive)


def average_precision(truth: Values, score: Values) -> tuple[float, float]:
    """Return the average precision; error by the binomial rule of Boyd, Eng and Page (2013)."""
    from sklearn.metrics import average_precision_score

    value = float(average_precision_score(truth, score))
    return value, math.sqrt(value * (1 - value) / truth.sum())


def log_loss(truth: Values, score: Values) -> tuple[float, float]:
    """Return the mean log loss in nats; scores of 0 and 1 are moved by 1e-15."""
    p = np.clip(score, 1e-15, 1 - 1e-15)
    return _mean(-(truth * np.log(p) + (1 - truth) * np.log(1 - p)))


def brier(truth: Values, score: Values) -> tuple[float, float]:
    """Return the mean squared difference of score and outcome."""
    return _mean((score - truth) ** 2)


def calibration_error(truth: Values, score: Values) -> tuple[float, float]:
    """Return the expected calibration error over ten equal bins, less its noise, at least 0.

    Even a perfectly calibrated model shows some error, the more the fewer rows there are: each
    bin's gap is then half-normal. That expectation is taken off, so that windows of any size can
    be compared. Error by bootstrap.
    """
    place = np.clip((score * BINS).astype(int), 0, BINS - 1)
    gap, variance = truth - score, score * (1 - score)
    rng = np.random.default_rng(0)
    count = len(truth)

    def error(rows: NDArray[np.int64] | slice) -> float:
        sums = np.bincount(place[rows], weights=gap[rows], minlength=BINS)
        spread = np.bincount(place[rows], weights=variance[rows], minlength=BINS)
        noise = np.sqrt(2 / math.pi * spread)
        return max(0.0, float((np.abs(sums) - noise).sum() / count))

    repeats = [error(rng.integers(0, count, count)) for _ in range(REPEATS)]
    return error(slice(None)), float(np.std(repeats))


def lift(truth: Values, score: Values) -> tuple[float, float]:
    """Return how much denser positives are among the top tenth of the scores; 1 is chance.

    Rows that tie with the last of the tenth count in part, so that their order does not matter.
    Error by the delta method, the bound of the tenth taken as fixed.
    """
    wanted = max(1.0, TOP * len(score))
    bound = np.partition(score, -math.ceil(wanted))[-math.ceil(wanted)]
    above, level = score > bound, score == bound
    top = above + level * (wanted - above.sum()) / level.sum()
    share, base = float(truth @ top) / wanted, float(truth.mean())
    if not base:
        return math.nan, math.inf
    value = share / base
    influence = top * (truth - share) * len(score) / wanted - value * (truth - base)
    return value, _mean(influence / base)[1]


def precision(truth: Values, prediction: Values) -> tuple[float, float]:
    """Return the share of true cases among the positive answers."""
    return _ratio(truth * prediction, prediction)


def recall(truth: Values, prediction: Values) -> tuple[float, float]:
    """Return the share of the true cases that were found."""
    return _ratio(truth * prediction, truth)


def f1(truth: Values, prediction: Values) -> tuple[float, float]:
    """Return the harmonic mean of precision and recall."""
    return _ratio(2 * truth * prediction, truth + prediction)


def _ratio(above: Values, below: Values) -> tuple[float, float]:
    """Return Σ above / Σ below; error by the delta method, NaN when nothing stands below."""
    share = float(below.mean())
    if not share:
        return math.nan, math.inf
    value = float(above.mean()) / share
    return value, _mean((above - value * below) / share)[1]


def accuracy(truth: Values, prediction: Values) -> tuple[float, float]:
    """Return the share of right answers."""
    return _mean((truth == prediction).astype(float))


def positive_rate(truth: Values, _prediction: Values) -> tuple[float, float]:
    """Return the share of positives among the labels."""
    return _mean(truth)


def macro_f1(truth: Values, prediction: Values) -> tuple[float, float]:
    """Return the mean F1 over the classes that occur as truth or as answer; delta method."""
    classes = np.union1d(truth, prediction)
    value, influence = 0.0, np.zeros(len(truth))
    for one in classes:
        own, given = (truth == one).astype(float), (prediction == one).astype(float)
        share = float((own + given).mean())
        found = 2 * float((own * given).mean()) / share
        value += found / len(classes)
        influence += (2 * own * given - found * (own + given)) / share / len(classes)
    return value, _mean(influence)[1]


def class_log_loss(truth: Values, chances: Values) -> tuple[float, float]:
    """Return the mean log loss; `truth` holds places of classes, `chances` a column for each."""
    given = chances[np.arange(len(truth)), truth.astype(int)]
    return _mean(-np.log(np.clip(given, 1e-15, 1.0)))


def class_roc_auc(truth: Values, chances: Values) -> tuple[float, float]:
    """Return the mean area under the curves of each class against the rest.

    The error is the mean of theirs: exact if they went up and down together, else too large.
    """
    found = []
    for place in range(chances.shape[1]):
        own = (truth == place).astype(float)
        if 0 < own.sum() < len(own):
            found.append(roc_auc(own, chances[:, place]))
    if not found:
        return math.nan, math.inf
    return float(np.mean([v for v, _ in found])), float(np.mean([e for _, e in found]))


def mae(truth: Values, prediction: Values) -> tuple[float, float]:
    """Return the mean absolute error, in units of the label."""
    return _mean(np.abs(truth - prediction))


def rmse(truth: Values, prediction: Values) -> tuple[float, float]:
    """Return the root mean squared error, in units of the label; error by the delta method."""
    square, error = _mean((truth - prediction) ** 2)
    root = math.sqrt(square)
    return root, error / (2 * root) if root else 0.0


def r2(truth: Values, prediction: Values) -> tuple[float, float]:
    """Return the coefficient of determination; error by bootstrap."""
    rng = np.random.default_rng(0)

    def value(rows: NDArray[np.int64] | slice) -> float:
        spread = float(((truth[rows] - truth[rows].mean()) ** 2).sum())
        missed = float(((truth[rows] - prediction[rows]) ** 2).sum())
        return 1 - missed / spread if spread else math.nan

    repeats = [value(rng.integers(0, len(truth), len(truth))) for _ in range(REPEATS)]
    return value(slice(None)), float(np.nanstd(repeats))


BINARY: Mapping[str, Metric] = {
    "roc_auc": Metric(
        better="high", margin=0.02, of="score", compute=roc_auc, words="the ranking (ROC AUC)"
    ),
    "average_precision": Metric(
        better="high", margin=0.05, of="score", compute=average_precision,
        words="the average precision",
    ),
    "log_loss": Metric(
        better="low", margin=0.1, relative=True, of="score", compute=log_loss, words="the log loss"
    ),
    "brier": Metric(
        better="low", margin=0.1, relative=True, of="score", compute=brier, words="the Brier score"
    ),
    "calibration_error": Metric(
        better="low", margin=0.03, of="score", compute=calibration_error,
        words="the calibration error",
    ),
    "lift": Metric(
        better="high", margin=0.1, relative=True, of="score", compute=lift,
        words="the lift of the top tenth",
    ),
    "accuracy": Metric(
        better="high", margin=0.02, of="prediction", compute=accuracy, words="the accuracy"
    ),
    "precision": Metric(
        better="high", margin=0.05, of="prediction", compute=precision, words="the precision"
    ),
    "recall": Metric(
        better="high", margin=0.05, of="prediction", compute=recall, words="the recall"
    ),
    "f1": Metric(better="high", margin=0.05, of="prediction", compute=f1, words="F1"),
    "positive_rate": Metric(
        better="equal", margin=0.05, of="prediction", compute=positive_rate,
        words="the share of positives",
    ),
}  # fmt: skip
REGRESSION: Mapping[str, Metric] = {
    "mae": Metric(
        better="low", margin=0.1, relative=True, of="prediction", compute=mae,
        words="the mean absolute error",
    ),
    "rmse": Metric(
        better="low", margin=0.1, relative=True, of="prediction", compute=rmse,
        words="the root mean squared error",
    ),
    "r2": Metric(better="high", margin=0.05, of="prediction", compute=r2, words="R²"),
}  # fmt: skip
CLASSES: Mapping[str, Metric] = {
    "accuracy": BINARY["accuracy"],
    "macro_f1": Metric(
        better="high", margin=0.03, of="prediction", compute=macro_f1, words="the macro F1"
    ),
    "roc_auc": Metric(
        better="high", margin=0.02, of="score", compute=class_roc_auc,
        words="the ranking (ROC AUC, each class against the rest)",
    ),
    "log_loss": Metric(
        better="low", margin=0.1, relative=True, of="score", compute=class_log_loss,
        words="the log loss",
    ),
}  # fmt: skip
"""Of more than two classes, or of two that are not called 0 and 1."""
PROBABILITIES = ("log_loss", "brier", "calibration_error")
"""Figures that need scores between 0 and 1; the others take any order."""
