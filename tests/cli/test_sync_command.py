from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import mlops_nb
from mlops_nb.cli.sync import command
from mlops_nb.config import Project
from mlops_nb.tracking import context


@pytest.fixture(autouse=True)
def _no_follower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "ensure_follower", lambda project: False)


def test_nothing_to_do(project: Project) -> None:
    answer = CliRunner().invoke(command)
    assert (answer.exit_code, answer.output) == (0, "nothing to bring over\n")


@pytest.mark.slow
def test_what_was_done_is_said(project: Project) -> None:
    with mlops_nb.run("a"):
        mlops_nb.log_metric("m", 1)
    assert CliRunner().invoke(command).output == "1 points, 1 runs finished\n"
    with mlops_nb.run("b") as run:
        answer = CliRunner().invoke(command, ["--format", "json"])
        assert json.loads(answer.output)["live"] == [run.uid]
