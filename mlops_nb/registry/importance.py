"""Permutation importance on a sample, within a few seconds.

Breiman, *Random Forests* (2001), in the model-agnostic form: how much worse a metric becomes on
rows whose values of one column were shuffled.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlops_nb.registry.estimator import classes_of
from mlops_nb.registry.metrics import DEFAULT, direction, estimate, metrics_of
from mlops_nb.registry.scoring import ScoringModel

ROWS, FEWEST_ROWS = 2000, 500
REPEATS, FEWEST_REPEATS = 5, 3
SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """How much worse the model is without knowing one column.

    Parameters
    ----------
    feature : str
        The column.
    drop : float
        Mean loss in the metric when its values are shuffled; 0 when the model does not need it.
    spread : float
        Standard deviation of that loss over the repeats.
    """

    feature: str
    drop: float
    spread: float


def permutation_importance(
    model: ScoringModel, holdout: pd.DataFrame, label: str, *, seed: int = 0
) -> tuple[str, list[Importance]]:
    """Return the metric used and each feature's importance, the greatest first.

    Parameters
    ----------
    model : ScoringModel
        What to explain.
    holdout : DataFrame
        Labelled rows; at most 2,000 of them are used.
    label : str
        Column of the truth.
    seed : int, default=0
        Seed of sample and shuffles.

    Returns
    -------
    tuple of (str, list of Importance)
        The list ends early when about two seconds are spent before every feature had its turn.
    """
    sample = holdout.sample(min(ROWS, len(holdout)), random_state=seed).reset_index(drop=True)
    metric = DEFAULT[model.task]
    started = time.monotonic()
    base = _value(model, sample, label, metric)
    if base is None:
        metric = "accuracy"
        base = _value(model, sample, label, metric)
    if base is None:
        return metric, []
    each = max(time.monotonic() - started, 1e-6)
    affordable = SECONDS / (each * len(model.features))
    repeats = int(np.clip(affordable, FEWEST_REPEATS, REPEATS))
    if affordable < FEWEST_REPEATS and len(sample) > FEWEST_ROWS:
        # Fewer rows before fewer repeats: without repeats nobody knows what is chance.
        fitting = int(len(sample) * affordable / FEWEST_REPEATS)
        sample = sample.head(max(FEWEST_ROWS, fitting))
        base = _value(model, sample, label, metric)
        if base is None:
            return metric, []
    random = np.random.default_rng(seed)
    found = []
    for feature in model.features:
        drops = []
        for _ in range(repeats):
            shuffled = sample.assign(
                **{feature: sample[feature].iloc[random.permutation(len(sample))].array}
            )
            value = _value(model, shuffled, label, metric)
            drops.append(0.0 if value is None else direction(metric) * (base - value))
        found.append(
            Importance(feature=feature, drop=float(np.mean(drops)), spread=float(np.std(drops)))
        )
        if time.monotonic() - started > 2 * SECONDS:
            break
    return metric, sorted(found, key=lambda item: -item.drop)


def _value(model: ScoringModel, rows: pd.DataFrame, label: str, metric: str) -> float | None:
    metrics = metrics_of(model.task, rows[label], model.score(rows), classes_of(model.estimator))
    wanted = {name: function for name, function in metrics.items() if name == metric}
    return estimate(wanted, len(rows)).get(metric)
