"""What a card draws of a model: calibration, scores, decisions by group, curves.

And how the model takes rows that are not as they should be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.errors import MlopsError
from mlops_nb.registry.estimator import classes_of
from mlops_nb.registry.explain.partial import is_number, partial_dependence
from mlops_nb.registry.measure import GROUP_ROWS, GROUPS
from mlops_nb.registry.scoring import ScoringModel

if TYPE_CHECKING:
    import pandas as pd

BINS = 10
CURVES = 4
"""Columns that a curve is drawn of: those the model relies on most."""
_Z = 1.959964  # the 97.5th percentile of a standard normal


def portrait(
    model: ScoringModel,
    holdout: pd.DataFrame,
    label: str,
    *,
    groups: Sequence[str],
    relies_on: Sequence[str],
) -> dict[str, Any]:
    """Return the parts of a card's facts that are drawn, JSON-serialisable.

    Parameters
    ----------
    model : ScoringModel
        The model.
    holdout : DataFrame
        Labelled rows that it was not fitted on.
    label : str
        Their column of the truth.
    groups : sequence of str
        Columns to tell decisions apart by.
    relies_on : sequence of str
        Features, the most important first.
    """
    scored = model.score(holdout)
    found: dict[str, Any] = {
        "calibration": [],
        "scores": [],
        "decisions": [],
        "dependence": _curves(model, holdout, relies_on),
        "behaviour": behaviour(model, holdout),
    }
    if model.task == "binary":
        yes = classes_of(model.estimator)[1]
        found["decisions"] = _decisions(holdout, scored["prediction"] == yes, groups)
        if "score" in scored:
            score = scored["score"].to_numpy(float)
            truth = (holdout[label] == yes).to_numpy(float)
            found["calibration"] = _calibration(score, truth)
            counts, _ = np.histogram(score, bins=BINS, range=(0, 1))
            found["scores"] = counts.tolist()
    return found


def _calibration(score: Any, truth: Any) -> list[dict[str, float]]:
    """Return, for tenths of the rows by score, the mean score and the rate that came of it."""
    order = np.argsort(score, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    found = []
    for part in parts:
        low, high = wilson(float(truth[part].sum()), len(part))
        found.append(
            {
                "rows": len(part),
                "score": float(score[part].mean()),
                "rate": float(truth[part].mean()),
                "low": low,
                "high": high,
            }
        )
    return found


def wilson(hits: float, rows: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate (Wilson, 1927), which holds near 0 and 1 as well."""
    rate, square = hits / rows, _Z**2 / rows
    middle = (rate + square / 2) / (1 + square)
    half = _Z / (1 + square) * float(np.sqrt(rate * (1 - rate) / rows + square / (4 * rows)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _decisions(
    holdout: pd.DataFrame, yes: pd.Series, groups: Sequence[str]
) -> list[dict[str, Any]]:
    found = [_rate("all", "all rows", yes)]
    for column in groups:
        counts = holdout[column].value_counts()
        for level in counts[counts >= GROUP_ROWS].head(GROUPS).index:
            mask = (holdout[column] == level).to_numpy()
            found.append(_rate(column, str(level), yes[mask]))
    return found


def _rate(column: str, level: str, yes: pd.Series) -> dict[str, Any]:
    low, high = wilson(float(yes.sum()), len(yes))
    rate = float(yes.mean())
    return {
        "column": column,
        "level": level,
        "rows": len(yes),
        "rate": rate,
        "low": low,
        "high": high,
    }


def _curves(
    model: ScoringModel, holdout: pd.DataFrame, relies_on: Sequence[str]
) -> list[dict[str, Any]]:
    if model.task == "multiclass":  # which class's curve nobody asked for
        return []
    found = []
    for name in relies_on[:CURVES]:
        try:
            curve = partial_dependence(model, holdout, name).to_dict()
        except (MlopsError, TypeError, ValueError):
            continue
        number = is_number(holdout[name])
        curve["values"] = [float(v) if number else str(v) for v in curve["values"]]
        found.append(curve | {"number": number})
    return found


def behaviour(model: ScoringModel, holdout: pd.DataFrame) -> list[dict[str, str]]:
    """Return what the model does with rows that are not as they should be; it is tried out."""
    head = holdout[model.features].head(20)
    words = [name for name in model.features if not is_number(head[name])]
    trials: dict[str, Mapping[str, Any]] = {
        "all values missing": dict.fromkeys(model.features),
        "categories never seen": dict.fromkeys(words, "⟨never seen⟩"),
        "text where a number belongs": {
            name: "text" for name in model.features if name not in words
        },
    }
    found = []
    for what, changed in trials.items():
        if changed:
            found.append({"input": what, "answer": _answer(model, head, changed)})
    return found


def _answer(model: ScoringModel, head: pd.DataFrame, changed: Mapping[str, Any]) -> str:
    import warnings

    rows = head.assign(**{name: _column(head[name], value) for name, value in changed.items()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            scored = model.score(rows)
        except Exception as error:
            return f"refuses: {str(getattr(error, 'message', error)).partition(chr(10))[0][:160]}"
    if scored["prediction"].isna().any():
        return "answers without a value"
    return "scores the rows without a word"


def _column(like: pd.Series, value: Any) -> pd.Series:
    import pandas as pd

    if value is None and is_number(like):
        return pd.Series(np.nan, index=like.index, dtype=float)
    return pd.Series([value] * len(like), index=like.index, dtype=object)
