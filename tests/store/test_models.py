"""Logged models and versions in a real SQLite store."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from mlops_nb import modelfile
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, NotFoundError, StoreError
from mlops_nb.store import models, runs, versions

X = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)), columns=["a", "b", "c"])
Y = (X["a"] > 0).astype(int)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One store for the tests of this module: making one takes seconds."""
    root = tmp_path_factory.mktemp("store")
    (root / "mlops.toml").write_text(
        f'experiment = "store"\ntracking-uri = "sqlite:///{root}/.mlops/mlops.db"\n',
        encoding="utf-8",
    )
    return load_project(root)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> modelfile.ModelFile:
    fitted = RandomForestClassifier(3, random_state=0).fit(X, Y)
    return modelfile.save(fitted, tmp_path_factory.mktemp("models") / "forest")


def new_run(project: Project, uid: str) -> str:
    return runs.create(project, uid=uid, name=uid, started_ms=int(time.time() * 1000), tags={})


def test_a_model_is_stored_as_it_is_and_found_by_its_run(
    shared: Project, stored: modelfile.ModelFile
) -> None:
    run_id = new_run(shared, "one")
    assert models.find_model(shared, run_id) is None
    first = models.log_model(shared, run_id, stored.path, input_example=X)
    newest = models.log_model(shared, run_id, stored.path)
    other = models.log_model(shared, run_id, stored.path, name="other")
    assert models.find_model(shared, run_id) == newest
    assert models.find_model(shared, run_id, "other") == other
    folder = models.download_model(shared, first)
    assert modelfile.inspect(folder / "model.skops").sha256 == stored.sha256
    listed = (folder / "requirements.txt").read_text(encoding="utf-8")
    assert "scikit-learn==" in listed
    assert "skops==" in listed


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*type hint is inferred as AnyType:UserWarning")
def test_mlflow_itself_reads_the_model_back(
    shared: Project, stored: modelfile.ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    run_id = new_run(shared, "two")
    folder = models.download_model(
        shared, models.log_model(shared, run_id, stored.path, input_example=X)
    )
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")
    forest: Any = modelfile.load(stored.path)
    expected = forest.predict(X)
    np.testing.assert_array_equal(mlflow.sklearn.load_model(str(folder)).predict(X), expected)
    generic = mlflow.pyfunc.load_model(str(folder))
    np.testing.assert_array_equal(generic.predict(X), expected)
    assert generic.metadata.get_input_schema().input_names() == ["a", "b", "c"]
    assert generic.metadata.get_output_schema() is not None


def test_versions_aliases_and_tags(shared: Project, stored: modelfile.ModelFile) -> None:
    run_id = new_run(shared, "three")
    uri = models.log_model(shared, run_id, stored.path)
    first = versions.create_version(shared, "late", source=uri, run_id=run_id, tags={"a": "1"})
    second = versions.create_version(shared, "late", source=uri, run_id=run_id, tags={})
    assert (first.version, second.version, first.source) == (1, 2, uri)
    versions.set_alias(shared, "late", "champion", 1)
    versions.set_alias(shared, "late", "champion", 2)
    versions.set_alias(shared, "late", "challenger", 2)
    versions.set_tags(shared, "late", 2, {"b": "2"})
    found = versions.list_versions(shared, "late")
    assert [(v.version, v.aliases) for v in found] == [(2, ("challenger", "champion")), (1, ())]
    assert found[0].tags["b"] == "2"
    assert found[1].tags["a"] == "1"
    assert versions.aliases(shared, "late") == {"champion": 2, "challenger": 2}
    versions.delete_alias(shared, "late", "challenger")
    assert versions.get_version(shared, "late", 2).aliases == ("champion",)
    assert "late" in versions.model_names(shared)
    versions.delete_version(shared, "late", 1)
    assert [v.version for v in versions.list_versions(shared, "late")] == [2]


def test_what_is_not_there_is_named(shared: Project, stored: modelfile.ModelFile) -> None:
    run_id = new_run(shared, "four")
    uri = models.log_model(shared, run_id, stored.path)
    versions.create_version(shared, "delays", source=uri, run_id=run_id, tags={})
    with pytest.raises(NotFoundError, match="unknown model 'dleays'") as caught:
        versions.list_versions(shared, "dleays")
    assert caught.value.hint == "did you mean 'delays'?"
    with pytest.raises(NotFoundError, match="no version 7") as caught:
        versions.get_version(shared, "delays", 7)
    assert "versions: 1" in caught.value.hint
    with pytest.raises(InputError, match="no model file"):
        models.log_model(shared, run_id, Path("absent.skops"))
    with pytest.raises(NotFoundError):
        models.download_model(shared, "models:/m-00000000000000000000000000000000")


def test_an_empty_project_has_no_models(project: Project) -> None:
    assert versions.list_versions(project) == []
    assert not project.home.exists()
    with pytest.raises(NotFoundError, match="unknown model"):
        versions.aliases(project, "any")


def test_an_unreachable_store_says_so_within_seconds(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_TRACKING_URI", "http://127.0.0.1:1")
    started = time.monotonic()
    with pytest.raises(StoreError, match="cannot reach the store"):
        versions.list_versions(load_project(project.root))
    assert time.monotonic() - started < 10


def test_requirements_are_the_lock_that_agrees_or_a_fixed_list(tmp_path: Path) -> None:
    from sklearn.tree import DecisionTreeClassifier

    from mlops_nb import environment, modelfile
    from mlops_nb.store.model_folder import requirements

    tree = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
    found = modelfile.save(tree, tmp_path / "tree")
    installed = environment.packages()
    short = requirements(found, tmp_path)
    assert f"scikit-learn=={installed['scikit-learn']}" in short
    assert not any(line.startswith(("click", "lightgbm")) for line in short)
    lock = tmp_path / "requirements.lock"
    lock.write_text("".join(f"{n}=={v}\n" for n, v in installed.items() if n != "ruff"))
    whole = requirements(found, tmp_path)
    assert f"click=={installed['click']}" in whole
    assert not any(line.startswith("ruff==") for line in whole)
    lock.write_text("scikit-learn==0.1\nclick==0.1\n")
    assert requirements(found, tmp_path) == short
