"""Logged models of the MLflow store: a run's model with its files."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError
from mlops_nb.store.connection import client, store_errors

if TYPE_CHECKING:
    import pandas as pd

MODEL_URI = "models:/"


def log_model(
    project: Project,
    run_id: str,
    model_file: Path,
    *,
    name: str = "model",
    input_example: pd.DataFrame | None = None,
) -> str:
    """Store a model file as a logged model of a run, readable by MLflow itself as well.

    The bytes go in as they are, so that their digest stays the one taken when they were written.

    Parameters
    ----------
    project : Project
        Whose store.
    run_id : str
        MLflow's id of the run.
    model_file : Path
        A file written by :func:`mlops_nb.modelfile.save`.
    name : str, default="model"
        What the run calls the model.
    input_example : DataFrame, optional
        A few rows as the model is given them; the signature is read off them.

    Returns
    -------
    str
        The logged model's URI, ``models:/m-…``.

    Raises
    ------
    InputError
        The model file cannot be used.
    StoreError
        The store cannot be reached.
    """
    tracking = client(project)
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus

    from mlops_nb.modelfile import inspect
    from mlops_nb.store.model_folder import requirements, write_folder

    found = inspect(model_file)
    with store_errors(project), tempfile.TemporaryDirectory() as folder:
        run = tracking.get_run(run_id)
        for known in _logged(tracking, run, name):
            # A sync that was cut off before it could note the model.
            if known.tags.get("mlops.sha256") == found.sha256:
                return f"{MODEL_URI}{known.model_id}"
        model = tracking.create_logged_model(
            run.info.experiment_id,
            name=name,
            source_run_id=run_id,
            params=dict(run.data.params),
            tags={"mlops.sha256": found.sha256, "mlops.format": found.format},
            model_type="sklearn",
        )
        tracking.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
        needs = requirements(found, project.root)
        write_folder(Path(folder), found, model, run_id, input_example, needs)
        tracking.log_model_artifacts(model.model_id, folder)
        tracking.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    return f"{MODEL_URI}{model.model_id}"


def find_model(project: Project, run_id: str, name: str = "model") -> str | None:
    """Return the URI of the newest model of that name the run logged, None when it has none."""
    tracking = client(project)
    with store_errors(project):
        ready = _logged(tracking, tracking.get_run(run_id), name)
    newest = max(ready, key=lambda m: m.creation_timestamp, default=None)
    return f"{MODEL_URI}{newest.model_id}" if newest else None


def _logged(tracking: Any, run: Any, name: str) -> list[Any]:
    """Return the run's complete models of that name."""
    outputs = run.outputs.model_outputs if run.outputs else []
    models = [tracking.get_logged_model(output.model_id) for output in outputs]
    return [model for model in models if model.name == name and model.status == "READY"]


def download_model(project: Project, uri: str) -> Path:
    """Return the folder of a logged model: an embedded store's own, a server's copied here.

    Parameters
    ----------
    project : Project
        Whose store.
    uri : str
        :attr:`VersionRecord.source`.

    Raises
    ------
    NotFoundError
        There is no such model, or its files are gone.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    where, key = uri, hashlib.sha256(uri.encode()).hexdigest()[:16]
    if uri.startswith(MODEL_URI):
        key = uri.removeprefix(MODEL_URI)
        where = location(project, uri)
    root = urlsplit(where)
    if root.scheme in {"", "file"}:
        folder = Path(unquote(root.path))
        if not folder.is_dir():
            raise NotFoundError(f"the files of {uri} are gone from {folder}")
        return folder
    # A logged model never changes, so one copy under its id serves for good.
    kept = project.home / "cache" / "models" / key
    if not (kept / "MLmodel").is_file():
        kept.mkdir(parents=True, exist_ok=True)
        with store_errors(project):
            repository = get_artifact_repository(where, tracking_uri=project.tracking_uri)
            repository.download_artifacts("", str(kept))
    return kept


def lacking(folder: Path) -> list[str]:
    """Return what a logged model's folder lacks of what MLflow can say of it.

    Parameters
    ----------
    folder : Path
        From :func:`download_model`.

    Returns
    -------
    list of str
        ``signature``, ``input example``, or nothing.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    try:
        found = Model.load(str(folder))
    except (MlflowException, OSError, TypeError, ValueError):
        return ["signature", "input example"]
    lacks = [] if found.signature is not None else ["signature"]
    return lacks if found.saved_input_example_info else [*lacks, "input example"]


def location(project: Project, uri: str) -> str:
    """Return the artifact URI of a logged model's folder."""
    with store_errors(project):
        model = client(project).get_logged_model(uri.removeprefix(MODEL_URI))
    where: str = model.artifact_location
    return where
