"""Partial dependence: the mean score when one column has the same value in every row.

Friedman, *Greedy function approximation* (2001). Combinations that never occur count as well: of
columns that go together the curve is a caricature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlops_nb.errors import NotFoundError, did_you_mean

if TYPE_CHECKING:
    from mlops_nb.registry.scoring import ScoringModel

ROWS, POINTS = 500, 12
FEWEST = 30
"""Rows that a category needs to be told: of a rare one the curve would say little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """How the score goes with one column.

    Parameters
    ----------
    column : str
        The column.
    values : list
        Where it was set to: quantiles of a number, from the 1st to the 99th percentile, or the
        most frequent categories.
    mean : list of float
        The mean score (the mean prediction of a regression) at each of them.
    spread : list of float
        Its standard error over the rows it is the mean of.
    """

    column: str
    values: list[Any]
    mean: list[float]
    spread: list[float]

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as JSON-serialisable values."""
        return {
            "column": self.column,
            "values": self.values,
            "mean": self.mean,
            "standard_error": self.spread,
        }


def partial_dependence(
    model: ScoringModel, rows: pd.DataFrame, column: str, *, output: str = "", seed: int = 0
) -> Dependence:
    """Return how the mean score goes with one column.

    Parameters
    ----------
    model : ScoringModel
        What to explain.
    rows : DataFrame
        Usual rows; at most 500 of them are used.
    column : str
        One of the model's features.
    output : str, optional
        The column of :meth:`ScoringModel.score` to follow; ``score``, ``prediction`` of a
        regression, by default. Of several classes name one: ``score_<class>``.
    seed : int, default=0
        Seed of the sample of rows.

    Raises
    ------
    NotFoundError
        The model has no such feature, or no such output.
    """
    if column not in model.features:
        hint = did_you_mean(column, model.features)
        raise NotFoundError(f"{model.version.label} has no feature {column!r}", hint)
    sample = rows[model.features].sample(min(ROWS, len(rows)), random_state=seed)
    grid = grid_of(rows[column])
    stacked = pd.concat([sample] * len(grid), ignore_index=True)
    kept = pd.Series(np.repeat(np.arange(len(grid)), len(sample)))
    stacked[column] = pd.Series(grid)[kept].array.astype(rows[column].dtype)
    scored = model.score(stacked)
    name = output or ("score" if "score" in scored else "prediction")
    if name not in scored or scored[name].dtype.kind not in "fiub":
        usable = [str(c) for c in scored if c != "prediction"]
        raise NotFoundError(f"{name!r} is no score", did_you_mean(name, usable))
    table = scored[name].to_numpy(float).reshape(len(grid), len(sample))
    return Dependence(
        column=column,
        values=[value.item() if isinstance(value, np.generic) else value for value in grid],
        mean=table.mean(axis=1).tolist(),
        spread=(table.std(axis=1) / np.sqrt(len(sample))).tolist(),
    )


def grid_of(column: pd.Series) -> list[Any]:
    """Return the values of a column that a curve is drawn through, in their order."""
    known = column.dropna()
    if not is_number(column) or known.nunique() <= POINTS:
        counts = known.value_counts()
        kept = counts[counts >= min(FEWEST, counts.iloc[0] if len(counts) else 0)].head(POINTS)
        values = list(kept.index)
        return sorted(values) if is_number(column) else values
    points = np.quantile(known.to_numpy(float), np.linspace(0.01, 0.99, POINTS))
    whole = bool((known == known.round()).all())
    return list(np.unique(points.round() if whole else points).tolist())


def is_number(column: pd.Series) -> bool:
    """Tell whether a column is a quantity; a flag is a category."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
