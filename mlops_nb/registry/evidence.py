"""The evidence of a model version: files among its run's artifacts."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError, MlopsError, NotFoundError
from mlops_nb.registry.versions import ModelVersion
from mlops_nb.store import runs

if TYPE_CHECKING:
    import pandas as pd

REFERENCE_PROFILE = "reference_profile.json"
HOLDOUT = "holdout.parquet"
RUN_FILES = ("cell.py", "slice.ipynb", "script.py", "environment.txt", "git.json", "data.json")
"""What tracking leaves of a run besides its numbers, below ``mlops/`` in its artifacts."""
METRICS = "metrics.json"
GATES = "gates.json"
CONTRACT = "contract.toml"


def folder(version: ModelVersion) -> str:
    """Return where the version's evidence stands below its run's artifacts."""
    return f"mlops/models/{version.name}/{version.version}"


def write(project: Project, version: ModelVersion, filename: str, content: bytes | str) -> None:
    """Store one file of evidence, in place of an older one of that name.

    Parameters
    ----------
    project : Project
        Whose store.
    version : ModelVersion
        The version it speaks for.
    filename : str
        Its name, such as ``card.html``.
    content : bytes or str
        What is in it; text is written as UTF-8.
    """
    data = content.encode() if isinstance(content, str) else content
    with tempfile.TemporaryDirectory() as temporary:
        local = Path(temporary) / filename
        local.write_bytes(data)
        runs.upload(project, version.run_id, local, f"{folder(version)}/{filename}")


def read(project: Project, version: ModelVersion, filename: str) -> bytes:
    """Return one file of evidence.

    Raises
    ------
    NotFoundError
        The version has no such file.
    """
    return _at(project, version, f"{folder(version)}/{filename}", filename).read_bytes()


def write_json(project: Project, version: ModelVersion, filename: str, values: object) -> None:
    """Store values as a JSON file of evidence."""
    text = json.dumps(values, indent=2, allow_nan=False)
    write(project, version, filename, text + "\n")


def read_json(project: Project, version: ModelVersion, filename: str) -> Any:
    """Return the values of a JSON file of evidence.

    Raises
    ------
    NotFoundError
        The version has no such file.
    MlopsError
        The file is damaged.
    """
    try:
        return json.loads(read(project, version, filename))
    except ValueError as error:
        raise _damaged(version, filename, error) from error


def table_bytes(rows: pd.DataFrame) -> bytes:
    """Return a table as the content of a Parquet file.

    Raises
    ------
    InputError
        A column holds values of several types.
    """
    buffer = io.BytesIO()
    try:
        rows.to_parquet(buffer, index=False)
    except (TypeError, ValueError) as error:
        text = str(error).partition("\n")[0]
        raise InputError(
            f"the hold-out cannot be kept: {text}", "give every column values of one type"
        ) from error
    return buffer.getvalue()


def read_table(project: Project, version: ModelVersion, filename: str) -> pd.DataFrame:
    """Return the rows of a Parquet file of evidence.

    Raises
    ------
    NotFoundError
        The version has no such file.
    MlopsError
        The file is damaged.
    """
    import pandas as pd

    try:
        return pd.read_parquet(io.BytesIO(read(project, version, filename)))
    except (OSError, ValueError) as error:
        raise _damaged(version, filename, error) from error


def digests(project: Project, version: ModelVersion, files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of what a version rests on, hexadecimal, by its place in a pack.

    Parameters
    ----------
    project : Project
        Whose store.
    version : ModelVersion
        The version.
    files : mapping
        Its files of evidence by name; the files of its run are added under ``run/``.
    """
    found = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    for name in RUN_FILES:
        text = run_file(project, version, f"mlops/{name}")
        if text is not None:
            found[f"run/{name}"] = hashlib.sha256(text.encode()).hexdigest()
    return found


def run_file(project: Project, version: ModelVersion, path: str) -> str | None:
    """Return the text of one of the run's own artifacts, None when the run has none."""
    try:
        return runs.download(project, version.run_id, path).read_text(encoding="utf-8")
    except NotFoundError:
        return None


def _damaged(version: ModelVersion, filename: str, error: Exception) -> MlopsError:
    text = str(error).partition("\n")[0]
    return MlopsError(
        f"{filename} of {version.label} is damaged: {text}",
        "bring the store's files back from a backup, or register the run again",
    )


def _at(project: Project, version: ModelVersion, path: str, filename: str) -> Path:
    try:
        return runs.download(project, version.run_id, path)
    except NotFoundError as error:
        raise NotFoundError(
            f"{version.label} has no {filename}",
            "it was not registered by this suite: mlops model register RUN NAME",
        ) from error
