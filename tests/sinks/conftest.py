from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass(kw_only=True)
class Crm:
    """A real HTTP server that takes rows, and fails as it is told to."""

    url: str = ""
    keys: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    #: What to answer to the n-th request: a status, with headers; "lost" takes it and hangs up.
    plan: Callable[[int], Any] = lambda _: 200


@pytest.fixture
def crm() -> Iterator[Crm]:
    """A server on a port of its own."""
    state = Crm()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = state.plan(len(state.headers))
            status, extra = answer if isinstance(answer, tuple) else (answer, {})
            state.headers.append(dict(self.headers))
            if status in (200, "lost"):
                state.keys.append(self.headers["Idempotency-Key"])
                state.rows += body["rows"]
            if status == "lost":
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}/scores"
    yield state
    server.shutdown()
    server.server_close()
