from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.errors import NotFoundError
from mlops_nb.jobs.alerts import Message
from mlops_nb.jobs.routes import deliver

MESSAGE = Message(title="test: 1 alert", body="FAILED drift/x: moved\n  what to do: look")


def project_with(tmp_path: Path, **routes: str) -> Project:
    lines = "\n".join(f"{name} = {target!r}" for name, target in routes.items())
    (tmp_path / "mlops.toml").write_text(f"[alerts.routes]\n{lines}\n", encoding="utf-8")
    return load_project(tmp_path)


@pytest.fixture
def received() -> Iterator[tuple[int, list[dict[str, str]]]]:
    """A real HTTP server; its port and what was posted to it."""
    bodies: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if "broken" in self.path else 200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, bodies
    server.shutdown()
    server.server_close()


def test_the_local_route_appends_one_line(tmp_path: Path) -> None:
    project = project_with(tmp_path, local="local")
    assert deliver(project, MESSAGE) == {"local": ""}
    assert deliver(project, MESSAGE) == {"local": ""}
    lines = (project.home / "alerts.log").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("test: 1 alert | FAILED drift/x: moved | what to do: look")


def test_a_message_arrives_at_a_web_hook(
    tmp_path: Path,
    received: tuple[int, list[dict[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port, bodies = received
    monkeypatch.setenv("CHAT_URL", f"json://127.0.0.1:{port}/chat")
    project = project_with(tmp_path, chat="env:CHAT_URL", local="local")
    assert deliver(project, MESSAGE, ["chat"]) == {"chat": ""}
    assert [(body["title"], body["message"]) for body in bodies] == [(MESSAGE.title, MESSAGE.body)]
    assert not (project.home / "alerts.log").exists()


def test_a_route_that_fails_says_why_and_keeps_none_of_the_others(
    tmp_path: Path, received: tuple[int, list[dict[str, str]]]
) -> None:
    port, _ = received
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = closed.getsockname()[1]
    project = project_with(
        tmp_path,
        dead=f"json://127.0.0.1:{dead}",
        broken=f"json://127.0.0.1:{port}/broken",
        unset="env:NO_SUCH_VARIABLE",
        nonsense="nonsense://",
        local="local",
    )
    problems = deliver(project, MESSAGE)
    assert problems.pop("local") == ""
    assert problems["unset"] == "the environment variable NO_SUCH_VARIABLE is not set"
    assert all(problems.values())
    assert (project.home / "alerts.log").exists()


def test_an_unknown_route(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="unknown alert route 'locla'"):
        deliver(project_with(tmp_path, local="local"), MESSAGE, ["locla"])
