"""Approve: sign for a model version, as an owner of science or of engineering."""

from __future__ import annotations

from pathlib import Path

from mlops_nb import git
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError
from mlops_nb.registry import approvals, signature
from mlops_nb.registry.approvals import Approval
from mlops_nb.registry.versions import CHALLENGER, resolve
from mlops_nb.state import audit
from mlops_nb.state.database import transaction


def approve(
    reference: str, role: str, *, key: Path, identity: str = "", project: Project | None = None
) -> Approval:
    """Sign for a version; the approval goes into the audit log.

    Parameters
    ----------
    reference : str
        ``name@challenger`` or ``name/3``; a name alone means its challenger here.
    role : {"science", "engineering"}
        For which side.
    key : Path
        The SSH key to sign with.
    identity : str, optional
        Who signs, as in the file of allowed signers; git's ``user.email`` by default.
    project : Project, optional
        Whose registry and owners; those of the current folder by default.

    Raises
    ------
    InputError
        Who signs is no owner of the role, made the version, or signs with a key that the file of
        allowed signers does not know for that identity.
    NotFoundError
        There is no such version, or it has no evidence.
    """
    project = project or load_project()
    if "@" not in reference and "/" not in reference:
        reference = f"{reference}@{CHALLENGER}"
    version = resolve(project, reference)
    identity = identity or git.email(project.root)
    if not identity:
        raise InputError("git does not know who you are", "name yourself: --as you@example.org")
    approvals.may_approve(project, version, role, identity)
    text = approvals.statement(project, version, role)
    signed = signature.sign(text.encode(), key)
    signers = project.root / project.config.approvals.allowed_signers
    if not signature.is_valid(text.encode(), signed, identity, signers):
        raise InputError(
            f"{signers.name} does not know {key.name} as a key of {identity!r}",
            f"a line of it is an identity and a public key: {identity} ssh-ed25519 AAAA…",
        )
    given = Approval(role=role, identity=identity, statement=text, signature=signed)
    with transaction(project) as connection:
        audit.append(
            connection,
            action=approvals.ACTION,
            model=version.name,
            version=version.version,
            details=given.to_dict(),
        )
    return given
