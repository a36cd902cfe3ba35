"""Performance and decisions by group: are some served worse than others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InputError, did_you_mean
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy")
WORDS = {
    "selection_rate": "share of positive answers",
    "true_positive_rate": "share of true cases found",
    "false_positive_rate": "share of false alarms",
    "accuracy": "share of right answers",
    "roc_auc": "ranking (ROC AUC)",
}
ADVICE = "decide whether the difference can be justified; if not, look at the group's data"
LEVEL = 0.01
"""Chance of a false alarm over all pairs of groups of one check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    value: float
    error: float
    rows: int


def by_group(
    frame: pd.DataFrame,
    groups: Sequence[str],
    *,
    label: str,
    prediction: str = "prediction",
    score: str = "score",
    minimum: int = 100,
    max_difference: float = 0.1,
    window: str = "",
) -> list[Result]:
    """Compare the groups in a column by selection rate, TPR, FPR, accuracy and ROC AUC.

    A difference warns when it is above `max_difference` and beyond the noise of sampling, all
    pairs of groups considered. Figures are fairlearn's, by its `MetricFrame`.

    Parameters
    ----------
    frame : DataFrame
        Predictions with their labels, missing where none has come yet. Where they are not 0 and 1
        but names or numbers of classes, the accuracy alone is compared.
    groups : sequence of str
        Columns that hold the groups, each looked at on its own.
    label, prediction, score : str
        Columns: the truth, the answer, and the probability of the positive class if there is one.
    minimum : int
        A group needs so many rows (for TPR positives, for FPR negatives) to be compared.
    max_difference : float
        Largest difference between two groups that does not matter, 0 to 1.
    window : str
        The period the rows are of.

    Returns
    -------
    list of Result
        ``fairness.<figure>``, subject the column; `value` is the largest difference, the evidence
        holds each group's figure with its 95 % interval, and the ratio of lowest to highest.

    Raises
    ------
    InputError
        A column is missing.
    """
    for name in (*groups, prediction):
        if name not in frame.columns:
            raise InputError(
                f"the table has no column {name!r}", did_you_mean(name, map(str, frame.columns))
            )
    results = []
    for group in groups:
        figures = _figures(frame, group, label, prediction, score)
        for metric, found in figures.items():
            large = {name: figure for name, figure in found.items() if figure.rows >= minimum}
            results.append(
                _judge(metric, group, large, len(found), minimum, max_difference, window)
            )
    return results


def _figures(
    frame: pd.DataFrame, group: str, label: str, prediction: str, score: str
) -> dict[str, dict[str, _Figure]]:
    import numpy as np
    from fairlearn import metrics as fair

    rows = frame[frame[group].notna() & frame[prediction].notna()]
    if not len(rows):
        return {name: {} for name in RATES}
    if not _is_binary(rows, prediction, label):
        return _right_answers(rows, group, label, prediction)
    names, answers = rows[group].astype(str), rows[prediction].astype(float)
    selected = fair.MetricFrame(
        metrics={"value": fair.selection_rate, "rows": fair.count},
        y_true=answers, y_pred=answers, sensitive_features=names,
    ).by_group  # fmt: skip
    found = {"selection_rate": _rates(selected["value"], selected["rows"])}
    known = rows[label].notna() if label in rows.columns else np.zeros(len(rows), dtype=bool)
    if not known.any():
        return found | {name: {} for name in RATES[1:]}
    truth = rows.loc[known, label].astype(float)
    labelled = fair.MetricFrame(
        metrics={
            "true_positive_rate": _share(1.0, fair.true_positive_rate),
            "false_positive_rate": _share(0.0, fair.false_positive_rate),
            "accuracy": lambda t, p: float((t == p).mean()),
            "positives": lambda t, _: int((t == 1).sum()),
            "negatives": lambda t, _: int((t == 0).sum()),
            "rows": fair.count,
        },
        y_true=truth, y_pred=answers[known], sensitive_features=names[known],
    ).by_group  # fmt: skip
    found["true_positive_rate"] = _rates(labelled["true_positive_rate"], labelled["positives"])
    found["false_positive_rate"] = _rates(labelled["false_positive_rate"], labelled["negatives"])
    found["accuracy"] = _rates(labelled["accuracy"], labelled["rows"])
    if score in rows.columns:
        found["roc_auc"] = _aucs(truth, rows.loc[known, score], names[known])
    return found


def _is_binary(rows: pd.DataFrame, *columns: str) -> bool:
    import pandas as pd

    known = [rows[name].dropna() for name in columns if name in rows.columns]
    return all(bool(pd.to_numeric(part, errors="coerce").isin((0, 1)).all()) for part in known)


def _right_answers(
    rows: pd.DataFrame, group: str, label: str, prediction: str
) -> dict[str, dict[str, _Figure]]:
    """Return the accuracy by group, the one figure that needs no positive class."""
    from pandas.api.types import is_numeric_dtype

    if label not in rows.columns:
        return {"accuracy": {}}
    known = rows[rows[label].notna()]
    given, truth = known[prediction], known[label]
    if not (is_numeric_dtype(given) and is_numeric_dtype(truth)):
        given, truth = given.astype(str), truth.astype(str)
    elif not (truth == truth.round()).all():
        return {"accuracy": {}}  # measurements, not classes: never right to the last digit
    grouped = (given == truth).astype(float).groupby(known[group].astype(str))
    return {"accuracy": _rates(grouped.mean(), grouped.size())}


def _share(of: float, rate: Any) -> Any:
    """Return fairlearn's rate, NaN for a group that has none of the class it is a share of."""
    return lambda truth, answers: (
        float(rate(truth, answers, pos_label=1)) if (truth == of).any() else math.nan
    )


def _rates(values: Any, counts: Any) -> dict[str, _Figure]:
    return {
        str(name): _Figure(value=p, error=_wilson(p, n), rows=n)
        for name, p, n in zip(values.index, map(float, values), map(int, counts), strict=True)
        if n and not math.isnan(p)
    }


def _wilson(p: float, n: int) -> float:
    """Return the standard error that makes Wilson's interval (1927): never 0 at rates of 0 or 1."""
    z = 1.96
    return math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)


def _aucs(truth: Any, scores: Any, names: Any) -> dict[str, _Figure]:
    from mlops_nb.monitoring.metrics import roc_auc

    found = {}
    usable = scores.notna()
    for name, part in truth[usable].groupby(names[usable]):
        if part.nunique() == 2:
            value, error = roc_auc(part.to_numpy(), scores[part.index].to_numpy(dtype=float))
            found[str(name)] = _Figure(value=value, error=error, rows=len(part))
    return found


def _judge(
    metric: str, group: str, found: dict[str, _Figure], seen: int,
    minimum: int, max_difference: float, window: str,
) -> Result:  # fmt: skip
    from scipy.special import ndtri

    if len(found) < 2:
        return Result(
            name=f"fairness.{metric}",
            subject=group,
            status=Status.SKIPPED,
            window=window,
            message=f"{len(found)} of {seen} groups have {minimum} labelled rows or more",
        )
    order = sorted(found, key=lambda name: found[name].value)
    low, high = order[0], order[-1]
    difference = found[high].value - found[low].value
    error = math.hypot(found[high].error, found[low].error)
    pairs = len(found) * (len(found) - 1) / 2
    sure = difference > -float(ndtri(LEVEL / 2 / pairs)) * error
    status = Status.WARNED if sure and difference > max_difference else Status.PASSED
    return Result(
        name=f"fairness.{metric}",
        subject=group,
        status=status,
        value=difference,
        threshold=max_difference,
        window=window,
        message=f"{WORDS[metric]} by {group}: {_range(found, low, high, seen)}",
        advice=ADVICE if status is Status.WARNED else "",
        evidence={
            "ratio": found[low].value / found[high].value if found[high].value else None,
            "standard_error": error,
            "groups": {name: _interval(figure) for name, figure in found.items()},
        },
    )


def _range(found: dict[str, _Figure], low: str, high: str, seen: int) -> str:
    small = f"; {seen - len(found)} groups are too small" if seen > len(found) else ""
    return (
        f"from {found[low].value:.3g} ({low}) to {found[high].value:.3g} ({high}) "
        f"over {len(found)} groups{small}"
    )


def _interval(figure: _Figure) -> dict[str, float]:
    half = 1.96 * figure.error
    low, high = max(0.0, figure.value - half), min(1.0, figure.value + half)
    return {"value": figure.value, "low": low, "high": high, "rows": figure.rows}
