"""One attempt: executed in a staging folder, described truthfully, published by a rename."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mlops_nb.config import CurrentAttempt, Project
from mlops_nb.errors import InputError, MlopsError
from mlops_nb.jobs.attempt import (
    KILLED,
    LOG,
    OUTPUT,
    RECORD,
    REPORT,
    AttemptRecord,
    AttemptStatus,
    CellFault,
    attempt_folder,
    read_results,
    seed_of,
    settle_cells,
    staging_folder,
    write_atomically,
)
from mlops_nb.jobs.checkpoint import FOLDER as CHECKPOINTS
from mlops_nb.jobs.child import Worker
from mlops_nb.jobs.progress import CANCEL, clear, written
from mlops_nb.jobs.provenance import fingerprint, hashed_inputs, kernel_note
from mlops_nb.jobs.resume import FROM_SCRATCH, Plan
from mlops_nb.jobs.seeding import SEEDED
from mlops_nb.jobs.spec import JobSpec
from mlops_nb.jobs.supervisor import Ending, OnProgress, Stop, watch
from mlops_nb.jobs.values import shown
from mlops_nb.redaction import Redaction
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
        self._secrets: tuple[str, ...] = ()

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
            secrets=self._secrets,
        )
        seed = str(seed_of(self.job, self.logical_time))
        return {
            **current.environment(),
            "MLOPS_SEED": seed,
            "PYTHONHASHSEED": seed,
            # One figure as data instead of the 4 MB of plotly.js that its default adds.
            "PLOTLY_RENDERER": os.environ.get("PLOTLY_RENDERER", "plotly_mimetype"),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }

    def warm_up(self, spec: JobSpec) -> None:
        """Start the process that will execute the notebook, while there is other work to do."""
        self._secrets = spec.secrets
        self._started_worker()

    def execute(
        self,
        spec: JobSpec,
        *,
        stop: Stop,
        going_on: Plan = FROM_SCRATCH,
        on_progress: OnProgress | None = None,
    ) -> AttemptRecord:
        """Execute the notebook; nothing is published yet.

        Parameters
        ----------
        spec : JobSpec
            What to execute.
        stop : Stop
            Whether to end early.
        going_on : Plan, optional
            What an earlier attempt makes needless.
        on_progress : callable, optional
            Told how far it is.
        """
        worker = self._started_worker()
        begun = self._begun(spec)
        self._take_checkpoints(going_on)
        self._write(begun)
        request = {
            "do": "execute",
            "notebook": str(spec.notebook),
            "output": str(self.staging / OUTPUT),
            "code": spec.code,
            "kernel": spec.kernel,
            "seed": begun.seed,
            "parameters": shown(dict(spec.parameters)),
            "output_limit": spec.limits.output,
            "report": self.project.config.jobs[self.job].report.enabled,
            "resume": {"skipped": going_on.skipped, "restored": going_on.restored},
        }
        ending = watch(
            worker,
            request,
            job=spec.name,
            limits=spec.limits,
            stop=stop.or_when(self.staging / CANCEL),
            on_progress=written(self.staging, on_progress),
        )
        if ending.fault is None and ending.status is not AttemptStatus.SUCCEEDED:
            # It ended from outside; the process is gone, or knows no more than we do.
            self._end_worker()
            settle_cells(self.staging / OUTPUT)
        return self._ended(begun, ending)

    def _begun(self, spec: JobSpec) -> AttemptRecord:
        """Return what is known at the start; what it says of the end holds if we are killed."""
        now = datetime.now(UTC)
        return AttemptRecord(
            job=self.job,
            attempt=self.id,
            logical_time=self.logical_time.astimezone(UTC),
            status=AttemptStatus.CANCELLED,
            started=now,
            ended=now,
            parameters=spec.parameters,
            notebook=spec.notebook,
            folder=self.folder,
            seed=seed_of(self.job, self.logical_time),
            # Before it runs: a notebook may write over its own file.
            inputs=hashed_inputs(self.project, spec),
            environment=fingerprint(spec.kernel),
            seeded=SEEDED,
            message=KILLED,
            warnings=tuple(kernel_note(spec)),
        )

    def _take_checkpoints(self, going_on: Plan) -> None:
        # So that this attempt can be resumed in its turn, should it fail as well.
        if going_on.folder is not None and (going_on.folder / CHECKPOINTS).is_dir():
            there = self.staging / CHECKPOINTS
            shutil.copytree(going_on.folder / CHECKPOINTS, there, dirs_exist_ok=True)

    def _write(self, record: AttemptRecord) -> None:
        document = record.to_dict(self.project, folder=self.staging)
        write_atomically(self.staging / RECORD, json.dumps(document, indent=2, allow_nan=False))

    def _ended(self, begun: AttemptRecord, ending: Ending) -> AttemptRecord:
        fault = self._fault(ending)
        results: tuple[Result, ...] = ()
        self._black_out()
        try:
            results, _ = read_results(self.staging)
        except InputError as error:
            results = (
                Result(
                    name="job.results", subject=self.job, status=Status.ERROR, message=str(error)
                ),
            )
        status, message = ending.status, ending.message or (str(fault) if fault else "")
        if status is AttemptStatus.SUCCEEDED and worst(results) in _FINDING:
            status = AttemptStatus.FINDINGS
            message = _finding_message(results)
        return replace(
            begun,
            status=status,
            ended=datetime.now(UTC),
            peak=ending.peak,
            message=self.redaction().text(message),
            fault=fault,
            results=results,
        )

    def _fault(self, ending: Ending) -> CellFault | None:
        if not ending.fault:
            return None
        clean = self.redaction().text
        fault = CellFault(**ending.fault)
        return replace(fault, line=clean(fault.line), message=clean(fault.message))

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
        wanted = self.project.config.jobs[self.job].report.enabled
        if wanted and (self.staging / OUTPUT).is_file() and not self._report(record):
            record = replace(
                record,
                warnings=(*record.warnings, f"the HTML report could not be made, see {LOG}"),
            )
        self._end_worker()
        log = self.staging / LOG
        if log.is_file() and not log.stat().st_size:
            log.unlink()
        clear(self.staging)
        self._black_out()
        self._write(record)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.staging.rename(self.folder)
        return record

    def _black_out(self) -> None:
        """Go over every file once more: the notebook's own code may have written a secret."""
        redaction = self.redaction()
        for path in self.staging.rglob("*") if redaction else ():
            redaction.file(path)

    def redaction(self) -> Redaction:
        """Return what blacks the attempt's secrets out."""
        return Redaction(os.environ.get(name, "") for name in self._secrets)

    def _report(self, record: AttemptRecord) -> bool:
        worker = self._started_worker()
        document = record.to_dict(self.project, folder=self.staging)
        options = self.project.config.jobs[self.job].report
        worker.send(
            {
                "do": "report",
                "folder": str(self.staging),
                "record": document,
                "options": {"title": options.title, "show_code": options.code},
            }
        )
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
