from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_nb.config import Config, Project
from mlops_nb.tracking import context, current


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No child process unless a test asks for one, and no run left over from another test."""
    monkeypatch.setattr(context, "ensure_follower", lambda project: False)
    yield
    for run in list(current._active):
        run.end("KILLED")
        current.pop(run)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables, made once: migrating takes a second or more."""
    from mlops_nb.store.connection import client

    project = Project(root=tmp_path_factory.mktemp("migrated"), config=Config())
    client(project)
    return project.home / "mlops.db"


@pytest.fixture
def stored(project: Project, migrated: Path) -> Project:
    """The current folder's project, with an empty store."""
    project.home.mkdir()
    shutil.copy(migrated, project.home / "mlops.db")
    return project
