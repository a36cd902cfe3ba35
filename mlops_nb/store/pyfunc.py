"""A model for MLflow's own model server, made from code: the server runs the file that we write."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import MissingExtraError, MlopsError

if TYPE_CHECKING:
    import pandas as pd

Answer = Callable[["pd.DataFrame"], "pd.DataFrame"]

_NEEDED = ("fastapi", "uvicorn")
_REQUEST_SECONDS = 60


def publish(build: Callable[[Mapping[str, Any]], Answer]) -> None:
    """Hand MLflow the model that it serves; called by the file that :func:`write_model` writes.

    Parameters
    ----------
    build : callable
        Called once, when the server starts, with the configuration given to :func:`write_model`;
        returns what answers a request.
    """
    from mlflow.models import set_model

    with warnings.catch_warnings():
        # That there are no type hints to read a schema off is meant.
        warnings.filterwarnings("ignore", message=".*type hints", category=UserWarning)
        set_model(_served(build))


def _served(build: Callable[[Mapping[str, Any]], Answer]) -> Any:
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc import PythonModel

    class Served(PythonModel):
        def load_context(self, context: Any) -> None:
            self._answer = build(context.model_config)

        # MLflow looks at the names of the arguments, and would read a schema off type hints.
        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
            try:
                return self._answer(model_input)
            except MlopsError as error:
                # The code that the server answers as 400: the request is at fault.
                raise MlflowException.invalid_parameter_value(str(error)) from error

    return Served()


def write_model(folder: Path, module: str, name: str, config: Mapping[str, Any]) -> Path:
    """Write a model folder that serves what a function of ours answers.

    Parameters
    ----------
    folder : Path
        Where such folders are kept; the same configuration gives the same one.
    module, name : str
        The function to be given to :func:`publish`.
    config : mapping
        What it is given, JSON-serialisable.

    Returns
    -------
    Path
        The model folder.
    """
    import mlflow.pyfunc

    code = f"from {module} import {name}\nfrom {__name__} import publish\n\npublish({name})\n"
    text = json.dumps([code, mlflow.__version__, dict(config)], sort_keys=True)
    place = folder / blake2b(text.encode(), digest_size=8).hexdigest()
    if (place / "MLmodel").is_file():
        return place
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        source, made = Path(temporary) / "served_model.py", Path(temporary) / "model"
        source.write_text(code, encoding="utf-8")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*type hints", category=UserWarning)
            mlflow.pyfunc.save_model(
                str(made), python_model=str(source), model_config=dict(config), pip_requirements=[]
            )
        shutil.rmtree(place, ignore_errors=True)
        made.replace(place)
    return place


def server_command(
    model: Path, *, host: str, port: int, workers: int
) -> tuple[Sequence[str], Mapping[str, str]]:
    """Return the command of MLflow's model server for a model folder, and its environment.

    Raises
    ------
    MissingExtraError
        A part of the server is not installed.
    """
    for part in _NEEDED:
        if find_spec(part) is None:
            raise MissingExtraError(f"{part}, a part of MLflow's model server,", "server")
    from mlflow.pyfunc import scoring_server

    command, environment = scoring_server.get_cmd(
        str(model), port=port, host=host, timeout=_REQUEST_SECONDS, nworkers=workers
    )
    # It calls uvicorn by its name: the one beside this interpreter is meant.
    path = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    return shlex.split(command), {**environment, "PATH": path}
