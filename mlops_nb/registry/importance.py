"""Permutation importance on a sample, within a few seconds.

Breiman, *Random Forests* (2001), in the model-agnostic form: how much worse a metric becomes on
rows whose values of one column were shuffled.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlops_nb.registry.bootstrap import draws
from mlops_nb.registry.estimator import classes_of
from mlops_nb.registry.metrics import DEFAULT, Array, Metric, direction, estimate, metrics_of
from mlops_nb.registry.scoring import ScoringModel

ROWS, FEWEST_ROWS = 2000, 500
REPEATS, FEWEST_REPEATS = 5, 3
SECONDS = 2.0
"""Aimed at; a machine that is busy, or a model that is slow, takes fewer rows."""
LONGEST = 20.0
"""Seconds after which no further column is looked at."""
REPLICATES = 100
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """How much worse the model is without knowing one column.

    Parameters
    ----------
    feature : str
        The column.
    drop : float
        Mean loss in the metric when its values are shuffled; 0 when the model does not need it.
    low, high : float
        Between which it is with 95 %: replicates draw the rows anew and one of the shuffles, so
        that the chance of both is in it.
    """

    feature: str
    drop: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Return the importance as JSON-serialisable values."""
        return {"feature": self.feature, "drop": self.drop, "low": self.low, "high": self.high}


def ends(item: Mapping[str, Any]) -> tuple[float, float]:
    """Return the ends of the interval of an importance as evidence keeps it.

    Versions registered before there were intervals have the deviation over the shuffles instead.
    """
    spread = item.get("spread", 0.0)
    return item.get("low", item["drop"] - spread), item.get("high", item["drop"] + spread)


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
        The list ends early when 20 seconds are spent before every feature had its turn.
    """
    from threadpoolctl import threadpool_limits

    sample = holdout.sample(min(ROWS, len(holdout)), random_state=seed).reset_index(drop=True)
    with threadpool_limits(limits=1):  # on a busy machine its threads wait for each other
        return _within_time(model, sample, label, seed)


def _within_time(
    model: ScoringModel, sample: pd.DataFrame, label: str, seed: int
) -> tuple[str, list[Importance]]:
    model.score(sample.head(FEWEST_ROWS))  # what is only made ready once is no matter of the time
    started = time.monotonic()
    metric = _metric_of(model, sample, label)
    if metric is None:
        return DEFAULT[model.task], []
    rows, repeats = _affordable(time.monotonic() - started, len(sample), len(model.features))
    if rows < len(sample):
        sample = sample.head(rows)
        metric = _metric_of(model, sample, label)
        if metric is None:
            return DEFAULT[model.task], []
    shuffled = _Shuffles(model=model, sample=sample, label=label, metric=metric, repeats=repeats)
    random, found = np.random.default_rng(seed), []
    for feature in model.features:
        found.append(shuffled.importance(feature, random))
        if time.monotonic() - started > LONGEST:
            break
    return metric, sorted(found, key=lambda item: -item.drop)


def _metric_of(model: ScoringModel, rows: pd.DataFrame, label: str) -> str | None:
    """Return the metric that has a value on these rows, the usual one first."""
    functions = _functions(model, rows[label], model.score(rows))
    usable = estimate(functions, len(rows))
    return next((name for name in (DEFAULT[model.task], "accuracy") if name in usable), None)


def _affordable(seconds: float, rows: int, features: int) -> tuple[int, int]:
    """Return rows and repeats for the time that scoring all rows once took."""
    passes = SECONDS / (max(seconds, 1e-6) * features)
    repeats = int(np.clip(passes, FEWEST_REPEATS, REPEATS))
    # Fewer rows before fewer repeats: without repeats nobody knows what is chance.
    fitting = int(rows * passes / FEWEST_REPEATS) if passes < FEWEST_REPEATS else rows
    return min(rows, max(FEWEST_ROWS, fitting)), repeats


class _Shuffles:
    """A sample scored as it is, and what becomes of that when a column is shuffled."""

    def __init__(
        self, *, model: ScoringModel, sample: pd.DataFrame, label: str, metric: str, repeats: int
    ) -> None:
        self._model, self._label, self._metric = model, sample[label], metric
        self._rows, self._repeats = len(sample), repeats
        self._stacked = pd.concat([sample] * repeats, ignore_index=True)
        self._weights = np.concatenate(list(draws(self._rows, REPLICATES, 0)))
        plain = self._of(model.score(sample))
        self._plain, self._drawn = plain(self._ones()), plain(self._weights)

    def importance(self, feature: str, random: np.random.Generator) -> Importance:
        """Shuffle one column, score all repeats in one go, and compare."""
        places = np.concatenate([random.permutation(self._rows) for _ in range(self._repeats)])
        values = self._stacked[feature].iloc[places].array
        scored = self._model.score(self._stacked.assign(**{feature: values}))
        sign, drops, replicates = direction(self._metric), [], []
        for i in range(self._repeats):
            metric = self._of(scored.iloc[i * self._rows : (i + 1) * self._rows])
            mine = slice(i, None, self._repeats)
            drops.append(sign * (self._plain - metric(self._ones())))
            replicates.append(sign * (self._drawn[mine] - metric(self._weights[mine])))
        drop = float(np.nan_to_num(np.concatenate(drops)).mean())
        spread = np.concatenate(replicates)
        spread = spread[np.isfinite(spread)] if np.isfinite(spread).any() else np.array([drop])
        low, high = np.quantile(spread, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return Importance(feature=feature, drop=drop, low=float(low), high=float(high))

    def _of(self, scored: pd.DataFrame) -> Metric:
        return _functions(self._model, self._label, scored)[self._metric]

    def _ones(self) -> Array:
        return np.ones((1, self._rows))


def _functions(model: ScoringModel, label: pd.Series, scored: pd.DataFrame) -> dict[str, Metric]:
    return metrics_of(model.task, label, scored, classes_of(model.estimator))
