"""Performance and decisions by group: are some served worse than others."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.monitoring.groups import Group, GroupFigure, group_figures, name_of, require_groups
from mlops_nb.monitoring.timeline import Measured
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

WORDS = {
    "selection_rate": "share of positive answers",
    "true_positive_rate": "share of true cases found",
    "false_positive_rate": "share of false alarms",
    "accuracy": "share of right answers",
    "roc_auc": "ranking (ROC AUC)",
    "calibration": "mean score minus share of positives",
}
ADVICE = "decide whether the difference can be justified; if not, look at the group's data"
RATIOS = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy")
"""Figures that a ratio makes sense of."""
LEVEL = 0.01
"""Chance of a false alarm over all pairs of groups of one check."""


def by_group(
    frame: pd.DataFrame,
    groups: Sequence[Group],
    *,
    label: str,
    prediction: str = "prediction",
    score: str = "score",
    minimum: int = 100,
    max_difference: float = 0.1,
    min_ratio: float | None = None,
    alarm_difference: float | None = None,
    window: str = "",
) -> list[Result]:
    """Compare groups by selection rate, TPR, FPR, accuracy, ROC AUC and calibration.

    A difference warns when it is above `max_difference` (or the ratio below `min_ratio`) and
    beyond the noise of sampling, all pairs of groups considered. Figures are fairlearn's, by its
    `MetricFrame`.

    Parameters
    ----------
    frame : DataFrame
        Predictions with their labels, missing where none has come yet. Where they are not 0 and 1
        but names or numbers of classes, the accuracy alone is compared.
    groups : sequence of str or of sequences of str
        Columns that hold the groups, each looked at on its own; of several columns together,
        such as ``("sex", "age")``, every intersection is a group.
    label, prediction, score : str
        Columns: the truth, the answer, and the probability of the positive class if there is one.
    minimum : int
        A group needs so many rows (for TPR positives, for FPR negatives) to be compared.
    max_difference : float
        Largest difference between two groups that does not matter, 0 to 1.
    min_ratio : float, optional
        Smallest ratio of the lowest to the highest share that does not matter: 0.8 is the rule
        of four fifths. Of rates only.
    alarm_difference : float, optional
        Difference above which, beyond the noise, a result fails: that raises an alert.
    window : str
        The period the rows are of.

    Returns
    -------
    list of Result
        ``fairness.<figure>``, subject the column; `value` is the largest difference, the evidence
        holds each group's figure, the difference and the ratio of lowest to highest, each with its
        95 % interval.

    Raises
    ------
    InputError
        A column is missing.
    """
    require_groups(frame, groups, prediction)
    results = []
    for group in groups:
        figures = group_figures(frame, group, label=label, prediction=prediction, score=score)
        for metric, found in figures.items():
            large = {name: figure for name, figure in found.items() if figure.rows >= minimum}
            seen, subject = len(found), name_of(group)
            ratio = min_ratio if metric in RATIOS else None
            results.append(
                _judge(
                    metric, subject, large, seen, minimum, max_difference, ratio, alarm_difference,
                    window,
                )
            )  # fmt: skip
    return results


def fairness_figures(
    group: Group,
    *,
    label: str,
    prediction: str = "prediction",
    score: str = "score",
    minimum: int = 50,
) -> Callable[[pd.DataFrame], Measured]:
    """Return the function that measures the largest difference between groups in a window.

    Parameters
    ----------
    group : str or sequence of str
        The column of the groups, or several.
    label, prediction, score, minimum
        As of :func:`by_group`; a window is small, so the minimum is lower.

    Returns
    -------
    callable
        For :func:`mlops_nb.monitoring.over_time`: figure → difference and its standard error.
    """

    def measured(part: pd.DataFrame) -> Measured:
        require_groups(part, [group], prediction)
        figures = group_figures(part, group, label=label, prediction=prediction, score=score)
        found = {}
        for metric, by_name in figures.items():
            large = [figure for figure in by_name.values() if figure.rows >= minimum]
            if len(large) > 1:
                low = min(large, key=lambda figure: figure.value)
                high = max(large, key=lambda figure: figure.value)
                error = math.hypot(low.error, high.error)
                found[metric] = (high.value - low.value, error)
        return found

    return measured


@dataclass(frozen=True, slots=True, kw_only=True)
class _Apart:
    """How far the lowest and the highest of several groups lie apart."""

    low: str
    high: str
    difference: float
    error: float
    ratio: float
    ratio_error: float
    """Of the ratio's logarithm (Katz 1978)."""
    sure: bool
    """Whether the difference is beyond the noise of sampling, all pairs considered."""

    def exceeds(self, max_difference: float, min_ratio: float | None) -> bool:
        return self.difference > max_difference or (
            min_ratio is not None and self.ratio < min_ratio
        )

    def evidence(self, metric: str) -> dict[str, Any]:
        """Return difference and ratio with their 95 % intervals; the ratio of rates only."""
        half, ratio, low, high = 1.96 * self.error, None, None, None
        if metric in RATIOS:
            factor = math.exp(1.96 * self.ratio_error)
            ratio, low, high = self.ratio, self.ratio / factor, min(1.0, self.ratio * factor)
        return {
            "difference": {
                "value": self.difference,
                "low": max(0.0, self.difference - half),
                "high": self.difference + half,
            },
            "ratio": ratio,
            "ratio_low": low,
            "ratio_high": high,
            "standard_error": self.error,
        }


def _apart(found: dict[str, GroupFigure]) -> _Apart:
    from scipy.special import ndtri

    order = sorted(found, key=lambda name: found[name].value)
    low, high = found[order[0]], found[order[-1]]
    difference, error = high.value - low.value, math.hypot(high.error, low.error)
    pairs = len(found) * (len(found) - 1) / 2
    ratio, ratio_error = _ratio(low, high)
    return _Apart(
        low=order[0],
        high=order[-1],
        difference=difference,
        error=error,
        ratio=ratio,
        ratio_error=ratio_error,
        sure=difference > -float(ndtri(LEVEL / 2 / pairs)) * error,
    )


def _judge(
    metric: str, group: str, found: dict[str, GroupFigure], seen: int,
    minimum: int, max_difference: float, min_ratio: float | None, alarm: float | None, window: str,
) -> Result:  # fmt: skip
    if len(found) < 2:
        return Result(
            name=f"fairness.{metric}",
            subject=group,
            status=Status.SKIPPED,
            window=window,
            message=f"{len(found)} of {seen} groups have {minimum} labelled rows or more",
        )
    apart = _apart(found)
    status = Status.PASSED
    if apart.sure and apart.exceeds(max_difference, min_ratio):
        status = Status.WARNED
    if apart.sure and alarm is not None and apart.difference > alarm:
        status = Status.FAILED
    return Result(
        name=f"fairness.{metric}",
        subject=group,
        status=status,
        value=apart.difference,
        threshold=alarm if status is Status.FAILED else max_difference,
        window=window,
        message=f"{WORDS[metric]} by {group}: {_range(found, apart.low, apart.high, seen)}",
        advice="" if status is Status.PASSED else ADVICE,
        evidence={
            **apart.evidence(metric),
            "groups": {name: _interval(metric, figure) for name, figure in found.items()},
        },
    )


def _ratio(low: GroupFigure, high: GroupFigure) -> tuple[float, float]:
    """Return the ratio of two shares and the standard error of its logarithm (Katz 1978)."""
    if low.value <= 0 or high.value <= 0:
        return (0.0, 0.0) if high.value > 0 else (1.0, 0.0)
    return low.value / high.value, math.hypot(low.error / low.value, high.error / high.value)


def _range(found: dict[str, GroupFigure], low: str, high: str, seen: int) -> str:
    small = f"; {seen - len(found)} groups are too small" if seen > len(found) else ""
    return (
        f"from {found[low].value:.3g} ({low}) to {found[high].value:.3g} ({high}) "
        f"over {len(found)} groups{small}"
    )


def _interval(metric: str, figure: GroupFigure) -> dict[str, float]:
    half = 1.96 * figure.error
    least = -1.0 if metric == "calibration" else 0.0
    low, high = max(least, figure.value - half), min(1.0, figure.value + half)
    return {"value": figure.value, "low": low, "high": high, "rows": figure.rows}
