"""What a model answered and what was true, as arrays that the figures of performance take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from mlops_nb.errors import InputError, did_you_mean
from mlops_nb.monitoring.metrics import BINARY, CLASSES, REGRESSION, Metric

if TYPE_CHECKING:
    import pandas as pd

Task = Literal["binary", "classes", "regression"]
ID = "prediction_id"
METRICS: Mapping[Task, Mapping[str, Metric]] = {
    "binary": BINARY,
    "classes": CLASSES,
    "regression": REGRESSION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers of a model and the truth about them; made by :func:`answers`.

    Parameters
    ----------
    task : {"binary", "classes", "regression"}
        What was asked of the model.
    truth : array of float
        0 or 1, the place of the class in `classes`, or the measurement; NaN without a label.
    prediction : array of float
        The same of the answer.
    score : array of float, optional
        Probability of the positive class, or (rows × classes) of each class.
    classes : tuple of str
        Names of the classes, the positive one last; empty where there are none.
    """

    task: Task
    truth: NDArray[np.float64]
    prediction: NDArray[np.float64]
    score: NDArray[np.float64] | None
    classes: tuple[str, ...] = ()

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The figures that there are for this task."""
        return METRICS[self.task]

    def given(self, metric: Metric) -> NDArray[np.float64] | None:
        """Return what a figure is computed from beside the truth, None when there is none."""
        return self.prediction if metric.of == "prediction" else self.score

    def usable(self, metric: Metric) -> NDArray[np.bool_]:
        """Return which rows have a finite answer of the kind that a figure needs."""
        given = self.given(metric)
        if given is None:
            return np.zeros(len(self.prediction), dtype=bool)
        finite: NDArray[np.bool_] = np.isfinite(given.reshape(len(given), -1))
        return np.asarray(finite.all(axis=1))


def answers(
    frame: pd.DataFrame,
    *,
    label: str,
    prediction: str = "prediction",
    score: str = "score",
    classes: bool = False,
    like: Answers | None = None,
) -> Answers:
    """Read answers and truth from a table.

    Labels of 0 and 1 make a binary task, other numbers a regression. Two names, with a column of
    scores, make a binary task too: the positive class is the one that comes later in the alphabet,
    as scikit-learn has it. Probabilities of several classes stand in ``<score>_<class>``.

    Parameters
    ----------
    frame : DataFrame
        One row a prediction; the label may be missing, or the column of labels.
    label, prediction, score : str
        Columns.
    classes : bool
        Numbers other than 0 and 1 are numbers of classes and not measurements.
    like : Answers, optional
        Answers of the same model: task and classes are theirs, as for rows without labels.

    Raises
    ------
    InputError
        There is no column of predictions, or rows repeat a ``prediction_id``.
    """
    if prediction not in frame.columns:
        raise InputError(
            f"the table has no column {prediction!r}",
            did_you_mean(prediction, map(str, frame.columns)),
        )
    if ID in frame.columns and (repeated := int(frame[ID].duplicated().sum())):
        raise InputError(
            f"{repeated:,} rows repeat a prediction_id: they would be counted twice",
            "keep the newest row of each id, as predictions_log(…).read does",
        )
    truth = frame[label] if label in frame.columns else None
    given = frame[prediction]
    if like is not None:
        task, names = like.task, like.classes
    else:
        task, names = _task(truth, given, frame.columns, score, classes)
    if task == "regression" or (task == "binary" and not names):
        return Answers(
            task=task,
            truth=_numbers_or_nan(truth, len(frame)),
            prediction=_numbers_or_nan(given, len(frame)),
            score=_score(frame, score),
        )
    return Answers(
        task=task,
        truth=_places(truth, names, len(frame)),
        prediction=_places(given, names, len(frame)),
        score=_score(frame, score) if task == "binary" else _chances(frame, score, names),
        classes=names,
    )


def _task(
    truth: pd.Series | None, given: pd.Series, columns: Iterable[str], score: str, classes: bool
) -> tuple[Task, tuple[str, ...]]:
    known = None if truth is None else _numbers(truth.dropna())
    numbers = _numbers(given)
    if (known is not None or truth is None) and numbers is not None:
        values = numbers if known is None or not len(known) else known
        if np.isin(values[np.isfinite(values)], (0.0, 1.0)).all():
            return "binary", ()
        if not classes:
            return "regression", ()
    scored = [name.removeprefix(f"{score}_") for name in columns if name.startswith(f"{score}_")]
    seen = {_name(value) for part in (truth, given) if part is not None for value in part.dropna()}
    if len(seen) == 2 and score in columns:
        return "binary", tuple(sorted(seen))
    return "classes", tuple(sorted(seen | set(scored)) if seen - set(scored) else scored)


def _name(value: object) -> str:
    # 2 and 2.0 are one class: labels that joined late made floats of integers.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _places(column: pd.Series | None, names: tuple[str, ...], rows: int) -> NDArray[np.float64]:
    if column is None:
        return np.full(rows, np.nan)
    place = {name: float(i) for i, name in enumerate(names)}
    found = np.full(rows, np.nan)
    found[:] = column.map(_name, na_action="ignore").map(place).to_numpy(float, na_value=np.nan)
    return found


def _chances(frame: pd.DataFrame, score: str, names: tuple[str, ...]) -> NDArray[np.float64] | None:
    columns = [f"{score}_{name}" for name in names]
    if not columns or any(column not in frame.columns for column in columns):
        return None
    return frame[columns].to_numpy(dtype=np.float64, na_value=np.nan)


def _score(frame: pd.DataFrame, score: str) -> NDArray[np.float64] | None:
    return _numbers(frame[score]) if score in frame.columns else None


def _numbers_or_nan(column: pd.Series | None, rows: int) -> NDArray[np.float64]:
    found = None if column is None else _numbers(column)
    return np.full(rows, np.nan) if found is None else found


def _numbers(column: pd.Series) -> NDArray[np.float64] | None:
    import pandas as pd

    if column.dtype.kind == "O":  # labels joined late: 0, 1 and gaps in one column of objects
        column = pd.Series(column.tolist(), index=column.index)
    if column.dtype.kind == "O" and column.isna().all():
        return np.full(len(column), np.nan)
    if column.dtype.kind not in "iufb":
        return None
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
