"""``/healthz`` of the scheduler: whether its ticks still come."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mlops_nb.errors import InputError

Health = Callable[[], tuple[bool, Mapping[str, Any]]]


@contextmanager
def health_server(host: str, port: int, health: Health) -> Iterator[int]:
    """Answer ``/healthz`` in a thread for as long as the block runs.

    Parameters
    ----------
    host : str
        The address to listen on.
    port : int
        0 for any that is free.
    health : callable
        Answers whether all is well, and the details; 200 or 503 follows from it.

    Yields
    ------
    int
        The port.

    Raises
    ------
    InputError
        The port is taken or not allowed.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/healthz":
                self.send_error(404)
                return
            well, details = health()
            body = json.dumps({"status": "ok" if well else "late", **details}).encode()
            self.send_response(200 if well else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet: a probe asks every few seconds."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise InputError(f"cannot listen on {host}:{port}: {error}", "--port 0") from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
