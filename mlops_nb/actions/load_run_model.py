"""Load the model that a run logged, registered or not."""

from __future__ import annotations

from typing import Any

from mlops_nb import modelfile
from mlops_nb.config import Project, load_project
from mlops_nb.errors import NotFoundError
from mlops_nb.registry.scoring import model_path
from mlops_nb.store import models, runs


def load_run_model(
    run: str, project: Project | None = None, *, name: str = "model", allow_pickle: bool = False
) -> Any:
    """Load a run's model as it was fitted.

    Parameters
    ----------
    run : str
        The run's id, the beginning of it, or its name.
    project : Project, optional
        Whose run; that of the current folder by default.
    name : str, default="model"
        What the run calls the model.
    allow_pickle : bool, default=False
        Also load a model that was logged as a pickle, which runs the code inside.

    Returns
    -------
    estimator
        The fitted estimator.

    Raises
    ------
    NotFoundError
        There is no such run, or it logged no such model.
    MlopsError
        The model file must not be loaded.
    """
    project = project or load_project()
    record = runs.get_run(project, run)
    uri = models.find_model(project, record.run_id, name)
    if uri is None:
        raise NotFoundError(
            f"run {record.name or record.run_id!r} logged no model {name!r}",
            "log the fitted estimator in the run: %%mlops run --model NAME, or log_model(NAME)",
        )
    stored = modelfile.inspect(model_path(models.download_model(project, uri)))
    return modelfile.load(stored.path, allow_pickle=allow_pickle)
