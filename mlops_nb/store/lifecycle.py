"""Runs that are deleted: into MLflow's bin, out of it again, and for good."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError, StoreError, did_you_mean
from mlops_nb.store.connection import client, exists, experiment_id, store_errors
from mlops_nb.store.runs import UID_TAG


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedRun:
    """A run in the bin.

    Parameters
    ----------
    run_id, uid, name : str
        What it is called.
    folders : tuple of Path
        Local folders of its files and models; empty on a server.
    bytes : int
        Size of those.
    """

    run_id: str
    uid: str
    name: str
    folders: tuple[Path, ...]
    bytes: int


def delete(project: Project, run_id: str) -> None:
    """Throw a run away; :func:`restore` brings it back."""
    tracking = client(project)
    with store_errors(project):
        tracking.delete_run(run_id)


def restore(project: Project, run_id: str) -> None:
    """Bring a run back that was thrown away."""
    tracking = client(project)
    with store_errors(project):
        tracking.restore_run(run_id)


def deleted_runs(project: Project, *, older_than_days: float = 0) -> list[DeletedRun]:
    """Return the runs of the project's experiment that are in the bin, the newest first.

    Parameters
    ----------
    project : Project
        Whose runs.
    older_than_days : float
        Only those that were thrown away so long ago.

    Raises
    ------
    StoreError
        The store is behind a server, which does not say when a run was thrown away.
    """
    if not exists(project):
        return []
    tracking, experiment = client(project), experiment_id(project)
    from mlflow.entities import ViewType

    found: list[Any] = []
    token: str | None = None
    with store_errors(project):
        while True:
            page = tracking.search_runs(
                [experiment],
                run_view_type=ViewType.DELETED_ONLY,
                order_by=["attributes.start_time DESC"],
                page_token=token,
            )
            found.extend(page)
            token = page.token
            if not token:
                break
        if older_than_days:
            milliseconds = int(older_than_days * 86_400_000)
            old = set(_database(tracking)._get_deleted_runs(older_than=milliseconds))
            found = [run for run in found if run.info.run_id in old]
        return [_deleted(tracking, run) for run in found]


def find_deleted(project: Project, reference: str) -> DeletedRun:
    """Return one run of the bin, by id, the beginning of one, or name (its latest run).

    Raises
    ------
    NotFoundError
        None is called that.
    """
    runs = deleted_runs(project)
    for run in runs:
        if reference in (run.run_id, run.uid, run.name):
            return run
    near = [r for r in runs if r.run_id.startswith(reference) or r.uid.startswith(reference)]
    if len(near) == 1 and reference:
        return near[0]
    hint = did_you_mean(reference, {run.name for run in runs}) or "no run is deleted"
    raise NotFoundError(f"no deleted run {reference!r} in {project.experiment!r}", hint)


def purge(project: Project, run: DeletedRun) -> None:
    """Remove a deleted run with its points, files and models for good.

    Raises
    ------
    StoreError
        The store is behind a server, which alone can do this.
    """
    tracking = client(project)
    store = _database(tracking)
    with store_errors(project):
        # The files first: were this cut off, the run would still be in the bin to do it again.
        for folder in run.folders:
            shutil.rmtree(folder, ignore_errors=True)
        for model in _models(tracking, run.run_id):
            tracking.delete_logged_model(model.model_id)
            store._hard_delete_logged_model(model.model_id)
        store._hard_delete_run(run.run_id)


def _database(tracking: Any) -> Any:
    store = tracking._tracking_client.store
    if not hasattr(store, "_hard_delete_run"):
        raise StoreError(
            "a server's runs are removed for good by the server alone",
            "mlflow gc --backend-store-uri … on its machine",
        )
    return store


def _deleted(tracking: Any, run: Any) -> DeletedRun:
    places = [
        run.info.artifact_uri,
        *(m.artifact_location for m in _models(tracking, run.info.run_id)),
    ]
    folders = tuple(path for place in places if (path := _local(place)) is not None)
    return DeletedRun(
        run_id=run.info.run_id,
        uid=run.data.tags.get(UID_TAG, ""),
        name=run.info.run_name or "",
        folders=folders,
        bytes=sum(f.stat().st_size for path in folders for f in path.rglob("*") if f.is_file()),
    )


def _models(tracking: Any, run_id: str) -> list[Any]:
    outputs = tracking.get_run(run_id).outputs
    return [
        tracking.get_logged_model(o.model_id) for o in (outputs.model_outputs if outputs else [])
    ]


def _local(uri: str) -> Path | None:
    parts = urlsplit(uri)
    path = Path(unquote(parts.path))
    if parts.scheme not in {"", "file"} or not path.is_dir():
        return None
    # A run's own folder is <run>/artifacts: its parent holds nothing else.
    return path.parent if path.name == "artifacts" and len(path.parent.name) >= 32 else path
