"""Pack: all that a version rests on in one signed zip, for an auditor."""

from __future__ import annotations

from pathlib import Path

from mlops_nb import git
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, MlopsError
from mlops_nb.registry import pack as packs
from mlops_nb.registry.versions import resolve
from mlops_nb.state import audit


def pack(
    reference: str,
    output: Path,
    *,
    key: Path,
    identity: str = "",
    with_model: bool = True,
    project: Project | None = None,
) -> packs.Pack:
    """Write the evidence pack of a version, signed.

    Parameters
    ----------
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion.
    output : Path
        The zip to write.
    key : Path
        The SSH key to sign with.
    identity : str, optional
        Who signs, as in the auditor's file of allowed signers; git's ``user.email`` by default.
    with_model : bool, default=True
        Whether the model file goes in, or its hash alone.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Raises
    ------
    InputError
        Nobody is named to sign, or the key or the file cannot be used.
    MlopsError
        The audit log was changed after it was written: there is nothing to vouch for.
    NotFoundError
        There is no such version, or it has no evidence.
    """
    project = project or load_project()
    version = resolve(project, reference)
    identity = identity or git.email(project.root)
    if not identity:
        raise InputError("git does not know who you are", "name yourself: --as you@example.org")
    if audit.broken(project):
        raise MlopsError(
            "the audit log was changed after it was written: a pack would vouch for it",
            "mlops model audit --verify",
        )
    return packs.write(project, version, output, key=key, identity=identity, with_model=with_model)
