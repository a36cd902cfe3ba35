"""Figures of performance and of decisions by group: fairlearn's, with their standard errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

Group = str | Sequence[str]
"""A column that holds groups, or several whose intersections are the groups."""
RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigure:
    """A figure of one group.

    Parameters
    ----------
    value, error : float
        The figure and its standard error.
    rows : int
        On how many rows: for the TPR positives, for the FPR negatives.
    """

    value: float
    error: float
    rows: int


def name_of(group: Group) -> str:
    """Return what a group is called: the column, or the columns it is an intersection of."""
    return group if isinstance(group, str) else " × ".join(group)


def require_groups(frame: pd.DataFrame, groups: Sequence[Group], *columns: str) -> None:
    """Say which column of groups is missing.

    Raises
    ------
    InputError
        A column is missing.
    """
    wanted = [*columns]
    for group in groups:
        wanted += [group] if isinstance(group, str) else group
    for name in wanted:
        if name not in frame.columns:
            raise InputError(
                f"the table has no column {name!r}", did_you_mean(name, map(str, frame.columns))
            )


def names(frame: pd.DataFrame, group: Group) -> pd.Series:
    """Return the name of each row's group as text, missing where one of its columns is."""
    columns = [group] if isinstance(group, str) else list(group)
    known = frame[columns].notna().all(axis=1)
    text = frame[columns[0]].astype(str)
    for name in columns[1:]:
        text = text + " × " + frame[name].astype(str)
    return text.where(known)


def group_figures(
    frame: pd.DataFrame, group: Group, *, label: str, prediction: str, score: str
) -> dict[str, dict[str, GroupFigure]]:
    """Return figure → group → value, for what labels and scores allow.

    Where labels are not 0 and 1 but names or numbers of classes, the accuracy alone.

    Parameters
    ----------
    frame : DataFrame
        Predictions with their labels, missing where none has come yet.
    group : str or sequence of str
        The column of the groups, or several.
    label, prediction, score : str
        Columns.
    """
    import numpy as np
    from fairlearn import metrics as fair

    called = names(frame, group)
    rows = frame[called.notna() & frame[prediction].notna()].assign(mlops_group=called)
    if not len(rows):
        return {name: {} for name in RATES}
    if not _is_binary(rows, prediction, label):
        return _right_answers(rows, label, prediction)
    of, answers = rows["mlops_group"], rows[prediction].astype(float)
    selected = _by_group({"value": fair.selection_rate, "rows": _count()}, answers, answers, of)
    found = {"selection_rate": _rates(selected["value"], selected["rows"])}
    known = rows[label].notna() if label in rows.columns else np.zeros(len(rows), dtype=bool)
    if not known.any():
        return found | {name: {} for name in RATES[1:]}
    truth = rows.loc[known, label].astype(float)
    figures = {
        "true_positive_rate": _share(1.0, fair.true_positive_rate),
        "false_positive_rate": _share(0.0, fair.false_positive_rate),
        "accuracy": lambda t, p, sample_weight: float(np.average(t == p, weights=sample_weight)),
        "positives": _count(1.0),
        "negatives": _count(0.0),
        "rows": _count(),
    }
    labelled = _by_group(figures, truth, answers[known], of[known])
    found["true_positive_rate"] = _rates(labelled["true_positive_rate"], labelled["positives"])
    found["false_positive_rate"] = _rates(labelled["false_positive_rate"], labelled["negatives"])
    found["accuracy"] = _rates(labelled["accuracy"], labelled["rows"])
    if score in rows.columns:
        scores = rows.loc[known, score].astype(float)
        found["roc_auc"] = _aucs(truth, scores, of[known])
        found["calibration"] = _gaps(truth, scores, of[known])
    return found


def _is_binary(rows: pd.DataFrame, *columns: str) -> bool:
    import pandas as pd

    known = [rows[name].dropna() for name in columns if name in rows.columns]
    return all(bool(pd.to_numeric(part, errors="coerce").isin((0, 1)).all()) for part in known)


def _right_answers(
    rows: pd.DataFrame, label: str, prediction: str
) -> dict[str, dict[str, GroupFigure]]:
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
    grouped = (given == truth).astype(float).groupby(known["mlops_group"])
    return {"accuracy": _rates(grouped.mean(), grouped.size())}


def _by_group(figures: Mapping[str, Any], truth: Any, answers: Any, of: Any) -> Any:
    """Return fairlearn's figures by group from how often each truth met each answer in it.

    They are the same as those of the rows, which fairlearn would walk through for every figure.
    """
    import pandas as pd
    from fairlearn.metrics import MetricFrame

    met = pd.DataFrame({"truth": truth, "answer": answers, "of": of})
    met = met.groupby(["of", "truth", "answer"], as_index=False, observed=True).size()
    found: pd.DataFrame = MetricFrame(
        metrics=dict(figures),
        y_true=met["truth"], y_pred=met["answer"], sensitive_features=met["of"],
        sample_params={name: {"sample_weight": met["size"]} for name in figures},
    ).by_group  # fmt: skip
    return found


def _count(of: float | None = None) -> Any:
    """Return what counts the rows of a group, or those of one class."""
    return lambda truth, _, sample_weight: int(
        sample_weight[truth == of].sum() if of is not None else sample_weight.sum()
    )


def _share(of: float, rate: Any) -> Any:
    """Return fairlearn's rate, NaN for a group that has none of the class it is a share of."""
    return lambda truth, answers, sample_weight: (
        float(rate(truth, answers, pos_label=1, sample_weight=sample_weight))
        if (truth == of).any()
        else math.nan
    )


def _rates(values: Any, counts: Any) -> dict[str, GroupFigure]:
    return {
        str(name): GroupFigure(value=p, error=wilson(p, n), rows=n)
        for name, p, n in zip(values.index, map(float, values), map(int, counts), strict=True)
        if n and not math.isnan(p)
    }


def wilson(p: float, n: int) -> float:
    """Return the standard error that makes Wilson's interval (1927): never 0 at rates of 0 or 1."""
    z = 1.96
    return math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)


def _aucs(truth: Any, scores: Any, names: Any) -> dict[str, GroupFigure]:
    from mlops_nb.monitoring.metrics import roc_auc

    found = {}
    usable = scores.abs() < math.inf
    for name, part in truth[usable].groupby(names[usable]):
        if part.nunique() == 2:
            value, error = roc_auc(part.to_numpy(), scores[part.index].to_numpy(dtype=float))
            found[str(name)] = GroupFigure(value=value, error=error, rows=len(part))
    return found


def _gaps(truth: Any, scores: Any, of: Any) -> dict[str, GroupFigure]:
    """Return mean score minus share of positives: above 0 the group is scored too high."""
    import numpy as np

    found = {}
    usable = np.isfinite(scores) & (scores >= 0) & (scores <= 1)
    for name, part in (scores - truth)[usable].groupby(of[usable]):
        if len(part) > 1:
            error = float(part.std(ddof=1)) / math.sqrt(len(part))
            found[str(name)] = GroupFigure(value=float(part.mean()), error=error, rows=len(part))
    return found
