"""The child process that executes a notebook, seen from its supervisor."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_nb.jobs.processes import Tree, end_all

POLL_SECONDS = 0.2
SAVE_GRACE = 3.0


class Worker:
    """The child process: in a session of its own, so that no signal reaches it but ours."""

    def __init__(self, attempt: str, *, cwd: Path, environment: Mapping[str, str], log: Path):
        self.attempt, self.log = attempt, log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                # -P: a json.py beside the notebook must not be imported in place of the real one.
                [sys.executable, "-P", "-m", "mlops_nb.jobs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                cwd=cwd,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        self.tree = Tree(self._process.pid)
        self._answers = b""
        self._selector = selectors.DefaultSelector()
        if self._process.stdout:
            self._selector.register(self._process.stdout, selectors.EVENT_READ)

    def send(self, request: Mapping[str, Any]) -> bool:
        """Hand over one request; False when the process is gone."""
        if self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return False
        return True

    def receive(self, seconds: float = POLL_SECONDS) -> dict[str, Any] | None:
        """Return the next answer, None when none came in time.

        Raises
        ------
        EOFError
            The process has ended.
        """
        if b"\n" not in self._answers:
            if not self._selector.select(seconds) or self._process.stdout is None:
                return None
            read = os.read(self._process.stdout.fileno(), 65536)
            if not read:
                raise EOFError
            self._answers += read
        line, separator, rest = self._answers.partition(b"\n")
        if not separator:
            return None
        self._answers = rest
        answer: dict[str, Any] = json.loads(line)
        return answer

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    def exit_code(self) -> int | None:
        """Return how the process ended, after it closed its stdout."""
        try:
            return self._process.wait(SAVE_GRACE)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """End the process and everything of its attempt."""
        self._selector.close()
        self.tree.kill()
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue  # what it had not read is of no use any more
        self.tree.kill()
        end_all(self.attempt)
