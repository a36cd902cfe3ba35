"""What an estimator is and how its rows are scored, whatever library it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.errors import InputError
from mlops_nb.registry.metrics import Array

if TYPE_CHECKING:
    import pandas as pd

CHUNK_ROWS, CHUNK_CELLS = 200_000, 10_000_000
"""Rows scored at a time; fewer of a table so wide that these would not fit into 80 MB."""
DEFAULT_THRESHOLD = 0.5


def task_of(estimator: Any) -> str:
    """Return ``binary``, ``multiclass`` or ``regression``.

    Raises
    ------
    InputError
        The object does not predict.
    """
    if not hasattr(estimator, "predict"):
        raise InputError(
            f"a {type(estimator).__name__} cannot be registered: it has no predict method",
            "log the fitted estimator or pipeline itself",
        )
    classes = classes_of(estimator)
    if not len(classes):
        return "regression"
    return "binary" if len(classes) == 2 else "multiclass"


def classes_of(estimator: Any) -> Array:
    """Return the classes of a classifier, an empty array for a regressor."""
    return np.asarray(getattr(estimator, "classes_", ()))


def threshold_of(estimator: Any) -> float:
    """Return the score from which a binary estimator itself says yes, 0.5 unless it was tuned."""
    for name in ("best_threshold_", "threshold"):
        value = getattr(estimator, name, None)
        if isinstance(value, int | float):
            return float(value)
    return DEFAULT_THRESHOLD


def features_of(estimator: Any, rows: pd.DataFrame, *, without: Sequence[str]) -> list[str]:
    """Return the columns the estimator wants, in its order.

    Parameters
    ----------
    estimator : object
        A fitted estimator.
    rows : DataFrame
        Rows as it was fitted on; they count where it remembers no names.
    without : sequence of str
        Columns of `rows` that are not features, as the label.

    Raises
    ------
    InputError
        It remembers no names, and the number of columns does not match.
    """
    named = getattr(estimator, "feature_names_in_", None)
    if named is None and hasattr(estimator, "booster_"):
        named = estimator.booster_.feature_name()
    if named is not None and set(map(str, named)) <= set(rows.columns):
        return [str(name) for name in named]
    if named is not None and not _numbered(named):
        missing = sorted(set(map(str, named)) - set(rows.columns))
        raise InputError(f"the reference lacks columns of the model: {', '.join(missing)}")
    columns = [str(column) for column in rows.columns if column not in without]
    wanted = getattr(estimator, "n_features_in_", len(columns))
    if wanted != len(columns):
        raise InputError(
            f"the model was fitted on {wanted} columns without names, the reference has "
            f"{len(columns)}: which are meant?",
            "fit on a DataFrame, or give the reference those columns only, in the same order",
        )
    return columns


def score_rows(
    estimator: Any, rows: pd.DataFrame, features: Sequence[str], *, threshold: float
) -> pd.DataFrame:
    """Score rows chunk by chunk, so that memory stays bounded whatever their number.

    Parameters
    ----------
    estimator : object
        A fitted estimator.
    rows : DataFrame
        Any rows that hold the features.
    features : sequence of str
        The columns the estimator wants.
    threshold : float
        Score from which a row counts as positive, 0–1; binary classifiers alone.

    Returns
    -------
    DataFrame
        Indexed like `rows`: ``prediction``; for binary classifiers with probabilities ``score``,
        the probability of the positive class; for others with probabilities ``score_<class>``.
    """
    import pandas as pd

    step = max(1, min(CHUNK_ROWS, CHUNK_CELLS // max(len(features), 1)))
    starts = range(0, len(rows), step) if len(rows) else ()
    parts = []
    # A frame that is as the model wants it is cut into views; choosing columns would copy it.
    fitting = list(rows.columns) == list(features)
    for start in starts:
        chunk = rows.iloc[start : start + step]
        chunk = chunk if fitting else chunk[list(features)]
        parts.append(_score(estimator, input_of(estimator, chunk), threshold))
    if not parts:
        binary = task_of(estimator) == "binary" and hasattr(estimator, "predict_proba")
        columns = ["prediction", "score"] if binary else ["prediction"]
        return pd.DataFrame(columns=columns, index=rows.index)
    scored = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    return scored.set_axis(rows.index, axis=0)


def _score(estimator: Any, chunk: Any, threshold: float) -> pd.DataFrame:
    import pandas as pd

    classes = classes_of(estimator)
    if not len(classes) or not hasattr(estimator, "predict_proba"):
        return pd.DataFrame({"prediction": np.asarray(estimator.predict(chunk)).reshape(-1)})
    chances = np.asarray(estimator.predict_proba(chunk))
    if len(classes) == 2:
        positive = chances[:, 1]
        chosen = classes[(positive >= threshold).astype(int)]
        return pd.DataFrame({"prediction": chosen, "score": positive})
    columns = {f"score_{name}": chances[:, i] for i, name in enumerate(classes)}
    return pd.DataFrame({"prediction": classes[chances.argmax(axis=1)], **columns})


def input_of(estimator: Any, chunk: pd.DataFrame) -> Any:
    """Return rows as an estimator was fitted on them: a table, or an array without names."""
    # A model fitted on an array warns when it is given names; LightGBM and XGBoost keep names of
    # their own and take frames without a word.
    named = getattr(estimator, "feature_names_in_", None) is not None
    booster = hasattr(estimator, "get_booster") or hasattr(estimator, "booster_")
    return chunk if named or booster else chunk.to_numpy()


def _numbered(names: Any) -> bool:
    return all(str(name).removeprefix("Column_").isdigit() for name in names)
