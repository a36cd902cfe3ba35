"""Work that outlasts a request: `mlops` commands as child processes, with what they answered.

The commands' exit codes and JSON are a stable contract, so that nothing is said twice here. What
must survive a restart of the server is kept by the commands themselves, in the store or the state.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError
from mlops_nb.secrets import mask

KEPT = 50
"""Tasks that have ended are told this long back."""

_COMMAND = "from mlops_nb.cli.main import main; main()"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_PROBLEM_LENGTH = 2000

_numbers = itertools.count(1)
_tasks: dict[str, Task] = {}


@dataclass(slots=True, kw_only=True)
class Task:
    """A command that was started for somebody who goes on with other work.

    Parameters
    ----------
    id : str
        What it is asked for by.
    root : Path
        Root of its project.
    verb, subject : str
        What it does, and to what: ``reproduce``, a run's id.
    started : float
        In seconds since 1970.
    """

    id: str
    root: Path
    verb: str
    subject: str
    started: float
    _process: subprocess.Popen[bytes]
    _files: tempfile.TemporaryDirectory[str]
    _told: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> Literal["running", "ended"]:
        """Whether it is under way."""
        return "running" if self._process.poll() is None else "ended"

    def to_dict(self) -> dict[str, Any]:
        """Return what is known of it; ``answer`` is the command's own JSON."""
        if self.status == "ended" and not self._told:
            self._told = self._read()
        began = datetime.fromtimestamp(self.started, UTC).isoformat()
        return {
            "id": self.id,
            "verb": self.verb,
            "subject": self.subject,
            "started": began,
            "status": self.status,
            **self._told,
        }

    def _read(self) -> dict[str, Any]:
        folder = Path(self._files.name)
        answer = None
        with suppress(ValueError, OSError):
            answer = json.loads((folder / "out").read_text(encoding="utf-8"))
        said = (folder / "err").read_text(encoding="utf-8", errors="replace")
        self._files.cleanup()
        problem = "" if answer is not None else mask(_COLOURS.sub("", said)).strip()
        return {
            "seconds": round(time.time() - self.started, 1),
            "exit_code": self._process.returncode,
            "answer": answer,
            "problem": problem.removeprefix("error: ")[-_PROBLEM_LENGTH:],
        }

    def stop(self) -> None:
        """Ask it to end."""
        if self.status == "running":
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)


def start(project: Project, verb: str, subject: str, words: Sequence[str]) -> Task:
    """Start ``mlops WORDS`` in the project's root.

    Parameters
    ----------
    project : Project
        Whose command.
    verb, subject : str
        As in :class:`Task`.
    words : sequence of str
        The command with its arguments; no shell reads them.
    """
    _forget()
    files = tempfile.TemporaryDirectory(prefix="mlops-task-")
    folder = Path(files.name)
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            # -P: a queue.py beside the notebook must not become the standard library's.
            [sys.executable, "-P", "-c", _COMMAND, *words],
            cwd=project.root,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    task = Task(
        id=f"{os.getpid()}-{next(_numbers)}",
        root=project.root,
        verb=verb,
        subject=subject,
        started=time.time(),
        _process=process,
        _files=files,
    )
    _tasks[task.id] = task
    return task


def tasks(project: Project) -> list[Task]:
    """Return the project's tasks, the newest first."""
    return [task for task in reversed(_tasks.values()) if task.root == project.root]


def task(project: Project, number: str) -> Task:
    """Return one task of the project.

    Raises
    ------
    NotFoundError
        There is none of that id.
    """
    found = _tasks.get(number)
    if found is None or found.root != project.root:
        raise NotFoundError(f"there is no task {number[:40]!r}", "the server was started anew")
    return found


def _forget() -> None:
    ended = [one.id for one in _tasks.values() if one.status == "ended"]
    for number in ended[: max(0, len(ended) - KEPT)]:
        _tasks.pop(number).to_dict()


@atexit.register
def _leave_alone() -> None:
    # Jobs are meant to outlive us; without this, each would be reported as forgotten.
    for one in _tasks.values():
        if one.status == "running":
            one._process.returncode = 0
