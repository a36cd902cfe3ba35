"""What a comparison of two tables found: column by column, as a whole and by segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_nb.monitoring.classifier import DomainClassifier
from mlops_nb.monitoring.comparison import Comparison
from mlops_nb.monitoring.decision import Decision
from mlops_nb.monitoring.policy import STANDARD, Policy
from mlops_nb.monitoring.profile import Profile
from mlops_nb.monitoring.reconstruction import Reconstruction
from mlops_nb.result import SEVERITY, Result, Status

SCHEMA = 1
PREDICTIONS = ("prediction", "score")
"""Columns in which a model's answers stand."""
PREDICTION_SHIFT = 0.1
"""Jensen–Shannon distance from which drifted answers fail the check instead of warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The comparison of a table with its reference; made by :func:`drift`.

    Parameters
    ----------
    columns : tuple of Comparison
        One for each column of the reference, in its order.
    reference, current : Profile
        What was compared.
    classifier : DomainClassifier, optional
        How well a classifier tells the two tables apart; only when both were given raw.
    policy : Policy
        The rule that decided.
    reconstruction : Reconstruction, optional
        How well the reference's principal components describe each table; only when both are raw.
    warnings : tuple of str
        What limits the comparison.
    segments : tuple of Segment
        The same comparison for the values of one column; see :func:`drift_by`.
    """

    columns: tuple[Comparison, ...]
    reference: Profile
    current: Profile
    policy: Policy = STANDARD
    classifier: DomainClassifier | None = None
    reconstruction: Reconstruction | None = None
    warnings: tuple[str, ...] = field(default=())
    segments: tuple[Segment, ...] = field(default=())

    @property
    def drifted(self) -> bool:
        """Whether any column drifted, is missing or has changed its type, in any segment too."""
        return bool(self.drifted_columns) or any(s.drift.drifted for s in self.segments)

    @property
    def drifted_columns(self) -> list[Comparison]:
        """The columns that drifted, are missing or have changed their type, worst first."""
        return [c for c in self.by_severity() if c.drifted]

    @property
    def left_out(self) -> list[Comparison]:
        """The columns that could not be compared: too few values, or too many distinct ones."""
        return [c for c in self.columns if c.status is Status.SKIPPED]

    @property
    def status(self) -> Status:
        """The gravest status of any column; skipped when nothing could be compared."""
        return max((c.status for c in self.columns), key=SEVERITY.index, default=Status.SKIPPED)

    @property
    def whole(self) -> Status:
        """The status of the table as a whole: drift of any of its columns warns."""
        if self.drifted:
            return Status.WARNED
        return Status.SKIPPED if self.status is Status.SKIPPED else Status.PASSED

    @property
    def share(self) -> float:
        """Share of the columns that drifted, 0 to 1."""
        return len(self.drifted_columns) / len(self.columns)

    @property
    def dataset(self) -> dict[str, Any]:
        """The verdict on the whole table."""
        return {
            "status": self.status.value,
            "drifted_columns": len(self.drifted_columns),
            "share": self.share,
            "domain_classifier": self.classifier and self.classifier.to_dict(),
            "reconstruction": self.reconstruction and self.reconstruction.to_dict(),
            "rule": self.policy.explain(),
        }

    def by_severity(self) -> list[Comparison]:
        """Return the columns, worst first."""
        return sorted(
            self.columns, key=lambda c: (-SEVERITY.index(c.status), -c.decision.excess, c.column)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the versioned JSON form; ``segments`` only when the table was divided."""
        segments = [segment.to_dict() for segment in self.segments]
        return {
            "schema": SCHEMA,
            "drifted": self.drifted,
            "columns": [column.to_dict() for column in self.columns],
            "dataset": self.dataset,
            "rows": {"reference": self.reference.rows, "current": self.current.rows},
            "warnings": list(self.warnings),
            **({"segments": segments} if segments else {}),
        }

    def results(self, *, window: str = "") -> list[Result]:
        """Return the findings as results: one a column, one for the table.

        Drift alone warns. Answers of the model that moved far fail, and so does a column that is
        missing or of another type.

        Parameters
        ----------
        window : str
            The period the current table is of.
        """
        return [
            Result(
                name="drift.dataset",
                subject="all columns",
                status=self.whole,
                value=self.share,
                window=window,
                message=self.headline(),
                advice="look at the columns named" if self.drifted else "",
                evidence=self.dataset,
            ),
            *(_result(column, window) for column in self.columns),
            *(segment.result(window) for segment in self.segments),
        ]

    def headline(self) -> str:
        """Return the verdict in one sentence."""
        names = [column.column for column in self.drifted_columns]
        moved = [f"{s.column} {s.value}" for s in self.segments if s.drift.drifted]
        if not names and moved:
            return f"drift in {len(moved)} of {len(self.segments)} segments: {moved[0]}"
        if not names:
            return self._calm()
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        listed = ", ".join(names[:3])
        return f"{len(names)} of {len(self.columns)} columns drifted: {listed}{more}"

    def _calm(self) -> str:
        # A column that could not be compared is not one without drift.
        if self.status is Status.SKIPPED:
            limits = {c.limit for c in self.left_out}
            return f"nothing could be compared: {min(limits, default='there is no column')}"
        if not self.left_out:
            return f"no drift in {len(self.columns)} columns"
        compared = len(self.columns) - len(self.left_out)
        return f"no drift in {compared} of {len(self.columns)} columns, the others are not compared"

    def _repr_html_(self) -> str:
        from mlops_nb.monitoring.html import drift_html

        return drift_html(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The comparison of the rows that have one value in a column.

    Parameters
    ----------
    column, value : str
        The column and its value as text.
    drift : Drift
        The comparison of these rows alone.
    """

    column: str
    value: str
    drift: Drift

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "column": self.column,
            "value": self.value,
            "drifted": self.drift.drifted,
            "drifted_columns": [c.column for c in self.drift.drifted_columns],
            "rows": {"reference": self.drift.reference.rows, "current": self.drift.current.rows},
            "columns": [column.to_dict() for column in self.drift.columns],
        }

    def result(self, window: str) -> Result:
        """Return the verdict on the segment."""
        return Result(
            name="drift.segment",
            subject=f"{self.column} {self.value}",
            status=self.drift.whole,
            value=self.drift.share,
            window=window,
            message=self.drift.headline(),
            advice="look at the columns named" if self.drift.drifted else "",
            evidence=self.to_dict(),
        )


def _result(column: Comparison, window: str) -> Result:
    status = column.status
    answers = column.column in PREDICTIONS
    if answers and status is Status.WARNED and column.decision.value >= PREDICTION_SHIFT:
        status = Status.FAILED
    decision: Decision = column.decision
    evidence: Mapping[str, Any] = {"kind": column.kind, **column.statistic} | decision.to_dict()
    return Result(
        name="drift.prediction" if answers else "drift.column",
        subject=column.column,
        status=status,
        value=decision.value,
        threshold=decision.threshold,
        window=window,
        message=column.message,
        advice=column.advice,
        evidence=evidence,
    )
