"""A real Jupyter Server, for the tests of this folder alone.

pytest-jupyter's fixtures are imported and not registered as a plugin: two of them are automatic and
would start and stop servers around every other test of the session.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_jupyter.jupyter_core import *  # noqa: F403
from pytest_jupyter.jupyter_server import *  # noqa: F403
from pytest_jupyter.pytest_tornasync import *  # noqa: F403

from mlops_nb.config import Project, load_project


@pytest.fixture
def jp_server_config() -> dict[str, object]:
    return {"ServerApp": {"jpserver_extensions": {"mlops_nb": True}}}


@pytest.fixture
def served(jp_root_dir: Path) -> Project:
    """A project with a notebook in a sub-folder, in the server's root directory."""
    folder = jp_root_dir / "churn" / "notebooks"
    folder.mkdir(parents=True)
    (jp_root_dir / "churn" / "mlops.toml").write_text('experiment = "churn"\n', encoding="utf-8")
    (folder / "train.ipynb").write_text("{}", encoding="utf-8")
    return load_project(folder)
