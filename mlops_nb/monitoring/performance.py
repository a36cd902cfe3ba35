"""Performance on the labels that have come, against the version's baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.errors import InputError, did_you_mean
from mlops_nb.monitoring.metrics import BINARY, CLASSES, REGRESSION, Metric, accuracy
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

FEW = 30
"""With fewer labelled rows nothing is concluded."""
SURE = 2.58
"""Standard errors that a fall must exceed: once in 200 windows by chance alone."""


def measure(
    frame: pd.DataFrame, *, label: str, prediction: str = "prediction", score: str = "score"
) -> dict[str, float]:
    """Return the figures of performance over the labelled rows, with `rows`: a baseline.

    Parameters
    ----------
    frame : DataFrame
        Predictions with their labels.
    label, prediction, score : str
        Columns: the truth, the answer, and the probability of the positive class if there is one.

    Raises
    ------
    InputError
        A column is missing.
    """
    found = _measured(_labelled(frame, label, prediction), label, prediction, score)
    known = _labelled(frame, label, prediction)
    return {name: value for name, (_, value, _) in found.items()} | {"rows": float(len(known))}


def performance(
    frame: pd.DataFrame,
    *,
    label: str,
    baseline: Mapping[str, float],
    prediction: str = "prediction",
    score: str = "score",
    margins: Mapping[str, float] | None = None,
    window: str = "",
) -> list[Result]:
    """Hold the performance on labelled rows against the baseline of the model version.

    A figure fails when it is worse by more than its margin and the fall is beyond the noise of
    sampling (2.58 standard errors, of the baseline too when it tells its `rows`). A fall that is
    beyond noise but within the margin warns. Without labels the check is skipped, and says so.

    Parameters
    ----------
    frame : DataFrame
        Predictions with their labels, missing where none has come yet.
    label, prediction, score : str
        Columns: the truth, the answer, and the probability of the positive class if there is one.
    baseline : mapping
        Figure → its value on the version's hold-out, as of :func:`measure`; figures not known here
        are left out.
    margins : mapping, optional
        Figure → margin, where the one in :mod:`mlops_nb.monitoring.metrics` does not suit.
    window : str
        The period the rows are of.

    Returns
    -------
    list of Result
        ``performance.<figure>``, one each.

    Raises
    ------
    InputError
        A column is missing, or the baseline holds no figure known here.
    """
    rows = _labelled(frame, label, prediction)
    if len(rows) < FEW:
        return [_too_few(len(rows), len(frame), window)]
    wanted = [name for name in baseline if name in BINARY or name in REGRESSION]
    if not wanted:
        known = ", ".join([*BINARY, *REGRESSION])
        raise InputError("the baseline holds no figure of performance", f"known: {known}")
    found = _measured(rows, label, prediction, score, classes="accuracy" in baseline)
    results = []
    for name in wanted:
        if name not in found:
            results.append(_skipped(name, score, window))
            continue
        metric, value, error = found[name]
        margin = (margins or {}).get(name)
        before = float(baseline[name])
        if baseline.get("rows"):
            error *= math.sqrt(1 + len(rows) / baseline["rows"])
        results.append(_judge(name, metric, value, error, before, margin, len(rows), window))
    return results


def _labelled(frame: pd.DataFrame, label: str, prediction: str) -> pd.DataFrame:
    if prediction not in frame.columns:
        raise InputError(
            f"the table has no column {prediction!r}",
            did_you_mean(prediction, map(str, frame.columns)),
        )
    # Before the first label comes there is no such column either.
    return frame[frame[label].notna()] if label in frame.columns else frame.iloc[:0]


def _measured(
    rows: pd.DataFrame, label: str, prediction: str, score: str, *, classes: bool = False
) -> dict[str, tuple[Metric, float, float]]:
    """Return metric, value and standard error of every figure the rows allow.

    With `classes`, numbers other than 0 and 1 are numbers of classes and not measurements.
    """
    if not len(rows):
        return {}
    numeric = _numbers(rows[label])
    answers = _numbers(rows[prediction])
    scores = _numbers(rows[score]) if score in rows.columns else None
    if numeric is None or answers is None:
        return _accuracy_alone(rows[label].astype(str) == rows[prediction].astype(str))
    binary = bool(np.isin(numeric, (0.0, 1.0)).all())
    if classes and not binary:
        return _accuracy_alone(numeric == answers)
    found = {}
    for name, metric in (BINARY if binary else REGRESSION).items():
        given = answers if metric.of == "prediction" else scores
        if given is None:
            continue
        usable = np.flatnonzero(np.isfinite(given))
        one_class = len(np.unique(numeric[usable])) < 2
        if len(usable) < FEW or (name in ("roc_auc", "average_precision") and one_class):
            continue
        value, error = metric.compute(numeric[usable], given[usable])
        if math.isfinite(value):
            found[name] = (metric, value, error)
    return found


def _accuracy_alone(right: Any) -> dict[str, tuple[Metric, float, float]]:
    """Return the one figure of answers that have no positive class and no distance."""
    value, error = accuracy(np.ones(len(right)), np.asarray(right, dtype=np.float64))
    return {"accuracy": (CLASSES["accuracy"], value, error)}


def _numbers(column: pd.Series) -> np.ndarray | None:
    import pandas as pd

    if column.dtype.kind == "O":  # labels joined late: 0, 1 and gaps in one column of objects
        column = pd.Series(column.tolist(), index=column.index)
    if column.dtype.kind not in "iufb":
        return None
    return column.to_numpy(dtype=float, na_value=np.nan)


def _judge(
    name: str, metric: Metric, value: float, error: float,
    before: float, margin: float | None, rows: int, window: str,
) -> Result:  # fmt: skip
    room = margin
    if room is None:
        room = metric.margin * abs(before) if metric.relative else metric.margin
    worse = abs(value - before) if metric.better == "equal" else before - value
    if metric.better == "low":
        worse = -worse
    sure = worse > SURE * error
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
    noise = f"±{SURE * error:.2g} by chance"
    text = f"{metric.words} is {value:.4g}, {change.get(status, 'in line with')} "
    return Result(
        name=f"performance.{name}",
        subject="model",
        status=status,
        value=value,
        threshold=bound,
        window=window,
        message=f"{text}the baseline {before:.4g} ({noise}, {rows:,} labelled rows)",
        advice=_advice(status),
        evidence={"baseline": before, "standard_error": error, "rows": rows, "margin": room},
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
        message=f"{name} needs {FEW} rows with both classes and a column {score!r} of numbers",
    )
