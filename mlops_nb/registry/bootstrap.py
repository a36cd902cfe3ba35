"""Bootstrap intervals of metrics, single and paired, at a bounded cost.

Efron and Tibshirani, *An Introduction to the Bootstrap* (1993): percentile intervals. For the
comparison of two models the same rows are drawn for both, so that what they share cancels out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mlops_nb.registry.metrics import Array, Metric, direction, estimate

REPLICATES = 1000
FEWEST_REPLICATES = 200
_DRAWS = 10_000_000
"""Row draws in one bootstrap: 1,000 replicates up to 10,000 rows, 200 from 50,000 on."""
_BLOCK = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A metric with the percentile interval of its bootstrap."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """Return the three figures by name."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """By how much a challenger is better than a champion on the same rows.

    Parameters
    ----------
    metric : str
        What was compared.
    challenger, champion : float
        The metric of each.
    gain : float
        The difference, counted so that more is better.
    low, high : float
        The one-sided bounds of the gain: it is above `low` with the confidence asked for, and
        below `high` with the same.
    confidence : float
        That confidence, 0–1.
    certainty : float
        Share of replicates with a gain above the one demanded, 0–1.
    rows : int
        Rows that both were scored on.
    """

    metric: str
    challenger: float
    champion: float
    gain: float
    low: float
    high: float
    confidence: float
    certainty: float
    rows: int


def intervals(
    metrics: Mapping[str, Metric],
    rows: int,
    *,
    confidence: float = 0.95,
    replicates: int | None = None,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return each metric with its two-sided percentile interval.

    Parameters
    ----------
    metrics : mapping
        Name → function of weights, from :func:`mlops_nb.registry.metrics.metrics_of`.
    rows : int
        Number of rows that the metrics are of.
    confidence : float, default=0.95
        Coverage aimed at, 0–1.
    replicates : int, optional
        Number of replicates; between 200 and 1,000 by the number of rows when left out.
    seed : int, default=0
        Seed of the draws: equal arguments give equal intervals.
    """
    values = estimate(metrics, rows)
    replicated: dict[str, list[Array]] = {name: [] for name in values}
    for weights in draws(rows, replicates or _affordable(rows), seed):
        for name in values:
            replicated[name].append(metrics[name](weights))
    tail = (1 - confidence) / 2
    found = {}
    for name, value in values.items():
        low, high = np.nanquantile(np.concatenate(replicated[name]), [tail, 1 - tail])
        found[name] = Interval(value=value, low=float(low), high=float(high))
    return found


def paired_gain(
    name: str,
    challenger: Metric,
    champion: Metric,
    rows: int,
    *,
    confidence: float,
    demanded: float = 0.0,
    sign: int | None = None,
    replicates: int | None = None,
    seed: int = 0,
) -> Gain | None:
    """Compare two models in one metric by a paired bootstrap.

    Parameters
    ----------
    name : str
        The metric.
    challenger, champion : callable
        The metric of each model as a function of weights over the same rows.
    rows : int
        Number of those rows.
    confidence : float
        Certainty of the bounds, 0–1.
    demanded : float, default=0
        The gain that :attr:`Gain.certainty` is of.
    sign : {1, -1}, optional
        1 when more of it is better, −1 when less is; of a metric of ours, known by its name.
    replicates : int, optional
        Number of replicates; between 200 and 1,000 by the number of rows when left out.
    seed : int, default=0
        Seed of the draws.

    Returns
    -------
    Gain or None
        None when the metric has no value on these rows.
    """
    sign = direction(name) if sign is None else sign
    values = estimate({"challenger": challenger, "champion": champion}, rows)
    if len(values) < 2:
        return None
    parts = [
        sign * (challenger(weights) - champion(weights))
        for weights in draws(rows, replicates or _affordable(rows), seed)
    ]
    gains = np.concatenate(parts)
    gains = gains[np.isfinite(gains)]
    low, high = np.quantile(gains, [1 - confidence, confidence])
    return Gain(
        metric=name,
        challenger=values["challenger"],
        champion=values["champion"],
        gain=sign * (values["challenger"] - values["champion"]),
        low=float(low),
        high=float(high),
        confidence=confidence,
        certainty=float((gains > demanded).mean()),
        rows=rows,
    )


def _affordable(rows: int) -> int:
    return max(FEWEST_REPLICATES, min(REPLICATES, _DRAWS // max(rows, 1)))


def draws(rows: int, replicates: int, seed: int) -> Iterator[Array]:
    """Yield blocks of replicates, shape (replicates, rows): how often each row was drawn."""
    random = np.random.default_rng(seed)
    block = max(1, _BLOCK // rows)
    for start in range(0, replicates, block):
        count = min(block, replicates - start)
        picks = random.integers(0, rows, size=(count, rows))
        picks += np.arange(count)[:, None] * rows
        drawn = np.bincount(picks.ravel(), minlength=count * rows)
        yield drawn.reshape(count, rows).astype(float)
