"""Performance before the labels come, and later the check of what was estimated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlops_nb.errors import InputError
from mlops_nb.monitoring.answers import Answers, answers
from mlops_nb.monitoring.confidence import UNKNOWN, Calibrator, calibrators, expected
from mlops_nb.monitoring.loss import LossModel, loss_model
from mlops_nb.monitoring.metrics import PROBABILITIES, Metric
from mlops_nb.monitoring.performance import FEW, SURE, Figure, figures, judge, labelled, noise_bound
from mlops_nb.monitoring.policy import Policy
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 300
"""Labelled reference rows that it takes to calibrate, or to learn the error from."""
OWN = ("prediction_id", "timestamp", "logged_at", "labelled_at", "model_version", "latency_ms")
"""Columns of the predictions log that explain no error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """Estimates performance on rows without labels; made by :func:`estimator`.

    Parameters
    ----------
    label, prediction, score : str
        The columns it reads.
    reference : Answers
        The labelled rows it was made on.
    baseline : mapping
        Figure → what it was on those rows.
    calibrated : list of callable
        Calibrations of the scores of a classification; empty for a regression.
    loss : LossModel, optional
        What the error of a row depends on, for a regression.
    """

    label: str
    prediction: str
    score: str
    reference: Answers
    baseline: Mapping[str, Figure]
    calibrated: list[Calibrator]
    loss: LossModel | None

    def figures(self, frame: pd.DataFrame) -> dict[str, Figure]:
        """Return the figures to expect on some rows, labels or none.

        Parameters
        ----------
        frame : DataFrame
            Rows with answers, and with the features that the reference had.

        Raises
        ------
        InputError
            A column that the reference had is missing.
        """
        if self.loss is not None:
            _require(frame, self.loss.columns)
            found = self.loss.expected(frame)
        else:
            given = self._answers(frame)
            if given.score is None:
                raise InputError(
                    f"the scores are missing: the reference has them, in {self.score!r}",
                    "log the scores with the predictions",
                )
            found = expected(given, self.calibrated, self._metrics(given))
        known = self.reference.metrics
        return {
            name: Figure(metric=known[name], value=value, error=error, rows=len(frame))
            for name, (value, error) in found.items()
            if name in self.baseline
        }

    def _answers(self, frame: pd.DataFrame) -> Answers:
        return answers(
            frame, label=self.label, prediction=self.prediction, score=self.score,
            like=self.reference,
        )  # fmt: skip

    def _metrics(self, given: Answers) -> dict[str, Metric]:
        score = given.score
        chances = score is not None and bool(
            ((score >= 0) & (score <= 1) | ~np.isfinite(score)).all()
        )
        return {
            name: self.reference.metrics[name]
            for name in self.baseline
            if name not in UNKNOWN and (chances or name not in PROBABILITIES)
        }


def estimator(
    reference: pd.DataFrame,
    *,
    label: str,
    prediction: str = "prediction",
    score: str = "score",
    features: Sequence[str] | None = None,
    classes: bool = False,
) -> Estimator:
    """Make ready to estimate performance without labels.

    A classification is estimated from its scores, calibrated on the reference (CBPE); a
    regression from a model of its error over the features (DLE).

    Parameters
    ----------
    reference : DataFrame
        Labelled and scored rows that the model was not fitted on: its hold-out.
    label, prediction, score : str
        Columns; the chances of several classes stand in ``<score>_<class>``.
    features : sequence of str, optional
        What the error of a regression may depend on; by default every column but those of the
        log itself.
    classes : bool
        Labels that are numbers other than 0 and 1 are classes and not measurements.

    Raises
    ------
    InputError
        There are fewer than 300 labelled rows, labels of one class only, or no scores.
    """
    rows = labelled(reference, label)
    given = answers(rows, label=label, prediction=prediction, score=score, classes=classes)
    if len(rows) < FEWEST:
        raise InputError(
            f"{len(rows):,} labelled reference rows are too few to estimate from",
            f"it takes {FEWEST}: use the hold-out of the model version",
        )
    learnt = None
    if given.task == "regression":
        skipped = {label, score, *OWN}
        wanted = features if features is not None else [str(c) for c in rows if c not in skipped]
        _require(rows, wanted)
        columns = list(dict.fromkeys([*wanted, prediction]))
        learnt = loss_model(rows, given.truth, given.prediction, columns)
    else:
        _check_scores(given, score)
    return Estimator(
        label=label,
        prediction=prediction,
        score=score,
        reference=given,
        baseline=figures(given),
        calibrated=[] if learnt is not None else calibrators(given),
        loss=learnt,
    )


def _check_scores(given: Answers, score: str) -> None:
    if given.score is None:
        raise InputError(
            f"the reference has no scores in {score!r} to estimate from",
            "a classifier without probabilities can be watched by its labels alone",
        )
    known = given.truth[np.isfinite(given.truth)]
    if len(np.unique(known)) < 2:
        raise InputError(
            "the labels of the reference are all of one class",
            "nothing can be learnt from them: use rows of both",
        )


def estimate(
    made: Estimator,
    frame: pd.DataFrame,
    *,
    only: Sequence[str] | None = None,
    margins: Mapping[str, float] | None = None,
    policy: Policy | None = None,
    window: str = "",
) -> list[Result]:
    """Hold the performance to expect on rows without labels against that on the reference.

    Status as in :func:`mlops_nb.monitoring.performance`: a fall beyond margin and noise fails.
    What is estimated holds while the relation of score (or features) to label does.

    Parameters
    ----------
    made : Estimator
        As of :func:`estimator`.
    frame : DataFrame
        The rows of the window, labels or none.
    only : sequence of str, optional
        The figures wanted; all by default.
    margins : mapping, optional
        Figure → margin, where the metric's own does not suit.
    policy : Policy, optional
        Whose alarm budget says how rarely chance alone may page.
    window : str
        The period the rows are of.

    Returns
    -------
    list of Result
        ``performance.estimated_<figure>``.
    """
    if len(frame) < FEW:
        return [_skipped(f"only {len(frame):,} rows: nothing can be estimated from them", window)]
    found = made.figures(frame)
    wanted = [name for name in found if only is None or name in only]
    beyond = noise_bound(policy)
    results = []
    for name in wanted:
        figure, before = found[name], made.baseline[name]
        error = math.hypot(figure.error, before.error)
        shown = Figure(metric=figure.metric, value=figure.value, error=error, rows=figure.rows)
        text = f"estimated without labels on {figure.rows:,} rows"
        margin = (margins or {}).get(name)
        check = f"estimated_{name}"
        results.append(judge(check, shown, before.value, margin, text, window, beyond=beyond))
    return results or [_skipped("no figure can be estimated from these columns", window)]


def check_estimate(
    made: Estimator, frame: pd.DataFrame, *, only: Sequence[str] | None = None, window: str = ""
) -> list[Result]:
    """Hold estimates against the truth, on the rows whose labels have come.

    A truth outside of the estimate's interval warns: the relation that estimates rest on has
    changed, and they are not to be relied on until the reference is renewed.

    Parameters
    ----------
    made, frame, only, window
        As of :func:`estimate`.

    Returns
    -------
    list of Result
        ``performance.estimate_error``, one a figure; `value` is truth minus estimate in standard
        errors.
    """
    rows = labelled(frame, made.label)
    if len(rows) < FEW:
        text = f"only {len(rows):,} labels have come to check estimates by"
        return [_skipped(text, window, "estimate_error")]
    promised = made.figures(rows)
    true = figures(made._answers(rows))
    return [
        _checked(name, promised[name], true[name], window)
        for name in promised
        if name in true and (only is None or name in only)
    ]


def _checked(name: str, promised: Figure, true: Figure, window: str) -> Result:
    apart = true.value - promised.value
    score = apart / promised.error if promised.error else 0.0
    off = abs(score) > SURE
    half = SURE * promised.error
    return Result(
        name="performance.estimate_error",
        subject=name,
        status=Status.WARNED if off else Status.PASSED,
        value=score,
        threshold=math.copysign(SURE, score),
        window=window,
        message=(
            f"{promised.metric.words} was estimated at {promised.value:.4g} ± {half:.2g} and is "
            f"{true.value:.4g} on the {true.rows:,} rows with a label"
        ),
        advice="do not rely on estimates until the reference is renewed" if off else "",
        evidence={"estimated": promised.value, "true": true.value, "error": promised.error},
    )


def _require(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise InputError(
            f"the columns {', '.join(missing[:5])} are missing: the estimate needs them",
            "log the features with the predictions",
        )


def _skipped(message: str, window: str, check: str = "estimate") -> Result:
    return Result(
        name=f"performance.{check}", subject="model", status=Status.SKIPPED,
        window=window, message=message,
    )  # fmt: skip
