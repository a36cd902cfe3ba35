"""One attempt: executed in a staging folder, described truthfully, published by a rename."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_nb.config import CurrentAttempt, Project
from mlops_nb.errors import InputError, MlopsError
from mlops_nb.jobs.attempt import (
    LOG,
    OUTPUT,
    RECORD,
    REPORT,
    AttemptRecord,
    AttemptStatus,
    CellFault,
    attempt_folder,
    read_results,
    staging_folder,
    write_atomically,
)
from mlops_nb.jobs.spec import JobSpec
from mlops_nb.jobs.supervisor import Ending, OnProgress, Stop, Worker, watch
from mlops_nb.jobs.values import shown
from mlops_nb.notebook import read_notebook
from mlops_nb.result import Result, Status, worst

REPORT_SECONDS = 120.0
_FINDING = (Status.FAILED, Status.ERROR)


class Attempt:
    """An attempt under way; made by :func:`attempt`.

    Parameters
    ----------
    project : Project
        The project.
    job, attempt : str
        The job's name and the attempt's id.
    logical_time : datetime
        The due time, aware.
    notebook : Path
        The notebook, absolute.
    """

    def __init__(
        self, project: Project, job: str, attempt: str, logical_time: datetime, notebook: Path
    ) -> None:
        self.project, self.job, self.id = project, job, attempt
        self.logical_time, self.notebook = logical_time, notebook
        self.staging = staging_folder(project, attempt)
        self.folder = attempt_folder(project, job, logical_time, attempt)
        self._worker: Worker | None = None

    def _started_worker(self) -> Worker:
        if self._worker is None:
            self.staging.mkdir(parents=True, exist_ok=True)
            self._worker = Worker(
                self.id,
                cwd=self.notebook.parent,
                environment=self._environment(),
                log=self.staging / LOG,
            )
        return self._worker

    def _environment(self) -> dict[str, str]:
        current = CurrentAttempt(
            job=self.job,
            attempt=self.id,
            folder=self.staging,
            logical_time=self.logical_time.isoformat(),
        )
        return {
            **current.environment(),
            # One figure as data instead of the 4 MB of plotly.js that its default adds.
            "PLOTLY_RENDERER": os.environ.get("PLOTLY_RENDERER", "plotly_mimetype"),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }

    def warm_up(self) -> None:
        """Start the process that will execute the notebook, while there is other work to do."""
        self._started_worker()

    def execute(
        self, spec: JobSpec, *, stop: Stop, on_progress: OnProgress | None = None
    ) -> AttemptRecord:
        """Execute the notebook; nothing is published yet.

        Parameters
        ----------
        spec : JobSpec
            What to execute.
        stop : Stop
            Whether to end early.
        on_progress : callable, optional
            Told how far it is.
        """
        started = datetime.now(UTC)
        worker = self._started_worker()
        request = {
            "do": "execute",
            "notebook": str(spec.notebook),
            "output": str(self.staging / OUTPUT),
            "code": spec.code,
            "parameters": shown(dict(spec.parameters)),
        }
        ending = watch(
            worker,
            request,
            job=spec.name,
            timeout=spec.timeout,
            stop=stop,
            on_progress=on_progress,
        )
        if ending.fault is None and ending.status is not AttemptStatus.SUCCEEDED:
            # It ended from outside; the process is gone, or knows no more than we do.
            self._end_worker()
            _settle_cells(self.staging / OUTPUT)
        return self._record(spec, ending, started)

    def _record(self, spec: JobSpec, ending: Ending, started: datetime) -> AttemptRecord:
        fault = CellFault(**ending.fault) if ending.fault else None
        warnings = list(_kernel_note(spec.notebook))
        results: tuple[Result, ...] = ()
        try:
            results, _ = read_results(self.staging)
        except InputError as error:
            results = (
                Result(
                    name="job.results", subject=self.job, status=Status.ERROR, message=str(error)
                ),
            )
        status, message = ending.status, ending.message
        if status is AttemptStatus.SUCCEEDED and worst(results) in _FINDING:
            status = AttemptStatus.FINDINGS
            message = _finding_message(results)
        return AttemptRecord(
            job=self.job,
            attempt=self.id,
            logical_time=self.logical_time.astimezone(UTC),
            status=status,
            started=started,
            ended=datetime.now(UTC),
            parameters=spec.parameters,
            notebook=spec.notebook,
            folder=self.folder,
            message=message or (str(fault) if fault else ""),
            fault=fault,
            results=results,
            warnings=tuple(warnings),
        )

    def refused(self, error: MlopsError, given: Mapping[str, object]) -> AttemptRecord:
        """Return the record of an attempt that was not started because something is wrong.

        Parameters
        ----------
        error : MlopsError
            What is wrong.
        given : mapping of str to object
            The values it should have run with.
        """
        now = datetime.now(UTC)
        return AttemptRecord(
            job=self.job,
            attempt=self.id,
            logical_time=self.logical_time.astimezone(UTC),
            status=AttemptStatus.REFUSED,
            started=now,
            ended=now,
            parameters={name: str(value) for name, value in given.items()},
            notebook=self.notebook,
            folder=self.folder,
            message=str(error),
        )

    def publish(self, record: AttemptRecord) -> AttemptRecord:
        """Write the report and the record, and put the attempt in its place.

        Parameters
        ----------
        record : AttemptRecord
            The answer of :meth:`execute`, completed.

        Returns
        -------
        AttemptRecord
            With a warning more when there is no report.
        """
        self.staging.mkdir(parents=True, exist_ok=True)
        if (self.staging / OUTPUT).is_file() and not self._report(record):
            record = replace(
                record,
                warnings=(*record.warnings, f"the HTML report could not be made, see {LOG}"),
            )
        self._end_worker()
        log = self.staging / LOG
        if log.is_file() and not log.stat().st_size:
            log.unlink()
        document = record.to_dict(self.project, folder=self.staging)
        write_atomically(self.staging / RECORD, json.dumps(document, indent=2, allow_nan=False))
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.staging.rename(self.folder)
        return record

    def _report(self, record: AttemptRecord) -> bool:
        worker = self._started_worker()
        document = record.to_dict(self.project, folder=self.staging)
        worker.send({"do": "report", "folder": str(self.staging), "record": document})
        try:
            return worker.receive(REPORT_SECONDS) is not None and (self.staging / REPORT).is_file()
        except EOFError:
            return False

    def _end_worker(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def discard(self) -> None:
        """End whatever runs and remove what is not published."""
        self._end_worker()
        shutil.rmtree(self.staging, ignore_errors=True)


@contextmanager
def attempt(
    project: Project, job: str, attempt_id: str, logical_time: datetime, notebook: Path
) -> Iterator[Attempt]:
    """Open an attempt; at the end of the block no process of it is left.

    Parameters
    ----------
    project : Project
        The project.
    job, attempt_id : str
        The job's name and the attempt's id.
    logical_time : datetime
        The due time, aware.
    notebook : Path
        The notebook, absolute.
    """
    running = Attempt(project, job, attempt_id, logical_time, notebook)
    try:
        yield running
    finally:
        running.discard()


def _finding_message(results: tuple[Result, ...]) -> str:
    found = [result for result in results if result.status in _FINDING]
    first = found[0].message or found[0].identity
    return first if len(found) == 1 else f"{len(found)} checks failed; the first: {first}"


def _kernel_note(notebook: Path) -> Iterator[str]:
    spec: Mapping[str, Any] = read_notebook(notebook).metadata.get("kernelspec") or {}
    name = spec.get("name", "python3")
    if name not in {"python3", "python"}:
        version = ".".join(map(str, sys.version_info[:3]))
        yield f"the notebook names kernel {name!r}; it ran on this environment's Python {version}"


def _settle_cells(output: Path) -> None:
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
