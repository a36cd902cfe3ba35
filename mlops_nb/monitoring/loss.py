"""Errors of a regression without labels: a model of the error, learnt on labelled rows.

Direct loss estimation, as NannyML named it: boosted trees learn from the features and the
prediction how large the error of a row is, on the reference; their answers on new rows are the
errors to expect there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Values = NDArray[np.float64]
LEVELS = 200
"""Most values of a column of text that the trees tell apart."""
ROWS = 50_000
"""Most reference rows learnt from."""
LOSSES = {"mae": np.abs, "rmse": np.square}
"""Figure → the loss of one row that it is a mean of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossModel:
    """What the error of a row is expected to be; made by :func:`loss_model`.

    Parameters
    ----------
    columns : tuple of str
        Features and prediction.
    levels : mapping
        Column of text → its values, in the order of their codes.
    fitted : mapping
        Figure → fitted trees, and the spread of true losses around their answers.
    rows : int
        Reference rows learnt from.
    """

    columns: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    fitted: Mapping[str, tuple[Any, float]]
    rows: int

    def expected(self, frame: pd.DataFrame) -> dict[str, tuple[float, float]]:
        """Return of each figure the value to expect on some rows, and its standard error."""
        from threadpoolctl import threadpool_limits

        matrix = _matrix(frame, self.columns, self.levels)
        found = {}
        for name, (trees, spread) in self.fitted.items():
            with threadpool_limits(limits=1):
                value = max(0.0, float(trees.predict(matrix).mean()))
            error = spread * math.sqrt(1 / len(frame) + 1 / self.rows)
            if name == "rmse":  # by the delta method
                root = math.sqrt(value)
                value, error = root, error / (2 * root) if root else 0.0
            found[name] = (value, error)
        return found


def loss_model(
    reference: pd.DataFrame, truth: Values, prediction: Values, columns: Sequence[str]
) -> LossModel:
    """Learn how large the error of a row is.

    Parameters
    ----------
    reference : DataFrame
        Labelled rows that the model was not fitted on.
    truth, prediction : array
        The label and the answer, one a row.
    columns : sequence of str
        What the error may depend on; the prediction among them.
    """
    from threadpoolctl import threadpool_limits

    wrong = truth - prediction
    usable = np.flatnonzero(np.isfinite(wrong))
    rng = np.random.default_rng(0)
    rows = rng.permutation(usable)[:ROWS]
    levels = {
        name: tuple(map(str, reference[name].dropna().astype(str).value_counts().index[:LEVELS]))
        for name in columns
        if not _is_number(reference[name])
    }
    matrix = _matrix(reference.iloc[rows], columns, levels)
    kept = len(rows) * 2 // 3
    fitted = {}
    for name, loss in LOSSES.items():
        losses = loss(wrong[rows])
        # The spread is measured on rows the trees have not seen, then they learn from all.
        with threadpool_limits(limits=1):  # on a busy machine its threads wait for each other
            trial = _trees(columns, levels).fit(matrix[:kept], losses[:kept])
            spread = float(np.std(losses[kept:] - trial.predict(matrix[kept:])))
            fitted[name] = (_trees(columns, levels).fit(matrix, losses), spread)
    return LossModel(columns=tuple(columns), levels=levels, fitted=fitted, rows=len(rows))


def _trees(columns: Sequence[str], levels: Mapping[str, object]) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        categorical_features=[name in levels for name in columns],
        early_stopping=False,
        random_state=0,
    )


def _matrix(
    frame: pd.DataFrame, columns: Sequence[str], levels: Mapping[str, tuple[str, ...]]
) -> Values:
    found = np.empty((len(frame), len(columns)))
    for i, name in enumerate(columns):
        column = frame[name]
        if name in levels:
            codes = {value: float(code) for code, value in enumerate(levels[name])}
            column = column.map(str, na_action="ignore").map(codes)
        found[:, i] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    found[~np.isfinite(found)] = np.nan
    return found


def _is_number(column: pd.Series) -> bool:
    return column.dtype.kind in "iufb"
