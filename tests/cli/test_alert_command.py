from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlops_nb.cli.alert import command
from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.result import Result as Check
from mlops_nb.result import Status
from mlops_nb.state.alerts import Found, record
from mlops_nb.state.database import transaction
from mlops_nb.state.deliveries import enqueue, settle, take_due


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


def test_a_message_that_no_route_has_taken_is_told(project: Project) -> None:
    with transaction(project) as connection:
        enqueue(connection, "a7", ["chat"], title="t", body="b")
    (waiting,) = take_due(project, datetime.now(UTC) + timedelta(seconds=1))
    settle(project, waiting.id, "connection refused")
    told = "route chat has not taken the message of attempt a7: connection refused\n"
    assert invoke("list").output == f"{told}no alerts\n"
    (outbox,) = json.loads(invoke("list", "--format", "json").output)["undelivered"]
    assert outbox == {"attempt": "a7", "route": "chat", "problem": "connection refused"}
    settle(project, waiting.id, "")
    assert invoke("list").output == "no alerts\n"


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


def test_an_alert_is_shown_with_what_happened_to_it(project: Project) -> None:
    raised(project)
    invoke("ack", "1", "--note", "mine")
    text = invoke("show", "1").output
    assert "performance.auc/all, failed, acknowledged" in text
    assert "opened by a" in text
    assert "acknowledged by" in text
    shown = json.loads(invoke("show", "1", "--format", "json").output)
    assert [event["event"] for event in shown["events"]] == ["opened", "acknowledged"]
    with pytest.raises(NotFoundError, match="no alert 7"):
        invoke("show", "7")


def test_silences_are_made_listed_and_lifted(project: Project) -> None:
    assert invoke("silence").output == "no silences\n"
    assert "drift.*" in invoke("silence", "drift.*", "--for", "4h", "--note", "move").output
    (held,) = json.loads(invoke("silence", "--format", "json").output)["silences"]
    assert (held["pattern"], held["note"]) == ("drift.*", "move")
    assert invoke("silence", "--lift", "1").output == "no silences\n"
    for arguments, text in (
        (["silence", "x"], "wants an end"),
        (["silence", "x", "--for", "long"], "--for wants a span"),
    ):
        with pytest.raises(InputError, match=text):
            invoke(*arguments)


@pytest.mark.parametrize("name", ["list", "ack", "show", "silence", "test"])
def test_help_ends_with_an_example(name: str) -> None:
    assert "Example: mlops alert" in invoke(name, "--help").output.strip().splitlines()[-1]
