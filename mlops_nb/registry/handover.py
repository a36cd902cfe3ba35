"""A folder that holds one model version with all it takes to run it, told by its manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops_nb.errors import MlopsError, NotFoundError
from mlops_nb.registry.versions import ModelVersion, parse

MANIFEST = "handover.json"
SUMS = "SHA256SUMS"
CONTRACT, SLO = "contract.toml", "slo.toml"
INPUT, EXPECTED = "smoke/input.parquet", "smoke/expected.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What a folder's manifest says.

    Parameters
    ----------
    version : ModelVersion
        The version in it.
    model : Path
        Its file.
    sha256 : str
        The digest that file must have.
    features : list of str
        The columns it wants, in its order.
    threshold : float, optional
        Score from which a row counts as positive; None but for binary models.
    """

    version: ModelVersion
    model: Path
    sha256: str
    features: list[str]
    threshold: float | None


def manifest_of(version: ModelVersion, *, file: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of a folder.

    Parameters
    ----------
    version : ModelVersion
        The version in it.
    file : str
        The model file's path from the folder.
    facts : mapping
        The ``model`` part of the version's card.
    """
    return {
        "schema": 1,
        "name": version.name,
        "version": version.version,
        "run_id": version.run_id,
        "created": version.created.isoformat(),
        "file": file,
        "sha256": facts["sha256"],
        "features": facts["features"],
        "threshold": facts["threshold"],
    }


def find(folder: Path, reference: str) -> Handover | None:
    """Return what a folder was handed over with, None when it is no such folder.

    Parameters
    ----------
    folder : Path
        The project's root.
    reference : str
        ``name@alias``, ``name/3`` or ``name``: whatever the alias, one version is here.

    Raises
    ------
    NotFoundError
        Another model, or another version of it, is in the folder.
    MlopsError
        The manifest is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        version = ModelVersion(
            name=said["name"],
            version=int(said["version"]),
            aliases=(),
            run_id=said["run_id"],
            source=str(folder / said["file"]),
            created=datetime.fromisoformat(said["created"]),
        )
        found = Handover(
            version=version,
            model=folder / said["file"],
            sha256=said["sha256"],
            features=list(said["features"]),
            threshold=said["threshold"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MlopsError(f"{path} is damaged: {error!r}", "ask for the handover again") from error
    name, _, number = parse(reference)
    if name != version.name or number not in (None, version.version):
        raise NotFoundError(
            f"{folder} was handed over with {version.label}, not with {reference}",
            f"it is all there is in it: {version.name}",
        )
    return found
