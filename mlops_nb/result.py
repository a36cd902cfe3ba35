"""The one value that monitors, gates and maturity criteria answer with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Outcome of a check; the order is that of :data:`SEVERITY`."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not_applicable"


SEVERITY = (
    Status.NOT_APPLICABLE,
    Status.SKIPPED,
    Status.PASSED,
    Status.WARNED,
    Status.FAILED,
    Status.ERROR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One check of one subject.

    Parameters
    ----------
    name : str
        The check, as ``dimension.check``: ``drift.column``, ``performance.roc_auc``.
    subject : str
        What was checked: a column, a group, a model version.
    status : Status
        The outcome.
    value, threshold : float, optional
        The figure measured and the bound it was held against.
    window : str
        The period or the data set the figure is of.
    message : str
        What was found and what it means, in one sentence.
    advice : str
        What to do about it; empty when there is nothing to do.
    evidence : mapping
        Further figures, JSON-serialisable.
    """

    name: str
    subject: str
    status: Status
    value: float | None = None
    threshold: float | None = None
    window: str = ""
    message: str = ""
    advice: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dimension(self) -> str:
        """The part of the name before the first dot."""
        return self.name.partition(".")[0]

    @property
    def identity(self) -> str:
        """What makes two results the same finding in two windows."""
        return f"{self.name}/{self.subject}"

    def __str__(self) -> str:
        return f"{self.status:8} {self.name} {self.subject}: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-serialisable values."""
        return asdict(self) | {"status": self.status.value, "evidence": dict(self.evidence)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Result:
        """Build a result from :meth:`to_dict`'s answer."""
        return cls(**{**values, "status": Status(values["status"])})


def worst(results: Iterable[Result]) -> Status:
    """Return the gravest status among the results, ``not_applicable`` when there is none."""
    return max((r.status for r in results), key=SEVERITY.index, default=Status.NOT_APPLICABLE)
