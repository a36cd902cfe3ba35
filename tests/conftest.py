"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_nb.config import Project, load_project


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
