"""Why, where and since when: what lies behind a change of performance.

*Why.* The reference rows are reweighted so that one column is distributed as it is now; by how
much the mean loss changes under these weights is what the shift of that column explains. It needs
no labels of the new rows, and a column that drifted but does not matter to the loss explains
nothing. All columns together are reweighted by a classifier that tells the tables apart. What is
then left of the change is not due to other rows but to another relation of features and label.

*Where.* A shallow tree splits the rows by where the loss is now larger than the reference's own
tree expects; the slices are found on one half of the rows and measured on the other.

*Since when.* The change point of the loss over windows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlops_nb.errors import InputError
from mlops_nb.monitoring.answers import Answers, answers
from mlops_nb.monitoring.causes import SURE, Cause, causes_of, codes_of, shift_effect
from mlops_nb.monitoring.performance import FEW
from mlops_nb.monitoring.slices import Slice, slices
from mlops_nb.monitoring.timeline import change_point, over_time
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """What lies behind a change of performance; made by :func:`attribute`.

    Parameters
    ----------
    loss : str
        What is explained: ``log loss``, ``share of errors`` or ``absolute error``.
    before, after : float
        Its mean on the reference and now; `after` is NaN without labels.
    error : float
        Standard error of their difference.
    shifted : float
        Change that the shift of all columns together explains.
    causes : tuple of Cause
        What each column explains by itself, the largest effect first. Correlated columns explain
        the same part.
    slices : tuple of Slice
        Where it is worse, worst first; empty without labels.
    since : str
        Start of the window from which it is worse; empty when that is not clear.
    """

    loss: str
    before: float
    after: float
    error: float
    shifted: float
    causes: tuple[Cause, ...]
    slices: tuple[Slice, ...]
    since: str = ""

    @property
    def change(self) -> float:
        """Change of the mean loss, NaN without labels."""
        return self.after - self.before

    @property
    def sentence(self) -> str:
        """The answer in one plain sentence."""
        main = [c for c in self.causes if c.sure and c.effect > 0][:3]
        if not math.isfinite(self.after):
            return self._expected(main)
        if abs(self.change) <= SURE * self.error:
            return f"the {self.loss} is {self.after:.3g}, as before ({self.before:.3g})"
        way = "worse" if self.change > 0 else "better"
        since = f" since {self.since}" if self.since else ""
        text = f"the {self.loss} is {way}{since}, {self.after:.3g} against {self.before:.3g}"
        if self.change < 0:
            return text
        share = self.shifted / self.change
        if share >= 0.15 and main:
            most = min(1.0, share)
            text += f"; other rows than before explain {most:.0%} of it, above all {_named(main)}"
        else:
            text += "; it is not the rows that moved but what is true of them"
        if self.slices:
            worst = self.slices[0]
            text += f"; worst where {worst.rule} ({worst.now:.3g} against {worst.before:.3g})"
        return text

    def _expected(self, main: Sequence[Cause]) -> str:
        if not main:
            return f"no shift of a column makes the {self.loss} worse ({self.before:.3g})"
        return (
            f"the {self.loss} can be expected to rise by {self.shifted:.3g} from "
            f"{self.before:.3g}, above all by {_named(main)}"
        )

    def result(self, *, window: str = "") -> Result:
        """Return the finding as a result: it explains, so it passes or is skipped.

        Parameters
        ----------
        window : str
            The period the rows are of.
        """
        return Result(
            name="performance.attribution",
            subject="model",
            status=Status.PASSED,
            value=self.change if math.isfinite(self.after) else None,
            window=window,
            message=self.sentence,
            evidence={
                "loss": self.loss,
                "before": self.before,
                "after": self.after if math.isfinite(self.after) else None,
                "explained_by_shift": self.shifted,
                "columns": {c.column: c.effect for c in self.causes[:20]},
                "slices": [s.to_dict() for s in self.slices],
                "since": self.since,
            },
        )


def _named(causes: Sequence[Cause]) -> str:
    return " and ".join(cause.column for cause in causes)


def attribute(
    reference: pd.DataFrame,
    frame: pd.DataFrame,
    *,
    label: str,
    features: Sequence[str],
    prediction: str = "prediction",
    score: str = "score",
    classes: bool = False,
    timestamp: str = "timestamp",
    every: str = "1D",
) -> Attribution:
    """Find what lies behind a change of performance: which columns, where, and since when.

    Parameters
    ----------
    reference : DataFrame
        Labelled and scored rows that the model was not fitted on.
    frame : DataFrame
        The rows of the window; without labels only the causes are told.
    label, prediction, score : str
        Columns.
    features : sequence of str
        The columns to look for causes in.
    classes : bool
        Labels that are numbers other than 0 and 1 are classes and not measurements.
    timestamp, every : str
        Column of the times, and length of the windows of *since when*.

    Raises
    ------
    InputError
        A column is missing, or there are fewer than 30 labelled reference rows.
    """
    for name, table in (("reference", reference), ("table", frame)):
        if missing := [f for f in features if f not in table.columns]:
            raise InputError(
                f"the {name} has no column {missing[0]!r}", "name features both tables have"
            )
    columns: dict[str, Any] = {"label": label, "prediction": prediction, "score": score}
    old = answers(reference, classes=classes, **columns)
    new = answers(frame, like=old, **columns)
    name, loss_old = losses(old)
    loss_new = losses(new)[1]
    known, labelled = np.isfinite(loss_old), np.isfinite(loss_new)
    if known.sum() < FEW or len(frame) < FEW:
        raise InputError(
            f"{int(known.sum())} labelled reference rows and {len(frame)} rows are too few",
            f"it takes {FEW} of both",
        )
    base = reference[known]
    codes = {f: codes_of(base[f], frame[f]) for f in features}
    found, enough = loss_new[labelled], labelled.sum() >= FEW
    spread = math.hypot(_error(loss_old[known]), _error(found)) if enough else math.inf
    return Attribution(
        loss=name,
        before=float(loss_old[known].mean()),
        after=float(found.mean()) if enough else math.nan,
        error=spread,
        shifted=shift_effect(codes, loss_old[known]),
        causes=causes_of(codes, loss_old[known]),
        slices=slices(base, loss_old[known], frame[labelled], found, features) if enough else (),
        since=_since(frame[labelled], found, timestamp, every) if enough else "",
    )


def losses(given: Answers) -> tuple[str, Values]:
    """Return the name of the loss and its value for each row, NaN without label or answer.

    The log loss where there are chances, else the absolute error or whether the answer is wrong.
    """
    if given.task == "regression":
        return "absolute error", np.abs(given.truth - given.prediction)
    chances = given.score
    if given.task == "binary" and chances is not None and _are_chances(chances):
        p = np.clip(np.where(given.truth == 1, chances, 1 - chances), 1e-6, 1)
        return "log loss", np.where(np.isfinite(given.truth), -np.log(p), np.nan)
    wrong = (given.truth != given.prediction).astype(np.float64)
    return "share of errors", np.where(np.isfinite(given.truth + given.prediction), wrong, np.nan)


def _are_chances(scores: Values) -> bool:
    known = scores[np.isfinite(scores)]
    return bool(len(known)) and bool(known.min() >= 0 and known.max() <= 1)


def _error(values: Values) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.inf


def _since(rows: pd.DataFrame, loss: Values, timestamp: str, every: str) -> str:
    if timestamp not in rows.columns:
        return ""
    timed = rows[[timestamp]].assign(loss=loss)
    series = over_time(
        timed,
        lambda part: (
            {"loss": (float(part["loss"].mean()), _error(part["loss"].to_numpy()))}
            if len(part) >= FEW
            else {}
        ),
        every=every,
        timestamp=timestamp,
    )
    errors = ((series["high"] - series["low"]) / 2 / 1.96).tolist()
    change = change_point(series["value"].tolist(), errors)
    if change is None or change.after < change.before:
        return ""
    return f"{series['window'].iloc[change.place]:%Y-%m-%d}"
