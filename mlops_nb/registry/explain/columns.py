"""Which of the user's columns each column of a model's matrix was made from.

A pipeline scales, encodes and spreads columns before its last step sees them; what that step says
of the matrix is only of use when it is told of the columns that a person knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.registry.estimator import input_of
from mlops_nb.registry.metrics import Array

if TYPE_CHECKING:
    import pandas as pd

# Each output column of these is made from the input column in the same place, and from no other.
_COLUMN_BY_COLUMN = frozenset({
    "Binarizer", "MaxAbsScaler", "MinMaxScaler", "OrdinalEncoder", "PowerTransformer",
    "QuantileTransformer", "RobustScaler", "StandardScaler",
})  # fmt: skip
_HOLDERS = ("best_estimator_", "estimator_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrolled:
    """A model taken apart into what prepares its rows and what decides.

    Parameters
    ----------
    steps : sequence of object
        The transformers before the last step.
    last : object
        The fitted estimator that decides.
    owners : array of int, shape (n_matrix_columns,)
        For each column of the matrix that `last` is given, the position of the feature that it
        was made from.
    features : sequence of str
        The columns a person knows.
    named : bool
        Whether the model was fitted on a table with names.
    """

    steps: tuple[Any, ...]
    last: Any
    owners: Array
    features: tuple[str, ...]
    whole: Any

    def matrix(self, rows: pd.DataFrame) -> Any:
        """Return what the last step is given for some rows: an array, a table or sparse."""
        values = input_of(self.whole, rows[list(self.features)])
        for step in self.steps:
            values = step.transform(values)
        return values


def innermost(estimator: Any) -> Any:
    """Return the estimator inside a search or a tuned threshold, itself when there is none."""
    while True:
        held = next(
            (getattr(estimator, name) for name in _HOLDERS if hasattr(estimator, name)), None
        )
        # An ensemble keeps the pattern of its members under the same name.
        if held is None or not hasattr(held, "predict") or hasattr(estimator, "estimators_"):
            return estimator
        estimator = held


def unroll(estimator: Any, features: list[str]) -> Unrolled | None:
    """Take a model apart; None when a column of its matrix is made from several features.

    Parameters
    ----------
    estimator : object
        A fitted estimator or pipeline.
    features : list of str
        The columns that it wants.
    """
    whole = innermost(estimator)
    steps = [step for _, step in getattr(whole, "steps", [("", whole)])]
    owners: Array | None = np.arange(len(features))
    before = tuple(step for step in steps[:-1] if step not in (None, "passthrough"))
    for step in before:
        owners = _after(step, owners) if owners is not None else None
    if owners is None:
        return None
    return Unrolled(
        steps=before, last=steps[-1], owners=owners, features=tuple(features), whole=whole
    )


def _after(step: Any, owners: Array) -> Array | None:
    """Return the owners of a transformer's outputs, None where one has several."""
    kind = type(step).__name__
    if step is None or step == "passthrough" or kind in _COLUMN_BY_COLUMN:
        return owners
    if kind == "Pipeline":
        found: Array | None = owners
        for _, inner in step.steps:
            found = _after(inner, found) if found is not None else None
        return found
    if kind == "ColumnTransformer":
        return _after_columns(step, owners)
    if kind == "FeatureUnion":
        parts = [_after(inner, owners) for _, inner in step.transformer_list if inner != "drop"]
        return None if any(part is None for part in parts) else np.concatenate(parts)  # type: ignore[arg-type]
    if hasattr(step, "get_support"):
        supported: Array = owners[np.asarray(step.get_support())]
        return supported
    return _spread(kind, step, owners)


def _after_columns(step: Any, owners: Array) -> Array | None:
    parts: list[tuple[int, Array]] = []
    for name, inner, _ in step.transformers_:
        place = step.output_indices_.get(name)
        if inner == "drop" or place is None or place.stop == place.start:
            continue
        mine = owners[step._transformer_to_input_indices[name]]
        found = _after(inner, mine)
        if found is None and _only_passes(inner):
            found = mine
        if found is None and len(set(mine.tolist())) == 1:
            # Whatever becomes of a single column is that column's.
            found = np.full(place.stop - place.start, mine[0])
        if found is None or len(found) != place.stop - place.start:
            return None
        parts.append((place.start, found))
    return np.concatenate([found for _, found in sorted(parts, key=lambda part: part[0])])


def _only_passes(step: Any) -> bool:
    return type(step).__name__ == "FunctionTransformer" and step.func is None


def _spread(kind: str, step: Any, owners: Array) -> Array | None:
    """Return the owners after a transformer that makes several columns out of each."""
    counts: Any = None
    if kind == "OneHotEncoder":
        counts = step._n_features_outs
    elif kind == "KBinsDiscretizer":
        counts = np.ones(len(owners), int) if step.encode == "ordinal" else step.n_bins_
    elif kind == "SplineTransformer":
        counts = step.n_features_out_ // step.n_features_in_
    elif kind == "TargetEncoder":
        counts = len(step.classes_) if step.target_type_ == "multiclass" else 1
    elif kind == "SimpleImputer":
        return _after_imputer(step, owners)
    elif _only_passes(step):
        counts = 1
    return None if counts is None else np.repeat(owners, counts)


def _after_imputer(step: Any, owners: Array) -> Array:
    import pandas as pd

    kept = owners if step.keep_empty_features else owners[~np.asarray(pd.isna(step.statistics_))]
    flags = owners[step.indicator_.features_] if step.add_indicator else owners[:0]
    return np.concatenate([kept, flags])
