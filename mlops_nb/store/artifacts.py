"""The files that belong to a run in the MLflow store."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError
from mlops_nb.store.connection import client, store_errors


def upload(project: Project, run_id: str, local: Path, path: str) -> None:
    """Store a file, or a folder with all it holds, among the run's artifacts.

    Parameters
    ----------
    project : Project
        Whose store.
    run_id : str
        MLflow's id of the run.
    local : Path
        The file or folder.
    path : str
        Where it stands afterwards, below the run's artifacts and with its name:
        ``mlops/cell.py``. A folder's content goes into ``path``.
    """
    tracking = client(project)
    parent, _, name = path.rpartition("/")
    with store_errors(project):
        if local.is_dir():
            tracking.log_artifacts(run_id, str(local), artifact_path=path or None)
        elif local.name == name:
            tracking.log_artifact(run_id, str(local), artifact_path=parent or None)
        else:
            _upload_renamed(tracking, run_id, local, parent, name)


def download(project: Project, run_id: str, path: str) -> Path:
    """Return where one of the run's artifacts, file or folder, can be read.

    An embedded store's own file is returned as it stands; a server's is copied here first.

    Raises
    ------
    NotFoundError
        The run has no such artifact.
    """
    tracking = client(project)
    with store_errors(project):
        root = urlsplit(tracking.get_run(run_id).info.artifact_uri)
    if root.scheme in {"", "file"}:
        local = Path(unquote(root.path)) / path
        if not local.exists():
            raise NotFoundError(f"run {run_id} has no artifact {path!r}")
        return local
    with store_errors(project):
        return Path(tracking.download_artifacts(run_id, path))


def artifacts(project: Project, run_id: str, path: str = "") -> list[str]:
    """Return the paths of the run's files below `path`, in order."""
    tracking = client(project)
    found: list[str] = []
    with store_errors(project):
        folders = [path]
        while folders:
            for item in tracking.list_artifacts(run_id, folders.pop() or None):
                (folders if item.is_dir else found).append(item.path)
    return sorted(found)


def _upload_renamed(tracking: Any, run_id: str, local: Path, parent: str, name: str) -> None:
    # MLflow keeps the local file's name, so the file has to carry the wanted one.
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / name
        link.symlink_to(local.resolve())
        tracking.log_artifact(run_id, str(link), artifact_path=parent or None)
