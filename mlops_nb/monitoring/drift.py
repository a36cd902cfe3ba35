"""Drift: has a table moved away from its reference, by how much, and does it matter.

A column is said to drift when two things hold together.

*Evidence.* The two samples differ more than two samples of one distribution would. The tests are
two-sample ones, and over all columns the share of false alarms is held to :data:`ALARM` by
Benjamini and Hochberg's rule, so that a wide table cries no more often than a narrow one.

*Size.* With enough rows every difference is evident. So it must also reach a floor: a
Jensen–Shannon distance of 0.02 once the noise of sampling is taken off (a shift of the mean by
about a twentieth of a standard deviation, or of a half-and-half category by 2 to 3 points), half
a point of nulls, or a tenth of a percent of rows with one unknown value. A floor of 0.05 would
already miss a category that moved by 5 points; without any floor, years of data on which a model's
performance stays flat are flagged in half of their columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_nb import frames
from mlops_nb.errors import InputError, NotFoundError, did_you_mean
from mlops_nb.monitoring import statistics
from mlops_nb.monitoring.classifier import DomainClassifier, domain_classifier
from mlops_nb.monitoring.comparison import Comparison, Decision, broken, compare
from mlops_nb.monitoring.profile import Profile, profile
from mlops_nb.result import SEVERITY, Result, Status

SCHEMA = 1
ALARM = 0.01
"""Largest q value that is evidence: the share of false alarms among the columns flagged."""
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
    warnings : tuple of str
        What limits the comparison.
    """

    columns: tuple[Comparison, ...]
    reference: Profile
    current: Profile
    classifier: DomainClassifier | None = None
    warnings: tuple[str, ...] = field(default=())

    @property
    def drifted(self) -> bool:
        """Whether any column drifted, is missing or has changed its type."""
        return bool(self.drifted_columns)

    @property
    def drifted_columns(self) -> list[Comparison]:
        """The columns that drifted, are missing or have changed their type, worst first."""
        return [c for c in self.by_severity() if c.drifted]

    @property
    def status(self) -> Status:
        """The gravest status of any column; passed when nothing could be compared."""
        return max((Status.PASSED, *(c.status for c in self.columns)), key=SEVERITY.index)

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
        }

    def by_severity(self) -> list[Comparison]:
        """Return the columns, worst first."""
        return sorted(
            self.columns, key=lambda c: (-SEVERITY.index(c.status), -c.decision.excess, c.column)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the versioned JSON form."""
        return {
            "schema": SCHEMA,
            "drifted": self.drifted,
            "columns": [column.to_dict() for column in self.columns],
            "dataset": self.dataset,
            "rows": {"reference": self.reference.rows, "current": self.current.rows},
            "warnings": list(self.warnings),
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
                status=Status.WARNED if self.drifted else Status.PASSED,
                value=self.share,
                window=window,
                message=self.headline(),
                advice="look at the columns named" if self.drifted else "",
                evidence=self.dataset,
            ),
            *(_result(column, window) for column in self.columns),
        ]

    def headline(self) -> str:
        """Return the verdict in one sentence."""
        names = [column.column for column in self.drifted_columns]
        if not names:
            return f"no drift in {len(self.columns)} columns"
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        listed = ", ".join(names[:3])
        return f"{len(names)} of {len(self.columns)} columns drifted: {listed}{more}"

    def _repr_html_(self) -> str:
        from mlops_nb.monitoring.html import drift_html

        return drift_html(self)


def drift(
    reference: Any,
    current: Any,
    *,
    columns: Sequence[str] | None = None,
    classifier: bool = True,
) -> Drift:
    """Compare a table with its reference, column by column and as a whole.

    Parameters
    ----------
    reference, current : Profile, or a table as of :func:`mlops_nb.frames.open_table`
        A path that ends in ``.json`` is a profile. A current profile must have been made with
        `edges_from` the reference.
    columns : sequence of str, optional
        Only these columns of the reference.
    classifier : bool
        Also try to tell the rows of both tables apart, when both are raw.

    Raises
    ------
    InputError
        A table cannot be read or is empty, or two profiles do not fit each other.
    NotFoundError
        A column asked for is not in the reference.
    """
    raw = None
    before = _as_profile(reference)
    if before is None:
        reference = frames.open_table(reference)
        before = profile(reference)
        raw = reference
    names = _chosen(before, columns)
    now = _as_profile(current)
    if now is None:
        current = frames.open_table(current)
        known = [name for name in current.columns if columns is None or name in names]
        if not set(known) & set(names):
            raise InputError(
                "the current table has none of the reference's columns",
                f"it has {', '.join(current.columns[:5])}; expected {', '.join(names[:5])}",
            )
        now = profile(current, edges_from=before, columns=known)
    else:
        raw = None
    compared = _compare(before, now, names)
    usable = [c.column for c in compared if c.distribution]
    return Drift(
        columns=compared,
        reference=before,
        current=now,
        classifier=(
            domain_classifier(raw, current, usable)
            if classifier and raw is not None and usable
            else None
        ),
        warnings=_warnings(before, now, compared, limited=columns is not None),
    )


def _as_profile(source: Any) -> Profile | None:
    if isinstance(source, Profile):
        return source
    if isinstance(source, str | Path) and str(source).lower().endswith(".json"):
        return Profile.read(source)
    return None


def _chosen(reference: Profile, columns: Sequence[str] | None) -> list[str]:
    for name in columns or ():
        if name not in reference.columns:
            raise NotFoundError(
                f"the reference has no column {name!r}", did_you_mean(name, reference.columns)
            )
    if not reference.columns:
        raise InputError("the reference has no column", "profile it again")
    return list(reference.columns if columns is None else columns)


def _compare(before: Profile, now: Profile, names: Sequence[str]) -> tuple[Comparison, ...]:
    found = [
        compare(name, before.columns[name], now.columns[name])
        if name in now.columns
        else broken(name, before.columns[name].kind, "missing", "is missing from the current table")
        for name in names
    ]
    q_values = statistics.benjamini_hochberg([c.evidence_p for c in found])
    return tuple(c.decided(q, ALARM) for c, q in zip(found, q_values, strict=True))


def _warnings(
    before: Profile, now: Profile, compared: Sequence[Comparison], *, limited: bool
) -> tuple[str, ...]:
    new = [] if limited else [name for name in now.columns if name not in before.columns]
    return (
        *(f"column {name!r} is new: the reference does not have it" for name in new),
        *(f"column {c.column!r}: {c.limit}" for c in compared if c.limit),
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
