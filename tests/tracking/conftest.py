from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from mlops_nb.config import Config, Project, load_project
from mlops_nb.tracking import context, current

# The extra [server] of pyproject.toml, and the driver of the database that teams keep runs in.
SERVER = ("mlflow>=3.17,<3.18", "psycopg[binary]>=3.2")


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


class Server:
    """A real MLflow server on this machine, which can be stopped and started again."""

    def __init__(self, mlflow: Path, folder: Path, store: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._mlflow, self._folder = mlflow, folder
        self._store = store or f"sqlite:///{folder / 'server.db'}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        files = str(self._folder / "files")
        command = [self._mlflow, "server", "--host", "127.0.0.1", "--port", str(self.port),
                   "--workers", "1", "--backend-store-uri", self._store,
                   "--artifacts-destination", files]  # fmt: skip
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 300  # a busy machine imports for minutes
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.uri}/health", timeout=1).close()
                return
            except OSError:
                time.sleep(0.2)
        self.stop()
        pytest.fail((self._folder / "server.log").read_text()[-2000:])

    def stop(self) -> None:
        """Stop it with its workers."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, scripts_of: Callable[..., Path]
) -> Iterator[Server]:
    """A running server, from an environment of its own beside the repository."""
    mlflow = scripts_of("mlflow-server", *SERVER) / "mlflow"
    running = Server(mlflow, tmp_path_factory.mktemp("server"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def server_on_postgres(
    tmp_path: Path, scripts_of: Callable[..., Path], database: str
) -> Iterator[Server]:
    """A running server that keeps its runs in PostgreSQL."""
    folder = tmp_path / "server"
    folder.mkdir()
    running = Server(scripts_of("mlflow-server", *SERVER) / "mlflow", folder, database)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def on_server(project: Project, server: Server, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The current folder's project, with an experiment of its own on the server."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")  # as the follower has it
    monkeypatch.setenv("MLOPS_EXPERIMENT", f"test-{uuid4().hex[:8]}")
    return load_project(project.root)


@pytest.fixture
def stored(project: Project, request: pytest.FixtureRequest) -> Project:
    """The current folder's project, with an empty store; ``--on-server``: on a real server."""
    if request.config.getoption("--on-server", default=False):
        found: Project = request.getfixturevalue("on_server")
        return found
    project.home.mkdir()
    shutil.copy(request.getfixturevalue("migrated"), project.home / "mlops.db")
    return project
