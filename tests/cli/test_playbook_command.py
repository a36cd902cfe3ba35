"""``mlops playbook``: what ships can be typed as it is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_nb.actions.init import init
from mlops_nb.cli.main import mlops
from mlops_nb.cli.playbook import wrong_command
from mlops_nb.config import load_project
from mlops_nb.jobs.playbook import Playbook, playbook_step, playbooks
from mlops_nb.result import Result, Status
from mlops_nb.state.alerts import Found, record


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    init(tmp_path, {"owner": "Ana", "model_name": "churn"})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shipped() -> list[Playbook]:
    from importlib.resources import files

    from mlops_nb.config import Config, Project

    folder = Path(str(files("mlops_nb") / "templates"))
    return playbooks(Project(root=folder, config=Config()))


@pytest.mark.parametrize("playbook", shipped(), ids=lambda playbook: playbook.name)
def test_every_command_that_ships_can_be_typed(playbook: Playbook) -> None:
    commands = playbook.commands()
    assert len(commands) >= 5
    assert {line: problem for line in commands if (problem := wrong_command(line))} == {}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("mlops model rolback x", "No such command"),
        ("mlops alert ack three", "is not a valid integer"),
        ("mlops monitor", "Missing argument 'MODEL'"),
        ("mlops job run score --retry", "No such option"),
        ("mlops mdel list", "did you mean 'model'"),
        ("mlops alert ack 3 --note 'open", "No closing quotation"),
    ],
)
def test_a_command_that_cannot_be_typed_is_told(line: str, problem: str) -> None:
    assert problem.lower() in wrong_command(line).lower()


def test_list_names_what_is_wrong(root: Path) -> None:
    done = CliRunner().invoke(mlops, ["playbook", "list"])
    assert done.exit_code == 0, done.output
    assert "bad-deploy" in done.output
    assert "Ana" in done.output
    page = root / "playbooks" / "latency.md"
    page.write_text(page.read_text().replace("mlops job list", "mlops job lst"))
    done = CliRunner().invoke(mlops, ["playbook", "list", "--format", "json"])
    assert done.exit_code == 1
    rows = {row["name"]: row for row in json.loads(done.output)["playbooks"]}
    assert list(rows["latency"]["wrong_commands"]) == ["mlops job lst"]
    assert rows["latency"]["owner"] == "Ana"


def test_show_prints_the_step_of_an_alert(root: Path) -> None:
    project = load_project(root)
    found = Found(
        model="churn", job="monitor", attempt="a", folder="", due=datetime.now(UTC), owner="Ana",
        playbook=lambda result: playbook_step(project, "monitor", result),
    )  # fmt: skip
    failed = Result(name="system.latency", subject="prediction", status=Status.FAILED)
    ((_, alert),) = record(project, found, [failed])
    done = CliRunner().invoke(mlops, ["playbook", "show", "--alert", str(alert.id)])
    assert done.exit_code == 0, done.output
    assert "### `system.latency`: the slowest answers" in done.output
    assert "owner Ana" in done.output
    assert "job_lateness" not in done.output
    whole = CliRunner().invoke(mlops, ["playbook", "show", "latency"])
    assert "## Post-mortem" in whole.output
    both = CliRunner().invoke(mlops, ["playbook", "show"])
    assert both.exit_code != 0
