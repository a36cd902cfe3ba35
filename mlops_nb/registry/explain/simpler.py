"""What a model gains over simple ones that anybody can read, on the same rows.

Two baselines are fitted on the same training rows: a linear model, and an additive one in which
each number has a smooth curve of its own (splines, as in a generalised additive model: Hastie and
Tibshirani, 1986). The gain is that of a paired bootstrap over the hold-out.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InputError
from mlops_nb.registry.bootstrap import Gain, paired_gain
from mlops_nb.registry.estimator import classes_of, score_rows
from mlops_nb.registry.explain.partial import is_number
from mlops_nb.registry.metrics import DEFAULT, Metric, metrics_of
from mlops_nb.registry.scoring import ScoringModel, require_columns

if TYPE_CHECKING:
    import pandas as pd

ROWS = 100_000
"""Training rows that a baseline is fitted on at most; of more a sample is drawn."""
CONFIDENCE = 0.95
KNOTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A model beside one simple baseline.

    Parameters
    ----------
    baseline : {"linear", "additive"}
        What it is compared with.
    gain : Gain
        By how much the model is better; `gain.champion` is the baseline's own metric.
    rows : int
        Training rows that the baseline was fitted on.
    """

    baseline: str
    gain: Gain
    rows: int

    @property
    def advice(self) -> str:
        """What to make of it, in one sentence."""
        gain = self.gain
        span = f"{gain.gain:+.4f} {gain.metric} [{gain.low:+.4f}, {gain.high:+.4f}]"
        name = f"the {self.baseline} baseline"
        if gain.low > 0:
            return f"the model beats {name} by {span}: that is what its opacity buys"
        if gain.high < 0:
            return f"{name} is better ({span}): use it, it can be read"
        return f"no sure gain over {name} ({span}): prefer it, it can be read"

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-serialisable values."""
        gain = self.gain
        return {
            "baseline": self.baseline,
            "metric": gain.metric,
            "model": gain.challenger,
            "value": gain.champion,
            "gain": gain.gain,
            "low": gain.low,
            "high": gain.high,
            "confidence": CONFIDENCE,
            "training_rows": self.rows,
            "advice": self.advice,
        }


def compare_with_simple(
    model: ScoringModel, train: pd.DataFrame, holdout: pd.DataFrame, label: str, *, seed: int = 0
) -> list[Comparison]:
    """Fit the two baselines and measure what the model gains over each.

    Parameters
    ----------
    model : ScoringModel
        The model.
    train : DataFrame
        The labelled rows it was fitted on; at most 100,000 of them are used.
    holdout : DataFrame
        Labelled rows that nothing was fitted on.
    label : str
        Column of the truth.
    seed : int, default=0
        Seed of the sample.

    Returns
    -------
    list of Comparison
        With the linear and with the additive baseline. The bounds hold with 95 % each side by
        side, 90 % together.

    Raises
    ------
    InputError
        The training rows lack columns or labels.
    """
    require_columns(train, [*model.features, label], "the baselines need")
    rows = train[train[label].notna()]
    if rows.empty:
        raise InputError(f"no training row has a label in {label!r}")
    rows = rows.sample(min(ROWS, len(rows)), random_state=seed)
    metric = DEFAULT[model.task]
    ours = _metric(model.task, model.score(holdout), holdout[label], model.estimator, metric)
    found = []
    for name in ("linear", "additive"):
        fitted = _fit(name, model.task, rows[model.features], rows[label])
        scored = score_rows(fitted, _tidy(holdout[model.features]), model.features, threshold=0.5)
        theirs = _metric(model.task, scored, holdout[label], fitted, metric)
        gain = paired_gain(metric, ours, theirs, len(holdout), confidence=CONFIDENCE)
        if gain is None:
            raise InputError(f"{metric} has no value on the hold-out", "it needs several classes")
        found.append(Comparison(baseline=name, gain=gain, rows=len(rows)))
    return found


def _metric(task: str, scored: pd.DataFrame, label: pd.Series, estimator: Any, name: str) -> Metric:
    metrics = metrics_of(task, label, scored, classes_of(estimator))
    if name not in metrics:
        raise InputError(f"{name} cannot be computed", "the model gives no probabilities")
    return metrics[name]


def _fit(kind: str, task: str, rows: pd.DataFrame, label: pd.Series) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

    numbers = [c for c in rows.columns if is_number(rows[c]) and rows[c].notna().any()]
    others = [c for c in rows.columns if not is_number(rows[c])]
    shape = (
        SplineTransformer(n_knots=KNOTS, knots="quantile", extrapolation="constant")
        if kind == "additive"
        else None
    )
    fill = SimpleImputer(strategy="median", add_indicator=True)
    steps = [step for step in (shape, StandardScaler()) if step is not None]
    encode = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20)
    columns = make_column_transformer((make_pipeline(fill, *steps), numbers), (encode, others))
    last = Ridge() if task == "regression" else LogisticRegression(max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged to the last digit is near enough here
        return make_pipeline(columns, last).fit(_tidy(rows), label)


def _tidy(rows: pd.DataFrame) -> pd.DataFrame:
    """Return categories as text, missing ones too, so that an encoder takes them all."""
    others = [name for name in rows.columns if not is_number(rows[name])]
    return rows.assign(**{name: rows[name].astype(object).astype(str) for name in others})
