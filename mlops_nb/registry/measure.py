"""What a version's card and gates rest on: its metrics, by group as well, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InputError
from mlops_nb.registry.bootstrap import FEWEST_REPLICATES, Interval, intervals
from mlops_nb.registry.estimator import classes_of, score_rows
from mlops_nb.registry.fairness import Fairness, fairness_of
from mlops_nb.registry.metrics import metrics_of
from mlops_nb.registry.scoring import ScoringModel, require_columns

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.95
HOLDOUT_ROWS = 200_000
"""Most rows of a hold-out that are kept and measured; of more a sample is drawn."""
GROUP_ROWS = 30
"""Smallest group that a metric is told of: fewer rows say little, and may point at a person."""
GROUPS = 20
"""Most groups of a column that are told, the largest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMetrics:
    """The metrics of the rows with one value in one column."""

    column: str
    level: str
    rows: int
    metrics: dict[str, Interval]

    def to_dict(self) -> dict[str, Any]:
        """Return the group as JSON-serialisable values."""
        metrics = {name: item.to_dict() for name, item in self.metrics.items()}
        return {"column": self.column, "level": self.level, "rows": self.rows, "metrics": metrics}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that was measured on a hold-out.

    Parameters
    ----------
    metrics : dict
        Name → value and interval.
    groups : list of GroupMetrics
        Column by column, the largest group first.
    fairness : list of Fairness
        How alike the groups of each column are treated; of binary models alone.
    gaps : list of str
        What could not be measured, and why.
    """

    metrics: dict[str, Interval]
    groups: list[GroupMetrics]
    fairness: list[Fairness]
    gaps: list[str]


def usable_holdout(
    holdout: pd.DataFrame, label: str, needed: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the labelled rows that are kept, and what was left out.

    Parameters
    ----------
    holdout : DataFrame
        Rows as the user gave them.
    label : str
        Column of the truth.
    needed : sequence of str
        Features and group columns; others are not kept.

    Raises
    ------
    InputError
        A column is missing, or no row has a label.
    """
    columns = list(dict.fromkeys([*needed, label]))
    require_columns(holdout, columns, "the hold-out needs")
    rows, gaps = holdout[columns], []
    known = rows[label].notna()
    if not known.any():
        raise InputError(
            f"no row of the hold-out has a label in {label!r}",
            "give labelled rows that the model was not fitted on",
        )
    if not known.all():
        gaps.append(f"{int((~known).sum()):,} hold-out rows without a label were left out")
        rows = rows[known]
    if len(rows) > HOLDOUT_ROWS:
        gaps.append(f"metrics are of a random {HOLDOUT_ROWS:,} of {len(rows):,} hold-out rows")
        rows = rows.sample(HOLDOUT_ROWS, random_state=0)
    return rows.reset_index(drop=True), gaps


def measure(
    model: ScoringModel, holdout: pd.DataFrame, label: str, groups: Sequence[str]
) -> Measured:
    """Measure a model on labelled rows that it was not fitted on.

    Parameters
    ----------
    model : ScoringModel
        What to measure.
    holdout : DataFrame
        From :func:`usable_holdout`.
    label : str
        Column of the truth.
    groups : sequence of str
        Columns to tell the metrics apart by.

    Raises
    ------
    InputError
        The labels are not the classes the model knows.
    """
    classes = classes_of(model.estimator)
    if len(classes):
        unknown = sorted(set(holdout[label].unique().tolist()) - set(classes.tolist()), key=str)
        if unknown:
            raise InputError(
                f"the label {label!r} holds {unknown[0]!r}, which the model does not know",
                f"its classes are: {', '.join(map(repr, classes.tolist()))}",
            )
    scored = score_rows(model.estimator, holdout, model.features, threshold=model.threshold)
    functions = metrics_of(model.task, holdout[label], scored, classes)
    overall = intervals(functions, len(holdout), confidence=CONFIDENCE)
    gaps = [f"{n} has no value on this hold-out" for n in functions if n not in overall]
    if model.task == "binary" and "score" not in scored:
        gaps.append("the model gives no probabilities: no ranking metrics, no scores to monitor")
    told: list[GroupMetrics] = []
    for column in groups:
        found, left = _by_level(model, holdout, scored, label, column)
        told += found
        gaps += left
    if not groups:
        gaps.append("no column of groups was named: slices and fairness were not measured")
    alike, left = _fairness(model, holdout, scored, label, groups)
    return Measured(metrics=overall, groups=told, fairness=alike, gaps=gaps + left)


def _fairness(
    model: ScoringModel,
    holdout: pd.DataFrame,
    scored: pd.DataFrame,
    label: str,
    columns: Sequence[str],
) -> tuple[list[Fairness], list[str]]:
    if model.task != "binary":
        task = f"fairness is told of yes and no, not of a {model.task} model"
        return [], [task] if columns else []
    yes = classes_of(model.estimator)[1]
    truth, chosen = (holdout[label] == yes).to_numpy(), (scored["prediction"] == yes).to_numpy()
    found, gaps = [], []
    for column in columns:
        counts = holdout[column].value_counts()
        large = holdout[column].where(holdout[column].isin(counts[counts >= GROUP_ROWS].index))
        one = fairness_of(truth, chosen, large, confidence=CONFIDENCE)
        if one is None:
            gaps.append(f"fairness by {column!r}: fewer than two groups have {GROUP_ROWS} rows")
        else:
            found.append(one)
    return found, gaps


def _by_level(
    model: ScoringModel, holdout: pd.DataFrame, scored: pd.DataFrame, label: str, column: str
) -> tuple[list[GroupMetrics], list[str]]:
    classes = classes_of(model.estimator)
    counts = holdout[column].value_counts(dropna=False)
    large = counts[counts >= GROUP_ROWS].head(GROUPS)
    found = []
    for level, rows in large.items():
        mask = (holdout[column].isna() if level != level else holdout[column] == level).to_numpy()
        functions = metrics_of(model.task, holdout.loc[mask, label], scored[mask], classes)
        metrics = intervals(
            functions, int(rows), confidence=CONFIDENCE, replicates=FEWEST_REPLICATES
        )
        name = "(missing)" if level != level else str(level)
        found.append(GroupMetrics(column=column, level=name, rows=int(rows), metrics=metrics))
    rest = len(counts) - len(large)
    gaps = [f"{rest} groups of {column!r} are small or many and are not told"] if rest else []
    return found, gaps
