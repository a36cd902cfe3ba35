"""Performance on the labels that have come, against the version's baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mlops_nb.errors import InputError
from mlops_nb.monitoring.answers import METRICS, Answers, answers
from mlops_nb.monitoring.metrics import PROBABILITIES, Metric
from mlops_nb.monitoring.policy import Policy
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

FEW = 30
"""With fewer labelled rows nothing is concluded."""
SURE = 2.58
"""Standard errors that a fall must exceed: once in 200 windows by chance alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of performance.

    Parameters
    ----------
    metric : Metric
        What it is.
    value, error : float
        The figure and its standard error.
    rows : int
        On how many rows.
    """

    metric: Metric
    value: float
    error: float
    rows: int


def measure(
    frame: pd.DataFrame, *, label: str, prediction: str = "prediction", score: str = "score"
) -> dict[str, float]:
    """Return the figures of performance over the labelled rows, with `rows`: a baseline.

    Parameters
    ----------
    frame : DataFrame
        Predictions with their labels.
    label, prediction, score : str
        Columns: the truth, the answer, and the probability of the positive class if there is one;
        those of several classes are in ``<score>_<class>``.

    Raises
    ------
    InputError
        A column is missing, or rows repeat a ``prediction_id``.
    """
    rows = labelled(frame, label)
    found = figures(answers(rows, label=label, prediction=prediction, score=score))
    return {name: figure.value for name, figure in found.items()} | {"rows": float(len(rows))}


def figures(given: Answers) -> dict[str, Figure]:
    """Return every figure of performance that labelled answers allow, by its name."""
    found = {}
    for name, metric in given.metrics.items():
        beside = given.given(metric)
        usable = given.usable(metric) & np.isfinite(given.truth)
        if beside is None or usable.sum() < FEW:
            continue
        truth, beside = given.truth[usable], beside[usable]
        one_class = given.task == "binary" and metric.of == "score" and np.ptp(truth) == 0
        if (one_class and name not in PROBABILITIES) or (
            name in PROBABILITIES and (beside.min() < 0 or beside.max() > 1)
        ):
            continue
        value, error = metric.compute(truth, beside)
        if math.isfinite(value):
            found[name] = Figure(metric=metric, value=value, error=error, rows=len(truth))
    return found


def performance(
    frame: pd.DataFrame,
    *,
    label: str,
    baseline: Mapping[str, float],
    prediction: str = "prediction",
    score: str = "score",
    margins: Mapping[str, float] | None = None,
    policy: Policy | None = None,
    window: str = "",
) -> list[Result]:
    """Hold the performance on labelled rows against the baseline of the model version.

    A figure fails when it is worse by more than its margin and the fall is beyond the noise of
    sampling (2.58 standard errors, or what the alarm budget asks for; of the baseline too when it
    tells its `rows`). A fall that is beyond noise but within the margin warns. Without labels the
    check is skipped, and says so.

    Parameters
    ----------
    frame : DataFrame
        Predictions with their labels, missing where none has come yet.
    label, prediction, score : str
        Columns: the truth, the answer, and the probability of the positive class if there is one;
        those of several classes are in ``<score>_<class>``.
    baseline : mapping
        Figure → its value on the version's hold-out, as of :func:`measure`; figures not known here
        are left out.
    margins : mapping, optional
        Figure → margin, where the one in :mod:`mlops_nb.monitoring.metrics` does not suit.
    policy : Policy, optional
        Whose alarm budget says how rarely chance alone may page.
    window : str
        The period the rows are of.

    Returns
    -------
    list of Result
        ``performance.<figure>``, one each.

    Raises
    ------
    InputError
        A column is missing, rows repeat a ``prediction_id``, or the baseline holds no figure
        known here.
    """
    rows = labelled(frame, label)
    given = answers(
        rows, label=label, prediction=prediction, score=score, classes="accuracy" in baseline
    )
    if len(rows) < FEW:
        return [_too_few(len(rows), len(frame), window)]
    wanted = [name for name in baseline if any(name in known for known in METRICS.values())]
    if not wanted:
        known = ", ".join(dict.fromkeys(name for names in METRICS.values() for name in names))
        raise InputError("the baseline holds no figure of performance", f"known: {known}")
    found = figures(given)
    beyond = noise_bound(policy)
    results = []
    for name in wanted:
        if name not in found:
            results.append(_skipped(name, score, window))
            continue
        figure, before = found[name], float(baseline[name])
        if baseline.get("rows"):
            noise = figure.error * math.sqrt(1 + len(rows) / baseline["rows"])
            figure = replace(figure, error=noise)
        text = f"{figure.rows:,} labelled rows"
        margin = (margins or {}).get(name)
        results.append(judge(name, figure, before, margin, text, window, beyond=beyond))
    return results


def noise_bound(policy: Policy | None) -> float:
    """Return the standard errors a fall must exceed: :data:`SURE`, or what the budget asks for."""
    return policy.budget.sure if policy and policy.budget else SURE


def labelled(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    """Return the rows that have a label; before the first one comes there is no such column."""
    return frame[frame[label].notna()] if label in frame.columns else frame.iloc[:0]


def judge(
    name: str, figure: Figure, before: float, margin: float | None, basis: str, window: str,
    *, beyond: float = SURE,
) -> Result:  # fmt: skip
    """Hold a figure against its value before: beyond noise it warns, beyond the margin it fails.

    Parameters
    ----------
    name : str
        The check's name within performance.
    figure : Figure
        What was found; its error holds all noise there is.
    before : float
        The baseline.
    margin : float, optional
        How far it may be worse; the metric's own by default.
    basis : str
        What it was found on, for the sentence.
    window : str
        The period it is of.
    beyond : float
        Standard errors that chance is given.
    """
    metric, value, error = figure.metric, figure.value, figure.error
    room = margin
    if room is None:
        room = metric.margin * abs(before) if metric.relative else metric.margin
    worse = abs(value - before) if metric.better == "equal" else before - value
    if metric.better == "low":
        worse = -worse
    sure = worse > beyond * error
    status = Status.PASSED
    if sure:
        # A changed share of positives alone tells of the world, not of the model.
        grave = worse > room and metric.better != "equal"
        status = Status.FAILED if grave else Status.WARNED
    bound = before - room if metric.better == "high" else before + room
    change = {
        Status.FAILED: "clearly worse than",
        Status.WARNED: "other than" if metric.better == "equal" else "a little worse than",
    }
    noise = f"±{beyond * error:.2g} by chance"
    text = f"{metric.words} is {value:.4g}, {change.get(status, 'in line with')} "
    return Result(
        name=f"performance.{name}",
        subject="model",
        status=status,
        value=value,
        threshold=bound,
        window=window,
        message=f"{text}the baseline {before:.4g} ({noise}, {basis})",
        advice=_advice(status),
        evidence={
            "baseline": before,
            "standard_error": error,
            "low": value - 1.96 * error,
            "high": value + 1.96 * error,
            "rows": figure.rows,
            "margin": room,
        },
    )


def _advice(status: Status) -> str:
    if status is Status.FAILED:
        return "look at the drifted columns, then retrain on newer data and compare"
    return "watch the next windows" if status is Status.WARNED else ""


def _too_few(labelled: int, rows: int, window: str) -> Result:
    return Result(
        name="performance.labels",
        subject="model",
        status=Status.SKIPPED,
        value=float(labelled),
        threshold=float(FEW),
        window=window,
        message=f"only {labelled:,} of {rows:,} rows have a label yet: performance is not known",
        advice="wait for the labels, or find out why they do not come",
    )


def _skipped(name: str, score: str, window: str) -> Result:
    return Result(
        name=f"performance.{name}",
        subject="model",
        status=Status.SKIPPED,
        window=window,
        message=(
            f"{name} needs {FEW} rows with both classes and a column {score!r} of numbers"
            + (" between 0 and 1" if name in PROBABILITIES else "")
        ),
    )
