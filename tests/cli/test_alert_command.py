from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlops_nb.cli.alert import command
from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError
from mlops_nb.result import Result as Check
from mlops_nb.result import Status
from mlops_nb.state.alerts import Found, record


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def raised(project: Project) -> None:
    due = datetime(2026, 4, 1, tzinfo=UTC)
    found = Found(model="flights", job="monitor", attempt="a", folder="f", due=due)
    failed = Check(name="performance.auc", subject="all", status=Status.FAILED, message="fell")
    record(project, found, [failed])


def test_alerts_are_listed_and_acknowledged(project: Project) -> None:
    assert invoke("list").output == "no alerts\n"
    raised(project)
    text = invoke("list").output
    assert "performance.auc/all" in text
    assert "1 open" in text
    assert "is acknowledged" in invoke("ack", "1", "--note", "me").output
    (alert,) = json.loads(invoke("list", "--format", "json").output)["alerts"]
    assert (alert["status"], alert["note"], alert["model"]) == ("acknowledged", "me", "flights")
    with pytest.raises(NotFoundError):
        invoke("ack", "2")


def test_the_routes_are_tested(tmp_path: Path, project: Project) -> None:
    done = invoke("test")
    assert done.exit_code == 0
    assert "delivered" in done.output
    assert "test of the alert routes" in (project.home / "alerts.log").read_text(encoding="utf-8")
    (tmp_path / "mlops.toml").write_text(
        '[alerts.routes]\nlocal = "local"\nchat = "env:NO_SUCH_VARIABLE"\n', encoding="utf-8"
    )
    failed = invoke("test", "chat", "--format", "json")
    assert failed.exit_code == 1
    (told,) = json.loads(failed.output)["routes"]
    assert told == {
        "route": "chat",
        "problem": "the environment variable NO_SUCH_VARIABLE is not set",
    }


@pytest.mark.parametrize("name", ["list", "ack", "test"])
def test_help_ends_with_an_example(name: str) -> None:
    assert "Example: mlops alert" in invoke(name, "--help").output.strip().splitlines()[-1]
