"""Alerts on their way: silenced, told, retried, escalated, with real web hooks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mlops_nb.actions import respond as responding
from mlops_nb.actions.respond import look_after_alerts, respond
from mlops_nb.config import Project, load_project
from mlops_nb.jobs.attempt import AttemptRecord, AttemptStatus, attempt_folder
from mlops_nb.result import Result, Status
from mlops_nb.state.alert_events import events
from mlops_nb.state.alerts import acknowledge, list_alerts
from mlops_nb.state.deliveries import undelivered
from mlops_nb.state.silences import lift, silence

DUE = datetime(2026, 4, 1, tzinfo=UTC)


class Hook:
    """A web hook that can be told to fail; what it was sent."""

    def __init__(self) -> None:
        self.broken = False
        self.titles: list[str] = []
        self.pings = 0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not hook.broken:
                    hook.titles.append(body["title"])
                self.send_response(503 if hook.broken else 200)
                self.end_headers()

            def do_GET(self) -> None:
                hook.pings += 1
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Keep quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def watched(tmp_path: Path, hook: Hook) -> Project:
    port = hook.server.server_port
    (tmp_path / "p.md").write_text("# drift.column\n", encoding="utf-8")
    (tmp_path / "mlops.toml").write_text(
        'experiment = "test"\nowner = "team"\n'
        f'[alerts]\nheartbeat = "http://127.0.0.1:{port}/ping"\n'
        'escalate = ["boss"]\nescalate-after = 3600\n'
        f'[alerts.routes]\nchat = "json://127.0.0.1:{port}/chat"\n'
        f'boss = "json://127.0.0.1:{port}/boss"\n'
        '[jobs.monitor]\nnotebook = "n"\nalerts = ["chat"]\nplaybook = "p.md"\n'
        '[jobs.retrain]\nnotebook = "n"\nafter = {job = "monitor", on = "alert"}\n'
        '[jobs.score]\nnotebook = "n"\nfreshness = 60\nalerts = ["chat"]\n',
        encoding="utf-8",
    )
    return load_project(tmp_path)


def attempt(project: Project, number: int = 1) -> AttemptRecord:
    found = Result(name="drift.column", subject="x", status=Status.FAILED, message="moved")
    folder = attempt_folder(project, "monitor", DUE, f"a{number}")
    return AttemptRecord(
        job="monitor",
        attempt=f"a{number}",
        logical_time=DUE + timedelta(days=number),
        status=AttemptStatus.FINDINGS,
        started=DUE,
        ended=DUE,
        parameters={},
        notebook=project.root / "n",
        folder=folder,
        results=(found,),
    )


def history(project: Project, number: int = 1) -> list[str]:
    return [event.event for event in events(project, number)]


def test_every_change_of_an_alert_is_recorded(watched: Project, hook: Hook) -> None:
    response = respond(watched, attempt(watched))
    assert (response.triggers, response.alert, response.warnings) == (
        ("retrain",),
        "drift.column/x",
        (),
    )
    assert hook.titles == ["test: 1 alert from job monitor"]
    (alert,) = list_alerts(watched)
    assert (alert.owner, alert.playbook) == ("team", "p.md#driftcolumn")
    assert alert.told is not None
    respond(watched, attempt(watched, 2))
    acknowledge(watched, 1, "mine")
    assert respond(watched, attempt(watched, 3)).triggers == ()
    assert history(watched) == [
        "opened", "triggered", "told", "seen_again", "triggered", "acknowledged", "seen_again",
    ]  # fmt: skip
    assert len(hook.titles) == 1


def test_a_silenced_alert_is_told_when_the_silence_is_over(watched: Project, hook: Hook) -> None:
    made = silence(watched, "drift.*", datetime.now(UTC) + timedelta(hours=1))
    assert respond(watched, attempt(watched)).triggers == ()
    assert history(watched) == ["opened", "silenced"]
    later = datetime.now(UTC) + timedelta(minutes=3)
    look_after_alerts(watched, later)
    assert [title for title in hook.titles if "monitor" in title] == []
    lift(watched, made.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(responding, "UNTOLD_AFTER", timedelta(0))
        look_after_alerts(watched, later)
    assert "test: 1 alert from the watch over job monitor" in hook.titles
    assert history(watched) == ["opened", "silenced", "told"]


def test_a_route_that_is_down_loses_nothing(watched: Project, hook: Hook) -> None:
    hook.broken = True
    (warning,) = respond(watched, attempt(watched)).warnings
    assert "'chat' did not take the message, it is tried again" in warning
    assert len(undelivered(watched)) == 1
    hook.broken = False
    respond(watched, attempt(watched, 2))
    assert hook.titles == [], "its next turn has not come"
    with pytest.MonkeyPatch.context() as patch:
        from mlops_nb.jobs import routes

        taken = routes.take_due
        ahead = timedelta(minutes=2)
        patch.setattr(routes, "take_due", lambda project, now: taken(project, now + ahead))
        look_after_alerts(watched, datetime.now(UTC))
    assert "test: 1 alert from job monitor" in hook.titles
    assert undelivered(watched) == []


def test_what_nobody_acknowledges_is_escalated_once(watched: Project, hook: Hook) -> None:
    respond(watched, attempt(watched))
    look_after_alerts(watched, datetime.now(UTC))
    assert not any("escalation" in title for title in hook.titles)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watched.config.alerts, "escalate_after", 1e-6)
        look_after_alerts(watched, datetime.now(UTC))
        look_after_alerts(watched, datetime.now(UTC))
    told = [title for title in hook.titles if "escalation" in title]
    assert told == ["test: 2 alerts from escalation: nobody has acknowledged them"]
    assert "escalated" in history(watched)


def test_a_job_that_does_not_come_is_told_once_and_the_heartbeat_goes_out(
    watched: Project, hook: Hook
) -> None:
    now = datetime.now(UTC)
    assert look_after_alerts(watched, now) == []
    assert look_after_alerts(watched, now) == []
    assert hook.titles == ["test: 1 alert from the watch over job score"]
    assert hook.pings == 2
    (alert,) = list_alerts(watched)
    assert (alert.identity, alert.attempt) == ("job.stale/score", "")
    hook.server.shutdown()
    hook.server.server_close()
    (problem,) = look_after_alerts(watched, now)
    assert problem.startswith("heartbeat: ")
