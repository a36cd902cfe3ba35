"""Approvals: who of science and of engineering answers for a version, by signature.

An approval is an entry of the audit log with a signed statement; it counts when the statement is
about this very model file and this evidence, when the signature is by one of the role's owners,
and when that person did not make the version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_nb import git
from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError, did_you_mean
from mlops_nb.registry import evidence, signature
from mlops_nb.registry.versions import ModelVersion, fact
from mlops_nb.result import Result, Status
from mlops_nb.state import audit

ACTION = "approve"
ROLES = ("science", "engineering")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One signed approval.

    Parameters
    ----------
    role : {"science", "engineering"}
        For which side it speaks.
    identity : str
        Who signed, as in the file of allowed signers.
    statement : str
        What was signed.
    signature : str
        The armoured SSH signature.
    """

    role: str
    identity: str
    statement: str
    signature: str

    def to_dict(self) -> dict[str, str]:
        """Return the approval as the audit log keeps it."""
        return {
            "role": self.role,
            "identity": self.identity,
            "statement": self.statement,
            "signature": self.signature,
        }


def statement(project: Project, version: ModelVersion, role: str) -> str:
    """Return what an approver of a version signs: a line of JSON with the hashes of all it is.

    Raises
    ------
    NotFoundError
        The version has no evidence.
    """
    found = evidence.read(project, version, evidence.METRICS)
    return json.dumps(
        {
            "schema": 1,
            "role": role,
            "model": version.name,
            "version": version.version,
            "run_id": version.run_id,
            "model_sha256": fact(version, "sha256"),
            "metrics_sha256": hashlib.sha256(found).hexdigest(),
        },
        sort_keys=True,
    )


def may_approve(project: Project, version: ModelVersion, role: str, identity: str) -> None:
    """Refuse who is no owner of the role, or made the version.

    Raises
    ------
    InputError
        Saying which.
    """
    if role not in ROLES:
        raise InputError(f"there is no role {role!r}", did_you_mean(role, ROLES))
    owners = _owners(project, role)
    if identity not in owners:
        named = ", ".join(owners) or "nobody"
        raise InputError(
            f"{identity!r} cannot approve for {role}: {named} can",
            f"`{role}` in [tool.mlops.owners] names who can",
        )
    if identity == fact(version, "author"):
        raise InputError(
            f"{identity!r} made {version.label} and cannot approve it", "ask another owner"
        )


def check(project: Project, version: ModelVersion) -> Result:
    """Count the approvals that a version has against those it needs.

    Parameters
    ----------
    project : Project
        Whose owners and log.
    version : ModelVersion
        The version that wants to be promoted.

    Returns
    -------
    Result
        ``approvals``: failed while one is missing, not applicable where none is asked for; warned
        where fewer people looked at it than there are approvals.
    """
    rules = project.config.approvals
    if rules.one_person:
        return _answer(version, Status.NOT_APPLICABLE, "a one-person project: nobody else approves")
    if not any(_owners(project, role) for role in ROLES):
        return _answer(
            version, Status.NOT_APPLICABLE, "nobody is named to approve: [tool.mlops.owners]"
        )
    if not (project.root / rules.allowed_signers).is_file():
        return _answer(
            version,
            Status.FAILED,
            f"there is no {rules.allowed_signers}: nobody's signature can count",
            advice=f"commit {rules.allowed_signers} with a line for each owner: e-mail and public "
            "SSH key",
        )
    committed = git.is_committed(project.root, rules.allowed_signers)
    if committed is False:
        return _answer(
            version,
            Status.FAILED,
            f"{rules.allowed_signers} is not as it was committed: a key in it counts for nothing "
            "before it could be reviewed",
            advice=f"git add {rules.allowed_signers}, git commit",
        )
    given = valid(project, version)
    lines, lacking = [], []
    for role in ROLES:
        names = sorted({one.identity for one in given if one.role == role})
        lines.append(f"{role}: {', '.join(names) or 'none'}")
        if len(names) < getattr(rules, role):
            lacking.append(role)
    doubts = _doubts(version, given)
    if committed is None:
        doubts.append(f"{rules.allowed_signers} is in no git repository, where it was reviewed")
    return _answer(
        version,
        Status.FAILED if lacking else Status.WARNED if doubts else Status.PASSED,
        "; ".join([*lines, *doubts]),
        advice=" and ".join(
            f"mlops model approve {version.label} --role {role}" for role in lacking
        ),
        evidence={"approvals": [one.to_dict() for one in given]},
    )


def _doubts(version: ModelVersion, given: Sequence[Approval]) -> list[str]:
    """Return what keeps approvals from being the word of others than who made the version."""
    found = []
    if not fact(version, "author"):
        found.append("who made it is not on record (git config user.email), perhaps an approver")
    both = [{one.identity for one in given if one.role == role} for role in ROLES]
    if len(set.union(*both)) == 1 and all(both):
        found.append("one person approves for both")
    return found


def valid(project: Project, version: ModelVersion) -> list[Approval]:
    """Return the approvals of a version that count, the oldest first."""
    signers = project.root / project.config.approvals.allowed_signers
    found = []
    for entry in audit.entries(project, version.name):
        if entry.action != ACTION or entry.version != version.version:
            continue
        one = _read(entry.details)
        if one is not None and _counts(project, version, one, signers):
            found.append(one)
    return found


def _counts(project: Project, version: ModelVersion, one: Approval, signers: Path) -> bool:
    try:
        may_approve(project, version, one.role, one.identity)
        wanted = statement(project, version, one.role)
    except (InputError, NotFoundError):
        return False
    return one.statement == wanted and signature.is_valid(
        wanted.encode(), one.signature, one.identity, signers
    )


def _read(details: Mapping[str, Any]) -> Approval | None:
    try:
        return Approval(**{key: str(details[key]) for key in Approval.__slots__})
    except KeyError:
        return None  # somebody wrote into the log; its seals say so


def _owners(project: Project, role: str) -> Sequence[str]:
    owners: Sequence[str] = getattr(project.config.owners, role)
    return owners


def _answer(
    version: ModelVersion,
    status: Status,
    message: str,
    *,
    advice: str = "",
    evidence: Mapping[str, Any] | None = None,
) -> Result:
    return Result(
        name="approvals",
        subject=version.label,
        status=status,
        message=message,
        advice=advice,
        evidence=dict(evidence or {}),
    )
