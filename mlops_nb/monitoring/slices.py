"""Where a loss has grown: slices of the rows, found by a shallow tree over the errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Values = NDArray[np.float64]
DEPTH = 3
SMALLEST = 0.02
"""Share of the rows that a slice has at least, and never fewer than 50."""
LEVELS = 15
"""Values of a column of text that a slice can be told by."""
SURE = 3.3
"""Standard errors that a slice must stand out by: once in 1,000 by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Rows that a rule picks out.

    Parameters
    ----------
    rule : str
        The rule in words: ``origin is LGA and hour > 17``.
    rows : int
        Rows of the window that it was measured on: a half of them.
    before, now : float
        Mean loss of such rows on the reference and in the window.
    error : float
        Standard error of the difference.
    """

    rule: str
    rows: int
    before: float
    now: float
    error: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-serialisable values."""
        return asdict(self)


def slices(
    reference: pd.DataFrame, before: Values, frame: pd.DataFrame, now: Values,
    features: Sequence[str],
) -> tuple[Slice, ...]:  # fmt: skip
    """Find where the loss has grown most, beyond noise, worst first.

    Parameters
    ----------
    reference, frame : DataFrame
        Labelled rows of the reference and of the window.
    before, now : array
        The loss of each of them.
    features : sequence of str
        The columns that rules may use.
    """
    from sklearn.tree import DecisionTreeRegressor

    names, old = _matrix(reference, reference, features)
    _, new = _matrix(reference, frame, features)
    if not names:
        return ()
    half = np.random.default_rng(0).random(len(new)) < 0.5
    # What the reference says of such rows, by a deeper tree: only the excess is of interest.
    leaf = max(50, len(old) // 200)
    usual = DecisionTreeRegressor(max_depth=6, min_samples_leaf=leaf, random_state=0)
    excess = now - usual.fit(old, before).predict(new)
    smallest = max(50, round(SMALLEST * half.sum()))
    tree = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=smallest, random_state=0)
    if half.sum() < 2 * smallest:
        return ()
    tree.fit(new[half], excess[half])
    where_old, where_new = tree.apply(old), tree.apply(new)
    found = []
    for leaf_id, rule in _rules(tree.tree_, names):
        one, two = before[where_old == leaf_id], now[(where_new == leaf_id) & ~half]
        if len(one) < 20 or len(two) < 20:
            continue
        error = math.sqrt(one.var(ddof=1) / len(one) + two.var(ddof=1) / len(two))
        grown = float(two.mean() - one.mean())
        if grown > SURE * error and rule:
            found.append(
                Slice(
                    rule=rule, rows=len(two), before=float(one.mean()), now=float(two.mean()),
                    error=error,
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda s: -(s.now - s.before) * s.rows))


_Name = tuple[str, str | None]
"""A column, and the value asked for when it is of text."""


def _matrix(
    known: pd.DataFrame, rows: pd.DataFrame, features: Sequence[str]
) -> tuple[list[_Name], Values]:
    names: list[_Name] = []
    columns: list[Values] = []
    for name in features:
        if known[name].dtype.kind in "iufb" and rows[name].dtype.kind in "iufb":
            names.append((name, None))
            values = rows[name].to_numpy(dtype=float, na_value=np.nan)
            columns.append(np.where(np.isfinite(values), values, np.nan))
        elif known[name].dtype.kind != "M":
            text = rows[name].astype("string")
            for value in known[name].astype("string").value_counts().index[:LEVELS]:
                names.append((name, str(value)))
                columns.append((text == value).fillna(False).to_numpy(dtype=float))
    return names, np.column_stack(columns) if columns else np.empty((len(rows), 0))


def _rules(tree: Any, names: Sequence[_Name]) -> list[tuple[int, str]]:
    """Return each leaf of a tree with the rule that leads to it."""
    found: list[tuple[int, str]] = []

    def walk(node: int, path: list[tuple[_Name, bool, float]]) -> None:
        if tree.children_left[node] == -1:
            found.append((node, _worded(path)))
            return
        name, bound = names[tree.feature[node]], float(tree.threshold[node])
        walk(tree.children_left[node], [*path, (name, False, bound)])
        walk(tree.children_right[node], [*path, (name, True, bound)])

    walk(0, [])
    return found


def _worded(path: Sequence[tuple[_Name, bool, float]]) -> str:
    """Return a path in words; of two bounds on one side of a column the tighter one counts."""
    said: dict[tuple[_Name, bool], float] = {}
    for name, above, bound in path:
        key = (name, above)
        tight = max if above else min
        said[key] = tight(said[key], bound) if key in said else bound
    parts = []
    for ((column, value), above), bound in said.items():
        if value is not None:
            parts.append(f"{column} is {'' if above else 'not '}{value}")
        else:
            parts.append(f"{column} {'>' if above else '≤'} {bound:.4g}")
    return " and ".join(parts)
