"""The evidence pack: all that a version rests on in one signed zip, for an auditor offline.

Each link names the next one by its SHA-256: the decision (a sealed entry of the audit log) names
the model file and ``metrics.json``, the approvals name both as well, and ``metrics.json`` names the
run's data hashes, cells and environment. A signed manifest holds them together.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_nb import modelfile
from mlops_nb.config import Project
from mlops_nb.errors import InputError, MlopsError, NotFoundError
from mlops_nb.registry import approvals, card, evidence, signature
from mlops_nb.registry.pack_readme import readme
from mlops_nb.registry.scoring import model_path
from mlops_nb.registry.versions import ModelVersion, fact
from mlops_nb.state import audit
from mlops_nb.store import models

MANIFEST, SIGNATURE, FACTS = "MANIFEST.sha256", "MANIFEST.sha256.sig", "pack.json"
SEALS = "audit/seals.txt"
_EVIDENCE = (card.JSON, card.MARKDOWN, card.HTML, evidence.METRICS, evidence.GATES)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same evidence makes the same zip


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack that was written.

    Parameters
    ----------
    path : Path
        The zip.
    version : str
        Of which version, ``name/3``.
    signer : str
        Who signed it.
    files : int
        How many files it holds.
    gaps : tuple of str
        What an auditor would look for and will not find.
    """

    path: Path
    version: str
    signer: str
    files: int
    gaps: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the pack as JSON-serialisable values."""
        return {
            "path": str(self.path),
            "version": self.version,
            "signer": self.signer,
            "files": self.files,
            "gaps": list(self.gaps),
        }


def write(
    project: Project,
    version: ModelVersion,
    output: Path,
    *,
    key: Path,
    identity: str,
    with_model: bool = True,
) -> Pack:
    """Write the evidence pack of a version, or nothing.

    Parameters
    ----------
    project : Project
        Whose registry and audit log.
    version : ModelVersion
        The version.
    output : Path
        The zip to write; an older one is replaced.
    key : Path
        The SSH key to sign with.
    identity : str
        Who signs, as in the file of allowed signers.
    with_model : bool, default=True
        Whether the model file itself goes in, or its hash alone.

    Raises
    ------
    NotFoundError
        The version has no evidence.
    InputError
        The key cannot be used, or the file cannot be written.
    MlopsError
        The model file or the evidence is not what was decided on: there is nothing to vouch for.
    """
    entries = audit.sealed(project)
    content = _evidence(project, version) | _log(entries, version)
    approved = [
        entry
        for entry, _ in entries
        if (entry.action, entry.model, entry.version)
        == (approvals.ACTION, version.name, version.version)
    ]
    for entry in approved:
        name = f"approvals/{entry.position}-{entry.details.get('role', '')}"
        content[f"{name}.statement"] = str(entry.details.get("statement", "")).encode()
        content[f"{name}.sig"] = str(entry.details.get("signature", "")).encode()
    gaps = _gaps(entries, version, content, with_model=with_model)
    model = model_path(models.download_model(project, version.source)) if with_model else None
    _refuse_changed(entries, version, content, model)
    about = _about(version, identity, model, gaps)
    content[FACTS] = (json.dumps(about, indent=2) + "\n").encode()
    content["README.md"] = readme(about, approved).encode()
    files: dict[str, bytes | Path] = {**content}
    if model is not None:
        files[str(about["model_file"])] = model
    manifest = _manifest(files)
    files[SIGNATURE] = signature.sign(manifest, key, namespace=signature.PACK).encode()
    _zip(output, {MANIFEST: manifest, **files})
    return Pack(
        path=output, version=version.label, signer=identity, files=len(files) + 1, gaps=tuple(gaps)
    )


def _about(
    version: ModelVersion, identity: str, model: Path | None, gaps: list[str]
) -> dict[str, Any]:
    return {
        "schema": 1,
        "model": version.name,
        "version": version.version,
        "run_id": version.run_id,
        "model_sha256": fact(version, "sha256"),
        "model_file": f"model/{model.name}" if model is not None else None,
        "signed_by": identity,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "gaps": gaps,
    }


def _evidence(project: Project, version: ModelVersion) -> dict[str, bytes]:
    found = {}
    for name in _EVIDENCE:
        try:
            found[name] = evidence.read(project, version, name)
        except NotFoundError:
            if name == evidence.METRICS:
                raise
    for name in evidence.RUN_FILES:
        text = evidence.run_file(project, version, f"mlops/{name}")
        if text is not None:
            found[f"run/{name}"] = text.encode()
    return found


def _log(entries: list[tuple[audit.Entry, str]], version: ModelVersion) -> dict[str, bytes]:
    """Return the version's entries as they were sealed, and of all others the seals alone."""
    found: dict[str, bytes] = {}
    for entry, text in entries:
        if (entry.model, entry.version) == (version.name, version.version):
            found[f"audit/{entry.position:06d}.json"] = text.encode()
    seals = "".join(f"{entry.position:06d} {entry.seal}\n" for entry, _ in entries)
    return found | {SEALS: seals.encode()}


def _gaps(
    entries: list[tuple[audit.Entry, str]],
    version: ModelVersion,
    content: Mapping[str, bytes],
    *,
    with_model: bool,
) -> list[str]:
    moves = {
        entry.action
        for entry, _ in entries
        if (entry.model, entry.version) == (version.name, version.version)
    }
    gaps = [] if "promote" in moves else ["nobody decided yet that this version goes live"]
    gaps += [] if approvals.ACTION in moves else ["nobody approved this version by signature"]
    gaps += [] if with_model else ["the model file was left out; its hash is in pack.json"]
    if "run/slice.ipynb" not in content and "run/script.py" not in content:
        gaps.append("the run kept neither the cells nor the script it came from")
    if "run/data.json" not in content:
        gaps.append("the run named no input, so no data hash is known")
    return gaps


def _refuse_changed(
    entries: list[tuple[audit.Entry, str]],
    version: ModelVersion,
    content: Mapping[str, bytes],
    model: Path | None,
) -> None:
    """Refuse to vouch for what is not as it was registered and decided on."""
    if model is not None and modelfile.digest(model) != fact(version, "sha256"):
        raise _changed("the model file", version, "registered")
    decided = [
        entry.details.get("metrics_sha256")
        for entry, _ in entries
        if (entry.action, entry.model, entry.version) == ("promote", version.name, version.version)
    ]
    # Versions let live by an early release have no hash of the evidence in the log.
    found = hashlib.sha256(content[evidence.METRICS]).hexdigest()
    if decided and decided[-1] not in (None, found):
        raise _changed(evidence.METRICS, version, "decided on")


def _changed(what: str, version: ModelVersion, how: str) -> MlopsError:
    return MlopsError(
        f"{what} of {version.label} is not what was {how}: a pack would vouch for it",
        "find out who wrote to the store; bring its files back from a backup",
    )


def _manifest(files: Mapping[str, bytes | Path]) -> bytes:
    lines = []
    for name in sorted(files):
        source = files[name]
        if isinstance(source, bytes):
            digest = hashlib.sha256(source).hexdigest()
        else:
            with source.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        lines.append(f"{digest}  {name}\n")
    return "".join(lines).encode()


def _zip(output: Path, files: Mapping[str, bytes | Path]) -> None:
    aside = output.with_name(f".{output.name}.part")
    try:
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, source in files.items():
                info = zipfile.ZipInfo(name, _EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o644 << 16
                data = source if isinstance(source, bytes) else source.read_bytes()
                archive.writestr(info, data)
        aside.replace(output)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise InputError(f"cannot write {output}: {error.strerror}") from error
