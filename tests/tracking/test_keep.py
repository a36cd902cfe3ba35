"""Runs that are deleted, restored, removed, exported, imported, and stores of another MLflow."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mlops_nb
from mlops_nb.cli.run import command
from mlops_nb.config import Config, Project
from mlops_nb.errors import InputError, NotFoundError, StoreError
from mlops_nb.store import connection, runs
from mlops_nb.store.lifecycle import deleted_runs
from mlops_nb.store.migration import schema_state, upgrade
from mlops_nb.tracking.sync import sync

pytestmark = pytest.mark.slow


def cli(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(command, words, input=answer)


@pytest.fixture
def filled(stored: Project) -> Project:
    from sklearn.linear_model import LinearRegression

    with mlops_nb.run("one", tags={"team": "a"}) as run:
        mlops_nb.log_param("depth", 3)
        for step, value in enumerate((1.0, 0.5, float("nan"))):
            run.log_metric("loss", value, step)
        run.log_text("hello", "notes/x.md")
        run.log_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]))
    with mlops_nb.run("two"):
        mlops_nb.log_metric("loss", 2)
    sync(stored)
    return stored


def test_deleted_runs_come_back_until_they_are_removed(filled: Project) -> None:
    assert cli("delete", "one", answer="n\n").exit_code in (0, 1)
    assert {r.name for r in runs.list_runs(filled)} == {"one", "two"}
    assert cli("delete", "one", "--yes").output.startswith("deleted one")
    assert {r.name for r in runs.list_runs(filled)} == {"two"}
    assert isinstance(cli("delete", "one", "--yes").exception, NotFoundError)
    assert json.loads(cli("restore", "one", "--format", "json").output)["schema"] == 1
    assert {r.name for r in runs.list_runs(filled)} == {"one", "two"}
    assert isinstance(cli("restore", "one").exception, NotFoundError)

    cli("delete", "one", "--yes")
    (gone,) = deleted_runs(filled)
    assert gone.bytes > 0
    assert "nothing to remove" in cli("gc", "--older-than", "1", "--yes").output
    assert cli("gc", answer="n\n").output.count("one") == 1
    assert deleted_runs(filled)
    assert "removed 1" in cli("gc", "--yes").output
    assert not deleted_runs(filled)
    assert not any(folder.exists() for folder in gone.folders)
    assert runs.get_run(filled, "two").metrics == {"loss": 2.0}
    assert "nothing to remove" in cli("gc", "--yes").output


def test_an_export_holds_everything_and_goes_into_another_store(
    filled: Project, migrated: Path, tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("carried") / "out"
    assert cli("export", "one", "two", str(folder)).exit_code == 0
    (one,) = [path for path in folder.iterdir() if path.name.startswith("one-")]
    content = json.loads((one / "run.json").read_text())
    assert [point[:2] for point in content["metrics"]["loss"]] == [[0, 1.0], [1, 0.5], [2, "nan"]]
    assert (one / "artifacts/notes/x.md").read_text() == "hello"
    assert (one / "models/model/MLmodel").is_file()
    assert isinstance(cli("export", "one", str(filled.root)).exception, InputError)

    other = tmp_path_factory.mktemp("other")
    (other / "mlops.toml").write_text('experiment = "elsewhere"\n')
    monkeypatch.chdir(other)
    assert json.loads(cli("import", str(folder), "--format", "json").output)["known"] == []
    project = Project(root=other, config=Config(experiment="elsewhere"))
    record = runs.get_run(project, "one")
    assert (record.params, record.tags["team"], record.status) == ({"depth": "3"}, "a", "FINISHED")
    assert runs.download(project, record.run_id, "notes/x.md").read_text() == "hello"
    assert "models:/" in record.tags["mlops.model.model"]
    original = runs.get_run(filled, "one")
    assert record.uid == original.uid
    assert (
        record.tags["mlops.model.model"].split()[1]
        == (original.tags["mlops.model.model"].split()[1])
    )
    assert len(json.loads(cli("import", str(folder), "--format", "json").output)["known"]) == 2
    assert isinstance(cli("import", str(other)).exception, InputError)
    (one / "run.json").unlink()
    assert isinstance(cli("import", str(folder)).exception, NotFoundError)


@pytest.fixture
def of_revision(stored: Project) -> Iterator[sqlite3.Connection]:
    connection._client.cache_clear()
    with closing(sqlite3.connect(stored.home / "mlops.db")) as database:
        yield database
    connection._client.cache_clear()


def test_a_store_of_a_newer_mlflow_is_left_alone(stored: Project, of_revision) -> None:
    of_revision.execute("UPDATE alembic_version SET version_num = 'feedfacecafe'")
    of_revision.commit()
    with pytest.raises(StoreError, match="are of another MLflow version") as caught:
        runs.list_runs(stored)
    assert "mlops run migrate" in caught.value.hint
    assert schema_state(stored).state == "newer"
    with pytest.raises(StoreError, match="written by a newer MLflow"):
        upgrade(stored)
    assert isinstance(cli("migrate", "--yes").exception, StoreError)
    assert not list(stored.home.glob("*.backup"))


def test_a_store_of_an_older_mlflow_is_copied_and_upgraded(stored: Project, of_revision) -> None:
    from alembic import command as alembic
    from mlflow.store.db.utils import _get_alembic_config

    run_id = runs.create(stored, uid="1a", name="kept", started_ms=1, tags={})
    connection._client.cache_clear()
    config = _get_alembic_config(stored.tracking_uri)
    alembic.downgrade(config, "-1")
    state = schema_state(stored)
    assert state.state == "older"
    assert cli("migrate", answer="n\n").exit_code == 0
    assert schema_state(stored).state == "older"
    answer = json.loads(cli("migrate", "--yes", "--format", "json").output)
    with closing(sqlite3.connect(answer["backup"])) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (state.found,)
    assert schema_state(stored).state == "current"
    assert runs.get_run(stored, run_id).name == "kept"
    assert "nothing to do" in cli("migrate").output


def test_an_empty_project_and_a_server_have_nothing_to_migrate(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert schema_state(project).state == "empty"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    error = cli("migrate").exception
    assert isinstance(error, StoreError)
    assert "server" in error.message
