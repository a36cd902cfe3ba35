"""The folder of a logged model: the model file beside what MLflow wants to read."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.environment import canonical, locked, packages, python_version
from mlops_nb.modelfile import ModelFile, load

if TYPE_CHECKING:
    import pandas as pd

EXAMPLE_ROWS = 5
_NEEDED = ("lightgbm", "numpy", "pandas", "scikit-learn", "scipy", "skops", "xgboost")


def write_folder(
    folder: Path,
    found: ModelFile,
    model: Any,
    run_id: str,
    example: pd.DataFrame | None,
    needs: list[str],
) -> None:
    """Write a model folder with scikit-learn's and MLflow's generic flavour.

    Parameters
    ----------
    folder : Path
        An empty folder.
    found : ModelFile
        The model; its bytes are copied.
    model : mlflow.entities.LoggedModel
        The entry of the store that the folder belongs to.
    run_id : str
        MLflow's id of the run.
    example : DataFrame, optional
        Rows as the model is given them; the first five are kept.
    needs : list of str
        Its requirements.
    """
    import mlflow
    from mlflow.models import Model

    described = Model(
        artifact_path=model.artifact_location,
        run_id=run_id,
        model_uuid=model.model_id,
        model_id=model.model_id,
    )
    name = "model.skops" if found.format == "skops" else "model.pkl"
    shutil.copyfile(found.path, folder / name)
    if example is not None and len(example):
        described.signature = _signature(found, example.head(EXAMPLE_ROWS))
        described.saved_input_example_info = _save_example(folder, example.head(EXAMPLE_ROWS))
    # What pyfunc.add_to_model writes, without importing pyfunc: that takes seconds, and warns.
    described.add_flavor(
        "python_function",
        loader_module="mlflow.sklearn",
        model_path=name,
        predict_fn="predict",
        python_version=python_version(),
        env={"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
    )
    described.add_flavor(
        "sklearn",
        pickled_model=name,
        sklearn_version=packages().get("scikit-learn", ""),
        serialization_format="skops" if found.format == "skops" else "pickle",
        skops_trusted_types=found.types if found.format == "skops" else None,
        code=None,
    )
    described.model_size_bytes = found.path.stat().st_size
    described.save(str(folder / "MLmodel"))
    _write_environment(folder, [*needs, f"mlflow=={mlflow.__version__}"])


def _signature(found: ModelFile, example: pd.DataFrame) -> Any:
    import warnings

    from mlflow.models import infer_signature

    with warnings.catch_warnings():
        # MLflow warns of each integer column: it could hold nulls one day.
        warnings.simplefilter("ignore")
        if found.format == "pickle":
            return infer_signature(example)
        estimator: Any = load(found.path)
        try:
            return infer_signature(example, estimator.predict(example))
        except (TypeError, ValueError):
            # The example is not what the model wants; that must not keep the model out.
            return infer_signature(example)


def _save_example(folder: Path, example: pd.DataFrame) -> dict[str, Any]:
    name = "input_example.json"
    (folder / name).write_text(example.to_json(orient="split", index=False), encoding="utf-8")
    return {"artifact_path": name, "type": "dataframe", "pandas_orient": "split"}


def requirements(found: ModelFile, root: Path) -> list[str]:
    """Return what a model needs, without running it to find out.

    Parameters
    ----------
    found : ModelFile
        The model.
    root : Path
        The project's folder. Its lock counts when it agrees with what is installed here;
        otherwise the few packages that a model of this kind is made of.
    """
    installed = {canonical(name): version for name, version in packages().items()}
    used = {name.partition(".")[0] for name in found.types}
    optional = {"lightgbm", "xgboost"}
    needed = [n for n in _NEEDED if n in installed and (n not in optional or n in used)]
    lock = {canonical(name): version for name, version in locked(root).items()}
    chosen = needed
    if lock and all(lock.get(name) == installed[name] for name in needed):
        chosen = [name for name in lock if lock[name] == installed.get(name)]
    return [f"{name}=={installed[name]}" for name in chosen if name != "mlflow"]


def _write_environment(folder: Path, needs: list[str]) -> None:
    """Write the three files from which MLflow can build the model an environment of its own."""
    python = python_version()
    listed = "\n".join(needs) + "\n"
    (folder / "requirements.txt").write_text(listed, encoding="utf-8")
    (folder / "python_env.yaml").write_text(
        f"python: {python}\nbuild_dependencies:\n- pip\ndependencies:\n- -r requirements.txt\n",
        encoding="utf-8",
    )
    pip = "".join(f"  - {line}\n" for line in needs)
    (folder / "conda.yaml").write_text(
        "name: mlflow-env\nchannels:\n- conda-forge\ndependencies:\n"
        f"- python={python}\n- pip\n- pip:\n{pip}",
        encoding="utf-8",
    )
