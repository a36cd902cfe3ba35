"""Figures of classification without labels: draw the labels that calibrated scores promise.

A score of 0.8 that is calibrated says that four of five such rows are positive. So a metric's value
on rows without labels is its mean over labels drawn with those chances, and its spread over such
draws is the noise of a window of this size. NannyML calls it confidence-based performance
estimation; it computes the expected confusion matrix where this draws labels, which serves every
metric with one piece of code and yields the interval as well. It holds as long as the relation of
score to label does: a change of that relation is what :mod:`mlops_nb.monitoring.calibration` tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from mlops_nb.monitoring.answers import Answers
from mlops_nb.monitoring.metrics import Metric

Values = NDArray[np.float64]
Calibrator = Callable[[Values], Values]
PASSES = 8
"""Even draws that the value is the mean of."""
GOLDEN = (math.sqrt(5) - 1) / 2
REFITS = 20
"""Calibrations on resampled reference rows that the error is taken over."""
ROWS = 20_000
"""Most rows drawn for; the spread is scaled to the number there is."""
UNKNOWN = ("calibration_error",)
"""Figures of the calibration itself, which is taken for granted here."""


def calibrators(reference: Answers) -> list[Calibrator]:
    """Return isotonic calibrations: one on all labelled rows, the others on resamples of them.

    Parameters
    ----------
    reference : Answers
        With scores and labels.
    """
    assert reference.score is not None  # noqa: S101 - the caller's task
    score = _columns(reference.score)
    known = np.flatnonzero(np.isfinite(reference.truth) & np.isfinite(score).all(axis=1))
    rng = np.random.default_rng(0)
    resamples = (rng.choice(known, len(known)) for _ in range(REFITS))
    return [_calibrator(reference.truth[rows], score[rows]) for rows in (known, *resamples)]


def expected(
    given: Answers, calibrated: list[Calibrator], metrics: dict[str, Metric]
) -> dict[str, tuple[float, float]]:
    """Return of each metric the value to expect and its standard error.

    Parameters
    ----------
    given : Answers
        Rows with scores, labels or none.
    calibrated : list of callable
        As of :func:`calibrators`.
    metrics : dict
        Those wanted.

    Returns
    -------
    dict
        Name → value and error. The error holds the noise of the labels to come and that of the
        calibration, so that about 95 of 100 true figures fall within 1.96 errors of the value.
    """
    assert given.score is not None  # noqa: S101 - the caller's task
    score = _columns(given.score)
    rows = np.flatnonzero(np.isfinite(score).all(axis=1) & np.isfinite(given.prediction))
    rng = np.random.default_rng(0)
    scale = 1.0
    if len(rows) > ROWS:
        scale = math.sqrt(ROWS / len(rows))
        rows = rng.choice(rows, ROWS, replace=False)
    beside = {
        name: (given.prediction if metric.of == "prediction" else given.score)[rows]
        for name, metric in metrics.items()
        if name not in UNKNOWN
    }

    def figures(labels: Iterator[Values]) -> dict[str, Values]:
        drawn = [
            [metrics[name].compute(truth, beside[name])[0] for name in beside] for truth in labels
        ]
        return dict(zip(beside, np.array(drawn).T, strict=True)) if drawn else {}

    chances = calibrated[0](score[rows])
    even = _even(chances)
    values = figures(_draws([chances] * PASSES, ((even + i / PASSES) % 1 for i in range(PASSES))))
    again = [calibrator(score[rows]) for calibrator in calibrated[1:]]
    spread = figures(_draws(again, (rng.random(len(rows)) for _ in again)))
    return {
        name: (float(np.nanmean(values[name])), float(np.nanstd(spread[name], ddof=1)) * scale)
        for name in beside
        if np.isfinite(values[name]).any()
    }


def _even(chances: Values) -> Values:
    """Return a number of [0, 1) for each row that is spread evenly over rows of like chances.

    Multiples of the golden ratio, in the order of the chances (Weyl 1916): labels drawn with them
    have nearly the expected number of positives in every range of the score.
    """
    place = np.empty(len(chances))
    place[np.lexsort(chances.T)] = np.arange(len(chances))
    return (place * GOLDEN) % 1


def _draws(chances: Iterable[Values], uniform: Iterable[Values]) -> Iterator[Values]:
    """Yield labels drawn by the chances; a draw of one class has no ranking and is left out."""
    for chance, one in zip(chances, uniform, strict=True):
        bounds = np.cumsum(chance, axis=1)[:, :-1]
        labels = (one[:, None] >= bounds).sum(axis=1).astype(np.float64)
        if np.ptp(labels) > 0:
            yield labels


def _calibrator(truth: Values, score: Values) -> Calibrator:
    from sklearn.isotonic import IsotonicRegression

    # Of two classes the chance of the second says all; of more, each is calibrated by itself.
    places = (1,) if score.shape[1] == 2 else range(score.shape[1])
    fitted = [
        IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(
            score[:, place], truth == place
        )
        for place in places
    ]

    def calibrate(scores: Values) -> Values:
        own = [one.predict(scores[:, place]) for one, place in zip(fitted, places, strict=True)]
        chances = np.column_stack([1 - own[0], own[0]] if len(own) == 1 else own)
        total = chances.sum(axis=1, keepdims=True)
        return np.where(total > 0, chances / np.where(total > 0, total, 1), 1 / len(chances[0]))

    return calibrate


def _columns(score: Values) -> Values:
    """Return a column of chances for each class."""
    return np.column_stack([1 - score, score]) if score.ndim == 1 else score
