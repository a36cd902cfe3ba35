"""What every test may ask for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from mlops_nb.config import Project, load_project

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
    parser.addoption("--kills", type=int, default=5, help="random moments of a SIGKILL")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own settings out of the tests."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLOPS_STATE_URI", "MLOPS_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project with a configuration of defaults, as the current folder."""
    (tmp_path / "mlops.toml").write_text('experiment = "test"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return load_project(tmp_path)


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
