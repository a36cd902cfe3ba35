"""What every test may ask for."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from mlops_nb.config import Project, load_project
from mlops_nb.tracking import binding

# The same examples in every run, so that a failure is one that anybody can repeat; new ones are
# looked for by `pytest --hypothesis-profile=explore`. A busy machine is no failure.
settings.register_profile("explore", deadline=None)
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the tests of tracking may be asked for."""
    parser.addoption("--on-server", action="store_true", help="store runs on an MLflow server")
    parser.addoption(
        "--outage", type=float, default=2.0, help="seconds without the server in test_server.py"
    )
    parser.addoption("--soak", action="store_true", help="run the soak of test_soak.py in small")
    parser.addoption("--kills", type=int, default=5, help="random moments of a SIGKILL")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own settings out of the tests, and give a busy machine its time."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLOPS_STATE_URI", "MLOPS_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setattr(binding, "WAIT_SECONDS", 120)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project with a configuration of defaults, as the current folder."""
    (tmp_path / "mlops.toml").write_text('experiment = "test"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return load_project(tmp_path)


@pytest.fixture(scope="session")
def scripts_of() -> Callable[..., Path]:
    """What makes an environment outside of the repository, once a machine, for a peer.

    It is called with a name and the packages, and returns the folder of the scripts.
    """

    def scripts(name: str, *packages: str) -> Path:
        # Other packages under the name of old are another environment.
        known_by = hashlib.sha256("\n".join(packages).encode()).hexdigest()[:8]
        home = Path(tempfile.gettempdir()) / f"mlops_nb-{name}-{known_by}-{os.getuid()}"
        with Path(f"{home}.lock").open("w") as lock:  # several test processes may ask at once
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (home / "ready").exists():
                _make_environment(home, packages)
        return home / "bin"

    return scripts


def _make_environment(home: Path, packages: tuple[str, ...]) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    uv = shutil.which("uv", path=path)
    if uv is None:
        pytest.skip(f"there is no uv to make an environment with {packages[0]} with")
    for command in (
        [uv, "venv", "--clear", "-p", sys.executable, home],
        [uv, "pip", "install", "--python", home / "bin" / "python", *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"{packages[0]} cannot be installed here: {done.stderr[-300:]}")
    (home / "ready").touch()


class Postgres:
    """A PostgreSQL server of our own on the loopback, which can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._programs, self._folder = programs, folder
        # PostgreSQL refuses to run as root; Debian's package brings a user for it.
        self._as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as_user:
            shutil.chown(folder, "postgres")
        self._call("initdb", "-U", "mlops", "-A", "trust", "--no-sync")

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://mlops@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self._folder} "
            "-c fsync=off -c max_connections=200"
        )
        self._call("pg_ctl", "-l", str(self._folder / "log"), "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stop it as a crash does, without a word to those that are connected."""
        self._call("pg_ctl", "-w", "-m", "immediate", "stop")

    def _call(self, program: str, *arguments: str) -> None:
        data = ["-D", str(self._folder / "data")]
        command = [*self._as_user, str(self._programs / program), *data, *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL server."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed: pip install 'mlops-nb[postgres]'")
    found = shutil.which("initdb")
    # Debian does not put it on the PATH.
    found = found or max(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), default=None)
    if found is None:
        pytest.skip("there is no PostgreSQL server; on Debian: apt install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="mlops-pg-"))
    running = Postgres(Path(found).parent, folder)
    running.start()
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres: Postgres) -> str:
    """The SQLAlchemy URL of an empty database on a PostgreSQL server."""
    import sqlalchemy as sa

    name = f"t{uuid4().hex}"
    engine = sa.create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return postgres.url(name)


# A module at a time: while playwright runs, no other event loop can in this process.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by playwright."""
    api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("there is no chromium on the PATH; on Debian: apt install chromium")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()
