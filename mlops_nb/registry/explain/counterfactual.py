"""What would have to be different for a decision to be another: the smallest change found.

Wachter et al., *Counterfactual explanations* (2017). A change is measured as Gower (1971) does: of
a number the share of usual rows that lie between the two values, of a category one. It speaks of
the model, not of the world: that a person who changes would be decided on otherwise, and not that
the change would do them good.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlops_nb.errors import InputError
from mlops_nb.registry.explain.partial import FEWEST, is_number
from mlops_nb.registry.explain.reasons import shown
from mlops_nb.registry.metrics import Array

if TYPE_CHECKING:
    from mlops_nb.registry.scoring import ScoringModel

STEPS, LEVELS = 25, 20
BEAM = 15
MOST = 3
"""Columns that a hint changes at most: of more nobody can make use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One column, and what it would have to be."""

    column: str
    before: Any
    after: Any

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON-serialisable values."""
        return {"column": self.column, "before": _plain(self.before), "after": _plain(self.after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """A row that is nearly the same, and is decided on otherwise.

    Parameters
    ----------
    changes : tuple of Change
        What is different; one to three columns.
    decision, other : object
        The prediction as it is, and as it would be.
    score, other_score : float, optional
        The scores, where the model gives them.
    distance : float
        Sum over the changes of the share of usual rows between the two values, 0 to 1 each.
    """

    changes: tuple[Change, ...]
    decision: Any
    other: Any
    score: float | None
    other_score: float | None
    distance: float

    def __str__(self) -> str:
        what = " and ".join(
            f"{c.column} were {shown(c.after)} instead of {shown(c.before)}" for c in self.changes
        )
        scores = ""
        if self.score is not None and self.other_score is not None:
            scores = f" (score {self.other_score:.3g} instead of {self.score:.3g})"
        said = f"the model would say {shown(self.other)}, not {shown(self.decision)}"
        return f"{said}{scores}, if {what}"

    def to_dict(self) -> dict[str, Any]:
        """Return the hint as JSON-serialisable values."""
        return {
            "changes": [change.to_dict() for change in self.changes],
            "decision": _plain(self.decision),
            "other": _plain(self.other),
            "score": self.score,
            "other_score": self.other_score,
            "distance": self.distance,
            "hint": str(self),
        }


def counterfactual(
    model: ScoringModel,
    row: pd.Series | pd.DataFrame,
    usual: pd.DataFrame,
    *,
    keep: Collection[str],
    most: int = MOST,
) -> Counterfactual | None:
    """Look for the smallest change of few columns that flips a decision.

    All changes of one column, to quantiles and frequent categories of the usual rows, are tried;
    only if none flips the decision are those that moved the score most extended by a second and a
    third column. A number is then brought as near to its old value as still flips.

    Parameters
    ----------
    model : ScoringModel
        A classifier.
    row : Series or DataFrame of one row
        What was decided on.
    usual : DataFrame
        Rows that say which values occur.
    keep : collection of str
        Columns that must not change.
    most : int, default=3
        Columns that may change at once.

    Returns
    -------
    Counterfactual or None
        None when no change of so few columns flips it.

    Raises
    ------
    InputError
        The model makes no decision, or the row is not one row.
    """
    if model.task == "regression":
        raise InputError(f"{model.version.label} predicts a number and decides nothing")
    frame = row.to_frame().T if isinstance(row, pd.Series) else row
    if len(frame) != 1:
        raise InputError(f"a hint is about one row, not {len(frame)}", "rows.iloc[[0]]")
    frame = frame[model.features].reset_index(drop=True)
    frame = frame.astype({name: usual[name].dtype for name in model.features}, errors="ignore")
    search = _Search(model=model, row=frame, usual=usual, keep=frozenset(keep))
    return search.run(most)


@dataclass(frozen=True, kw_only=True)
class _Search:
    model: ScoringModel
    row: pd.DataFrame
    usual: pd.DataFrame
    keep: frozenset[str]

    def run(self, most: int) -> Counterfactual | None:
        scored = self.model.score(self.row)
        decision = scored["prediction"].iloc[0]
        singles = [
            {name: value}
            for name in self.model.features
            if name not in self.keep
            for value in self._values(name)
        ]
        tried: Sequence[dict[str, Any]] = singles
        for size in range(1, most + 1):
            if not tried:
                return None
            answers = self._scored(tried)
            flips = [c for c, a in zip(tried, answers["prediction"], strict=True) if a != decision]
            if flips:
                best = min(flips, key=self._distance)
                return self._told(self._nearest(best, decision), scored)
            if size < most:
                tried = self._extended(tried, self._progress(scored, answers), singles)
        return None

    def _values(self, name: str) -> list[Any]:
        """Return values to try, all of them observed."""
        known, now = self.usual[name].dropna(), self.row[name].iloc[0]
        if is_number(self.usual[name]):
            points = np.linspace(0, 1, STEPS)
            found = (
                np.quantile(known.to_numpy(float), points, method="nearest") if len(known) else []
            )
            return [value for value in np.unique(found) if value != now]
        counts = known.value_counts()
        return [v for v in counts[counts >= FEWEST].head(LEVELS).index if v != now]

    def _scored(self, changes: Sequence[dict[str, Any]]) -> pd.DataFrame:
        rows = pd.concat([self.row] * len(changes), ignore_index=True)
        for name in {name for change in changes for name in change}:
            values = rows[name].tolist()
            for i, change in enumerate(changes):
                values[i] = change.get(name, values[i])
            # A table of values that were all observed has the types of the observed ones.
            rows[name] = _typed(values, self.usual[name])
        return self.model.score(rows)

    def _progress(self, scored: pd.DataFrame, answers: pd.DataFrame) -> Array:
        """Return how far each change moved the score away from the decision."""
        if "score" in answers:
            yes = scored["score"].iloc[0] >= self.model.threshold
            return answers["score"].to_numpy(float) * (-1 if yes else 1)
        name = f"score_{scored['prediction'].iloc[0]}"
        return -answers[name].to_numpy(float) if name in answers else np.zeros(len(answers))

    def _extended(
        self, tried: Sequence[dict[str, Any]], progress: Array, singles: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        best: list[dict[str, Any]] = []
        met: dict[frozenset[str], int] = {}
        for i in np.argsort(-progress, kind="stable"):
            # Not all of the beam may be steps along one and the same column.
            columns = frozenset(tried[i])
            met[columns] = met.get(columns, 0) + 1
            if met[columns] <= MOST:
                best.append(tried[i])
            if len(best) == BEAM:
                break
        return [{**one, **two} for one in best for two in singles if not two.keys() & one.keys()]

    def _nearest(self, change: dict[str, Any], decision: Any) -> dict[str, Any]:
        """Bring each changed number as near to its old value as still flips the decision."""
        for name in change:
            now = self.row[name].iloc[0]
            if not is_number(self.usual[name]) or pd.isna(now):
                continue
            known = np.unique(self.usual[name].dropna().to_numpy(float))
            low, high = sorted((float(now), float(change[name])))
            between = known[(known >= low) & (known <= high) & (known != now)]
            if len(between) > 2_000:
                between = between[np.linspace(0, len(between) - 1, 2_000).astype(int)]
            tried = [{**change, name: value} for value in between]
            if not tried:
                continue
            answers = self._scored(tried)["prediction"].tolist()
            flips = [c for c, answer in zip(tried, answers, strict=True) if answer != decision]
            change = min([*flips, change], key=self._distance)
        return change

    def _distance(self, change: dict[str, Any]) -> float:
        return sum(self._step(name, value) for name, value in change.items())

    def _step(self, name: str, value: Any) -> float:
        now, column = self.row[name].iloc[0], self.usual[name]
        if not is_number(column) or pd.isna(now):
            return 1.0
        low, high = sorted((float(now), float(value)))
        # Of two steps over the same rows the shorter one is the smaller change.
        length = (high - low) / max(float(column.max() - column.min()), 1e-300)
        share = float(((column > low) & (column <= high)).mean())
        return share + 1e-3 * min(length, 1.0)

    def _told(self, change: dict[str, Any], scored: pd.DataFrame) -> Counterfactual:
        answer = self._scored([change]).iloc[0]
        return Counterfactual(
            changes=tuple(
                Change(
                    column=name,
                    before=self.row[name].iloc[0],
                    after=_typed([value], self.usual[name])[0],
                )
                for name, value in change.items()
            ),
            decision=scored["prediction"].iloc[0],
            other=answer["prediction"],
            score=float(scored["score"].iloc[0]) if "score" in scored else None,
            other_score=float(answer["score"]) if "score" in scored else None,
            distance=self._distance(change),
        )


def _typed(values: list[Any], like: pd.Series) -> Any:
    try:
        return pd.Series(values).astype(like.dtype).array
    except (TypeError, ValueError):  # a missing value in a column of whole numbers
        return pd.Series(values).array


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, str | int | bool) or value is None:
        return value
    return value if isinstance(value, float) and np.isfinite(value) else shown(value)
