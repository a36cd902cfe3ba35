"""Reason codes: the columns that moved a score most, row by row, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.registry.metrics import Array

if TYPE_CHECKING:
    import pandas as pd

TOWARD = ("either", "decision")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a score is not the usual one.

    Parameters
    ----------
    column : str
        The column.
    value : object
        Its value in this row.
    contribution : float
        By how much it moved the score from the usual one, in `unit`.
    unit : str
        ``log-odds``, ``probability``, or empty for the prediction's own.
    error : float, default=0
        Standard error of the contribution where it was sampled; 0 when it is exact.
    """

    column: str
    value: Any
    contribution: float
    unit: str
    error: float = 0.0

    def __str__(self) -> str:
        return _sentence(self.column, shown(self.value), self.contribution, self.unit, self.error)

    def to_dict(self) -> dict[str, Any]:
        """Return the reason as JSON-serialisable values."""
        value = self.value.item() if isinstance(self.value, np.generic) else self.value
        known = value is None or isinstance(value, str | int | bool)
        finite = isinstance(value, float) and np.isfinite(value)
        return {
            "column": self.column,
            "value": value if known or finite else shown(value),
            "contribution": self.contribution,
            "unit": self.unit,
            "error": self.error,
            "reason": str(self),
        }


def table(
    rows: pd.DataFrame,
    contributions: Array,
    *,
    top: int,
    unit: str,
    errors: Array | None = None,
    toward: Array | None = None,
    details: bool = False,
) -> pd.DataFrame:
    """Return the reasons of each row as columns ``reason_1`` to ``reason_<top>``.

    Parameters
    ----------
    rows : DataFrame
        The features, one row for each that was explained.
    contributions : array of float, shape (n_features, n_rows)
        What each column contributed.
    top : int
        Reasons a row.
    unit : str
        Of the contributions.
    errors : array of float, shape (n_features, n_rows), optional
        Standard errors of the contributions; None when they are exact.
    toward : array of {-1, 1}, shape (n_rows,), optional
        Tell only what moved the score this way; a row may then have fewer reasons, the rest null.
    details : bool, default=False
        Also ``reason_<i>_column``, ``…_value`` (as text), ``…_contribution`` and ``…_error``.
    """
    import pandas as pd

    top = min(top, len(contributions))
    size = np.abs(contributions) if toward is None else contributions * toward
    order = np.argpartition(-size, top - 1, axis=0)[:top] if top < len(size) else _all(size)
    taken = np.take_along_axis(size, order, axis=0)
    order = np.take_along_axis(order, np.argsort(-taken, axis=0, kind="stable"), axis=0)
    nothing = np.full(len(rows), None, dtype=object)
    amount = np.take_along_axis(contributions, order, axis=0)
    usable = np.take_along_axis(size, order, axis=0) > 0
    names = np.array([str(name) for name in rows.columns], dtype=object)
    texts = [_texts(rows[name]) for name in rows.columns]
    found: dict[str, Any] = {}
    for i in range(top):
        column, values = order[i], np.empty(len(rows), dtype=object)
        for place in np.unique(column):
            mine = np.flatnonzero(column == place)
            values[mine] = texts[place][mine]
        spread = np.zeros(len(rows)) if errors is None else errors[column, np.arange(len(rows))]
        told = _sentences(names[column], values, amount[i], unit, spread)
        found[f"reason_{i + 1}"] = np.where(usable[i], told, nothing)
        if details:
            found[f"reason_{i + 1}_column"] = np.where(usable[i], names[column], nothing)
            found[f"reason_{i + 1}_value"] = np.where(usable[i], values, nothing)
            found[f"reason_{i + 1}_contribution"] = np.where(usable[i], amount[i], np.nan)
            found[f"reason_{i + 1}_error"] = np.where(usable[i], spread, np.nan)
    return pd.DataFrame(found, index=rows.index)


def _all(size: Array) -> Array:
    return np.repeat(np.arange(len(size))[:, None], size.shape[1], axis=1)


def _sentences(names: Array, values: Array, amounts: Array, unit: str, spread: Array) -> Array:
    told = np.empty(len(names), dtype=object)
    told[:] = [
        _sentence(name, value, amount, unit, error)
        for name, value, amount, error in zip(
            names, values, amounts.tolist(), spread.tolist(), strict=True
        )
    ]
    return told


def _sentence(name: str, value: str, amount: float, unit: str, error: float) -> str:
    moves = "raises" if amount >= 0 else "lowers"
    what = "the prediction" if not unit else "the score"
    size = f"{abs(amount):.3g}" + (f" ± {error:.1g}" if error else "")
    return f"{name} = {value} {moves} {what} by {size}" + (f" {unit}" if unit else "")


def _texts(column: pd.Series) -> Array:
    """Return the values as text, each distinct one put into words once."""
    import pandas as pd

    codes, known = pd.factorize(column)
    words = np.array([*(shown(value) for value in known), "(missing)"], dtype=object)
    told: Array = words[codes]
    return told


def shown(value: Any) -> str:
    """Return a value as people write it."""
    import pandas as pd

    if isinstance(value, bool | np.bool_ | str):
        return str(value)
    if pd.isna(value):
        return "(missing)"
    if isinstance(value, float | np.floating):
        number = float(value)
        return f"{number:.0f}" if abs(number) >= 1e4 and number.is_integer() else f"{number:.4g}"
    return str(value)


def single(
    row: Sequence[Any],
    columns: Sequence[str],
    contributions: Array,
    unit: str,
    errors: Array | None = None,
) -> list[Reason]:
    """Return the reasons of one row, the strongest first, those that moved nothing left out."""
    order = np.argsort(-np.abs(contributions), kind="stable")
    return [
        Reason(
            column=columns[i],
            value=row[i],
            contribution=float(contributions[i]),
            unit=unit,
            error=0.0 if errors is None else float(errors[i]),
        )
        for i in order
        if contributions[i] != 0
    ]
