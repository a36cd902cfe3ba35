"""The record of one attempt: what `job.json` holds and every caller gets back."""

from __future__ import annotations

import json
import os
import secrets
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import ExitCode, InputError
from mlops_nb.jobs.values import shown
from mlops_nb.result import Result

OUTPUT, REPORT, RECORD, RESULTS = "output.ipynb", "report.html", "job.json", "results.json"
LOG = "process.log"
KILLED = "the process that supervised it was killed"


class AttemptStatus(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FINDINGS = "findings"
    FAILED = "failed"
    TIMEOUT = "timeout"
    KERNEL_DIED = "kernel_died"
    MEMORY = "memory"
    CANCELLED = "cancelled"
    REFUSED = "refused"

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a command that ends with this status."""
        return _EXIT_CODES[self]


_EXIT_CODES: Mapping[AttemptStatus, ExitCode] = {
    AttemptStatus.SUCCEEDED: ExitCode.OK,
    AttemptStatus.FINDINGS: ExitCode.FINDINGS,
    AttemptStatus.FAILED: ExitCode.FINDINGS,
    AttemptStatus.TIMEOUT: ExitCode.TIMEOUT,
    AttemptStatus.KERNEL_DIED: ExitCode.KERNEL_DIED,
    AttemptStatus.MEMORY: ExitCode.MEMORY,
    AttemptStatus.CANCELLED: ExitCode.CANCELLED,
    AttemptStatus.REFUSED: ExitCode.USAGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFault:
    """The cell in which an attempt ended early.

    Parameters
    ----------
    cell : int
        Its place in the notebook as it was written, from 0, over cells of every kind; -1 for
        the cell that assigns the parameters.
    execution_count : int, optional
        The number in its brackets.
    line : str
        Its first line of code.
    name, message : str
        The exception, or what happened instead of one.
    """

    cell: int
    execution_count: int | None
    line: str
    name: str
    message: str

    def __str__(self) -> str:
        place = "the parameters" if self.cell < 0 else f"cell {self.cell}"
        bracket = f" (In [{self.execution_count}])" if self.execution_count else ""
        what = f"{self.name}: {self.message}" if self.message else self.name
        return f"{place}{bracket} `{self.line}`: {what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One attempt of one job.

    Parameters
    ----------
    job, attempt : str
        The job's name and the attempt's id.
    logical_time : datetime
        The due time it ran for, in UTC.
    status : AttemptStatus
        How it ended.
    started, ended : datetime
        In UTC.
    parameters : mapping
        The values handed to the notebook.
    notebook, folder : Path
        The notebook as written and the folder of this attempt, absolute.
    run_id : str, optional
        The newest run in the tracking store that the notebook made.
    parent : str, optional
        The attempt whose ending started this one.
    seed : int
        What the attempt was offered as seed; the same for every attempt of a due time.
    seeded : sequence of str
        The generators that were seeded with it before the first cell.
    peak : int
        Most bytes of memory that the kernel and what it started have held at once.
    inputs : mapping of str to str
        The notebook and the files named by parameters → SHA-256 of their bytes at the start.
    environment : mapping
        ``python``, ``packages`` (how many) and ``digest`` (SHA-256 over names and versions); of
        a job that asks for it, ``lock``, ``model``, ``matters`` and ``differences`` too.
    message : str
        Why it ended as it did; empty for a success.
    fault : CellFault, optional
        The cell it ended in.
    results : sequence of Result
        What the notebook's checks found.
    warnings : sequence of str
        What did not work beside the notebook itself.
    triggered : sequence of AttemptRecord
        The attempts that this one's ending started.
    """

    job: str
    attempt: str
    logical_time: datetime
    status: AttemptStatus
    started: datetime
    ended: datetime
    parameters: Mapping[str, Any]
    notebook: Path
    folder: Path
    run_id: str | None = None
    parent: str | None = None
    seed: int = 0
    seeded: tuple[str, ...] = ()
    peak: int = 0
    inputs: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    fault: CellFault | None = None
    results: tuple[Result, ...] = ()
    warnings: tuple[str, ...] = ()
    triggered: tuple[AttemptRecord, ...] = field(default=(), repr=False)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a command that ends with this attempt."""
        return self.status.exit_code

    @property
    def output(self) -> Path | None:
        """The executed notebook, None when nothing was executed."""
        return self._file(OUTPUT)

    @property
    def report(self) -> Path | None:
        """The HTML report, None when there is none."""
        return self._file(REPORT)

    @property
    def seconds(self) -> float:
        """Wall-clock duration."""
        return (self.ended - self.started).total_seconds()

    def _file(self, name: str) -> Path | None:
        path = self.folder / name
        return path if path.is_file() else None

    def to_dict(self, project: Project, *, folder: Path | None = None) -> dict[str, Any]:
        """Return the record as JSON-serialisable values, paths relative to the project's root.

        Parameters
        ----------
        project : Project
            Whose root the paths are relative to.
        folder : Path, optional
            Where the files are looked for; by default where the attempt is published.
        """
        there = folder or self.folder

        def place(name: str) -> str | None:
            return relative(project, self.folder / name) if (there / name).is_file() else None

        return {
            "schema": 1,
            "job": self.job,
            "attempt": self.attempt,
            "logical_time": self.logical_time.isoformat(),
            "run_id": self.run_id,
            "status": self.status.value,
            "exit_code": int(self.exit_code),
            "message": self.message,
            "fault": fault_dict(self.fault),
            "notebook": relative(project, self.notebook),
            "output": place(OUTPUT),
            "report": place(REPORT),
            "started": self.started.isoformat(),
            "ended": self.ended.isoformat(),
            "seconds": round(self.seconds, 3),
            "parent": self.parent,
            "seed": self.seed,
            "seeded": list(self.seeded),
            "peak_memory": self.peak,
            "inputs": dict(self.inputs),
            "environment": dict(self.environment),
            "parameters": shown(dict(self.parameters)),
            "results": [result.to_dict() for result in self.results],
            "warnings": list(self.warnings),
        }


def fault_dict(fault: CellFault | None) -> dict[str, Any] | None:
    """Return a fault as JSON-serialisable values."""
    if fault is None:
        return None
    return {
        "cell": fault.cell,
        "execution_count": fault.execution_count,
        "line": fault.line,
        "name": fault.name,
        "message": fault.message,
    }


def new_attempt_id() -> str:
    """Return an id for an attempt: twelve hexadecimal digits."""
    return secrets.token_hex(6)


def seed_of(job: str, logical_time: datetime) -> int:
    """Return the seed of a job's due time: a repetition draws the same numbers."""
    text = f"{job}\n{logical_time.astimezone(UTC).isoformat()}"
    return zlib.crc32(text.encode()) & 0x7FFFFFFF


def attempt_folder(project: Project, job: str, logical_time: datetime, attempt: str) -> Path:
    """Return where an attempt is published."""
    moment = logical_time.astimezone(UTC).strftime("%Y-%m-%dT%H%M%S.%fZ")
    return project.home / "jobs" / job / moment / attempt


def staging_folder(project: Project, attempt: str) -> Path:
    """Return where an attempt collects its files until it is published."""
    return project.home / "jobs" / ".staging" / attempt


def read_results(folder: Path) -> tuple[tuple[Result, ...], dict[str, Any]]:
    """Read what the notebook's checks left in an attempt's folder.

    Parameters
    ----------
    folder : Path
        The folder; it need not hold a ``results.json``.

    Returns
    -------
    tuple of Result, dict
        The results, and the whole document (``model``, ``window``, ``handover``).

    Raises
    ------
    InputError
        The file is there and is not what it should be.
    """
    path = folder / RESULTS
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        results = tuple(Result.from_dict(values) for values in document.get("results", []))
        return results, document
    except FileNotFoundError:
        return (), {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{RESULTS} of the attempt cannot be read: {error!r}") from error


def write_atomically(path: Path, text: str) -> None:
    """Write a file aside, flush it to the disk and put it in place."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except OSError:  # of a full disk the half of a file would take the last bytes
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise


def settle_cells(output: Path) -> None:
    """Mark cells that a killed process left as running: they failed."""
    try:
        book = json.loads(output.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    states = [cell.get("metadata", {}).get("papermill", {}) for cell in book.get("cells", [])]
    running = [state for state in states if state.get("status") == "running"]
    for state in running:
        state["status"], state["exception"] = "failed", True
    if running:
        write_atomically(output, json.dumps(book, indent=1, ensure_ascii=False) + "\n")


def relative(project: Project, path: Path) -> str:
    """Return a path from the project's root, or as it is when it lies outside."""
    return (
        path.relative_to(project.root).as_posix()
        if path.is_relative_to(project.root)
        else (str(path))
    )
