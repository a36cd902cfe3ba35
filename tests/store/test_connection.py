from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from mlops_nb.config import Config, Project
from mlops_nb.errors import StoreError
from mlops_nb.store import connection


def _at(root: Path, uri: str) -> Project:
    return Project(root=root, config=Config(tracking_uri=uri))


@pytest.mark.slow
def test_embedded_store_is_made_on_first_use(project, capfd) -> None:
    assert not connection.exists(project)
    first = connection.experiment_id(project)
    assert connection.exists(project)
    assert connection.experiment_id(project) == first
    with sqlite3.connect(project.home / "mlops.db") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()
    found = connection.client(project).get_experiment(first)
    assert found.artifact_location == (project.home / "artifacts").as_uri()
    assert capfd.readouterr() == ("", "")


def test_server_that_does_not_listen_is_an_error_in_seconds(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(StoreError, match="cannot reach the store") as error:
        connection.client(_at(tmp_path, "http://me:secret@127.0.0.1:9"))
    assert time.monotonic() - began < 5
    assert "secret" not in str(error.value)
    assert "MLFLOW_TRACKING_URI" in error.value.hint


@pytest.mark.parametrize("uri", ["sqlite:////proc/none/mlops.db", "nonsense://x"])
def test_store_that_cannot_be_opened(tmp_path: Path, uri: str) -> None:
    with pytest.raises(StoreError, match="cannot use the store"):
        connection.client(_at(tmp_path, uri))


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match="Permission denied: /store/artifacts/card") as refused,
        connection.store_errors(_at(tmp_path, "sqlite:///a.db")),
    ):
        raise PermissionError(13, "Permission denied", "/store/artifacts/card.json")
    assert "make the folder writable" in refused.value.hint


@pytest.mark.slow
def test_deleted_experiment_says_what_to_do(tmp_path: Path) -> None:
    project = Project(root=tmp_path, config=Config(experiment="gone"))
    tracking = connection.client(project)
    tracking.delete_experiment(tracking.create_experiment("gone"))
    with pytest.raises(StoreError, match="experiment 'gone' is deleted"):
        connection.experiment_id(project)


def test_shown_hides_the_password() -> None:
    assert connection.shown("postgresql://u:pw@h/db") == "postgresql://u:***@h/db"
    assert connection.shown("sqlite:///a.db") == "sqlite:///a.db"
