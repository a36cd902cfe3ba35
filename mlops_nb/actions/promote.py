"""Promote: let a version live, through its gates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from mlops_nb.actions.evaluate import evaluate_version, record
from mlops_nb.config import Project, load_project
from mlops_nb.errors import GateError, InputError
from mlops_nb.registry import approvals, evidence, gates
from mlops_nb.registry.succession import crown, standing
from mlops_nb.registry.versions import ModelVersion, fact, resolve
from mlops_nb.result import Result
from mlops_nb.state import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A version that became champion.

    Parameters
    ----------
    version : ModelVersion
        The champion, with its new alias.
    previous : int, optional
        The champion before it, ``@previous`` now; None for a first one.
    results : tuple of Result
        What the gates said, and the approvals.
    seal : str
        The seal of its entry in the audit log.
    """

    version: ModelVersion
    previous: int | None
    results: tuple[Result, ...]
    seal: str

    def __str__(self) -> str:
        before = f"version {self.previous} before it" if self.previous else "the first one"
        return f"{self.version.label} is champion, {before}"

    def to_dict(self) -> dict[str, Any]:
        """Return the promotion as JSON-serialisable values."""
        return {
            "version": self.version.to_dict(),
            "previous": self.previous,
            "results": [result.to_dict() for result in self.results],
            "seal": self.seal,
        }


def promote(
    reference: str,
    *,
    reason: str = "",
    override: bool = False,
    project: Project | None = None,
    allow_pickle: bool = False,
) -> Promotion:
    """Evaluate a version and, when no gate refuses it and its owners approve, make it champion.

    The champion before it becomes ``@previous``; the audit log keeps who, when, why and on what.

    Parameters
    ----------
    reference : str
        ``name@challenger`` or ``name/3``; a name alone means its challenger here.
    reason : str, optional
        Why, for the log.
    override : bool, default=False
        Promote it whatever gates and owners say; this needs a reason, and the log keeps both.
    project : Project, optional
        Whose registry and gates; those of the current folder by default.
    allow_pickle : bool, default=False
        Also load versions that were registered as pickles.

    Returns
    -------
    Promotion
        The champion and what the gates said.

    Raises
    ------
    GateError
        A gate refused it, an approval is missing, or another version was promoted meanwhile.
    InputError
        It is champion already, or gates are overridden without a reason.
    NotFoundError
        There is no such version.
    MlopsError
        The store's aliases are not where the audit log says.
    """
    project = project or load_project()
    if override and not reason:
        raise InputError("an override needs a reason", "--reason 'what makes it right this time'")
    if "@" not in reference and "/" not in reference:
        reference = f"{reference}@challenger"
    version = resolve(project, reference)
    # Taken before the gates: whoever moves it while they work wins, and this one is refused.
    before = standing(project, version.name).champion
    # A champion the log does not know was made by hand, or its promotion was interrupted.
    if before == version.version and audit.entries(project, version.name):
        raise InputError(f"{version.label} is champion already")
    results = evaluate_version(project, version, allow_pickle=allow_pickle)
    results = [*results, approvals.check(project, version)]
    record(project, version, results)
    if not override:
        _refuse(version, results)
    entry = crown(
        project,
        version.name,
        version.version,
        expected=before,
        details=_details(project, version, results, reason=reason, override=override),
    )
    return Promotion(
        version=resolve(project, version.label),
        previous=before,
        results=tuple(results),
        seal=entry.seal,
    )


def _details(
    project: Project,
    version: ModelVersion,
    results: list[Result],
    *,
    reason: str,
    override: bool,
) -> dict[str, Any]:
    """Return what the audit log keeps of a promotion."""
    return {
        "reason": reason,
        "override": override,
        "run_id": version.run_id,
        "sha256": fact(version, "sha256"),
        "metrics_sha256": hashlib.sha256(
            evidence.read(project, version, evidence.METRICS)
        ).hexdigest(),
        "gates": [
            {"name": r.name, "subject": r.subject, "status": r.status, "value": r.value}
            for r in results
        ],
    }


def _refuse(version: ModelVersion, results: list[Result]) -> None:
    stopped = gates.refused(results)
    if stopped:
        why = "; ".join(f"{result.name}: {result.message}" for result in stopped)
        hints = [result.advice for result in stopped if result.advice]
        raise GateError(f"{version.label} was not promoted: {why}", "; ".join(dict.fromkeys(hints)))
