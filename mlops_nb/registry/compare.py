"""A challenger and a champion on the same labelled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.errors import InputError
from mlops_nb.registry.bootstrap import Gain, paired_gain
from mlops_nb.registry.estimator import classes_of, score_rows
from mlops_nb.registry.metrics import DEFAULT, HIGHER, LOWER, Metric, metrics_of
from mlops_nb.registry.scoring import ScoringModel, require_columns

if TYPE_CHECKING:
    import pandas as pd


def compare(
    challenger: ScoringModel,
    champion: ScoringModel,
    holdout: pd.DataFrame,
    *,
    label: str,
    metric: str = "",
    confidence: float = 0.95,
    demanded: float = 0.0,
) -> Gain:
    """Score both models on the same rows and measure the gain by a paired bootstrap.

    Parameters
    ----------
    challenger, champion : ScoringModel
        The two; both score the rows as they stand.
    holdout : DataFrame
        Labelled rows that neither was fitted on.
    label : str
        Column of the truth.
    metric : str, optional
        What to compare; by default `roc_auc`, `accuracy` or `r2` as the task has it.
    confidence : float, default=0.95
        Certainty of the gain's bounds, 0–1.
    demanded : float, default=0
        The gain that must be exceeded.

    Raises
    ------
    InputError
        The two cannot be compared: different tasks, missing columns, an unknown metric.
    """
    if challenger.task != champion.task:
        raise InputError(
            f"{challenger.version.label} is a {challenger.task} model and "
            f"{champion.version.label} a {champion.task} one: they cannot be compared",
            "register it under another name",
        )
    name = metric or DEFAULT[challenger.task]
    gain = paired_gain(
        name,
        _metric(challenger, holdout, label, name),
        _metric(champion, holdout, label, name),
        len(holdout),
        confidence=confidence,
        demanded=demanded,
    )
    if gain is None:
        raise InputError(
            f"{name} has no value on the hold-out of {challenger.version.label}",
            "it needs rows of more than one class",
        )
    return gain


def _metric(model: ScoringModel, holdout: pd.DataFrame, label: str, name: str) -> Metric:
    require_columns(holdout, model.features, f"{model.version.label} needs")
    scored = score_rows(model.estimator, holdout, model.features, threshold=model.threshold)
    metrics = metrics_of(model.task, holdout[label], scored, classes_of(model.estimator))
    usable = sorted((HIGHER | LOWER) & metrics.keys())
    if name not in usable:
        raise InputError(
            f"models cannot be compared in {name!r}",
            f"`challenger-metric` in [tool.mlops.gates] may be one of: {', '.join(usable)}",
        )
    return metrics[name]
