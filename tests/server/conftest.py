"""A real Jupyter Server, for the tests of this folder alone.

pytest-jupyter's fixtures are imported and not registered as a plugin: two of them are automatic and
would start and stop servers around every other test of the session.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_core import *  # noqa: F403
from pytest_jupyter.jupyter_server import *  # noqa: F403
from pytest_jupyter.pytest_tornasync import *  # noqa: F403

from mlops_nb.config import Project, load_project

Ask = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


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


@pytest.fixture
def ask(jp_fetch: Callable[..., Any]) -> Ask:
    """Send a request below `/mlops/`; the status and the answer, whether it is a refusal or not."""

    async def send(*noun: str, body: object = None, **more: Any) -> tuple[int, dict[str, Any]]:
        if body is not None:
            text = body if isinstance(body, str) else json.dumps(body)
            more = {"method": "POST", "body": text, **more}
        response = await jp_fetch("mlops", *noun, raise_error=False, **more)
        return response.code, json.loads(response.body)

    return send
