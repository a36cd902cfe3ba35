"""`/mlops/jobs…`: jobs, their attempts, and a form to run or schedule a notebook with."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.server import background
from mlops_nb.server.base import MlopsHandler

if TYPE_CHECKING:
    from mlops_nb.jobs.history import JobLine
    from mlops_nb.state.attempts import AttemptRow

DEFAULT_ATTEMPTS, MOST_ATTEMPTS = 50, 500


class JobsHandler(MlopsHandler):
    """`GET /mlops/jobs?path=&limit=`: the project's jobs and what ran, with live progress."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with jobs in the order of the configuration, attempts the newest first."""
        await self.answer(self._jobs)

    def _jobs(self) -> dict[str, Any]:
        from mlops_nb.jobs.history import history, overview
        from mlops_nb.jobs.overdue import overdue
        from mlops_nb.state.database import exists

        limit = self.integer("limit", DEFAULT_ATTEMPTS, low=1, high=MOST_ATTEMPTS)
        project = self.project_at(self.get_query_argument("path", ""))
        rows = history(project, limit=limit)
        late = overdue(project, datetime.now(UTC)) if exists(project) else []
        return {
            "project": project.experiment,
            "jobs": [self._job(project, line) for line in overview(project)],
            "attempts": [attempt_dict(project, row) for row in rows],
            "overdue": [result.message for result in late if result.message],
        }

    def _job(self, project: Project, line: JobLine) -> dict[str, Any]:
        return {
            "name": line.name,
            "notebook": self.place_of((project.root / line.notebook).resolve()),
            "schedule": line.schedule,
            "timezone": project.config.jobs[line.name].timezone,
            "after": line.after,
            "status": line.last.status if line.last else "",
            "next_due": line.next_due.isoformat() if line.next_due else None,
        }


class FormHandler(MlopsHandler):
    """`GET /mlops/jobs/form?path=&job=`: what a notebook's parameters cell asks for."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the fields, as the job's table and its bounds have them."""
        await self.answer(self._form)

    def _form(self) -> dict[str, Any]:
        from mlops_nb.jobs.form import form_of

        path = self.get_query_argument("path")
        project = self.project_at(path)
        return form_of(project, self.file_at(path), self.get_query_argument("job", ""))


class _Run(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    job: str
    parameters: dict[str, str] = {}


class RunHandler(MlopsHandler):
    """`POST /mlops/jobs/run`: run the notebook `{path, job, parameters}` in the background.

    A job that is not declared yet is, so that it has a name, limits and a history.
    """

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the task."""
        await self.answer(self._run)

    def _run(self) -> dict[str, Any]:
        from mlops_nb.actions.declare_job import declare_job, typed
        from mlops_nb.jobs.spec import resolve

        body = self.body_as(_Run)
        project, notebook = self.project_at(body.path), self.file_at(body.path)
        if body.job not in project.config.jobs:
            project = declare_job(project, body.job, notebook, parameters={})
        _check_notebook(project, body.job, notebook)
        offered = {"logical_time": datetime.now(UTC), "attempt": "0" * 12, "seed": 0}
        resolve(project, body.job, typed(body.parameters), handover={}, offered=offered)
        return _start(project, body.job, body.parameters)


class _Schedule(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    job: str
    parameters: dict[str, str] = {}
    schedule: str = ""
    timezone: str = "UTC"


class ScheduleHandler(MlopsHandler):
    """`POST /mlops/jobs/schedule`: write the job's table into the project's configuration."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the file that was written and when the job is due next."""
        await self.answer(self._schedule)

    def _schedule(self) -> dict[str, Any]:
        from mlops_nb.actions.declare_job import declare_job, typed
        from mlops_nb.jobs.schedule import next_due

        body = self.body_as(_Schedule)
        project = declare_job(
            self.project_at(body.path),
            body.job,
            self.file_at(body.path),
            parameters=typed(body.parameters),
            schedule=body.schedule,
            timezone=body.timezone,
        )
        due = next_due(project.job(body.job), datetime.now(UTC))
        file = project.source.name if project.source else ""
        return {"file": file, "next_due": due.isoformat() if due else None}


class _Attempt(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    attempt: str


class CancelHandler(MlopsHandler):
    """`POST /mlops/jobs/cancel`: end the attempt `{path, attempt}`."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the attempt; its supervisor writes down how it ended."""
        await self.answer(self._cancel)

    def _cancel(self) -> dict[str, Any]:
        from mlops_nb.jobs.progress import cancel

        body = self.body_as(_Attempt)
        project = self.project_at(body.path)
        return {"attempt": attempt_dict(project, cancel(project, body.attempt))}


class RetryHandler(MlopsHandler):
    """`POST /mlops/jobs/retry`: run `{path, attempt}` again, with its values and due time."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the task."""
        await self.answer(self._retry)

    def _retry(self) -> dict[str, Any]:
        from mlops_nb.jobs.attempt import AttemptStatus
        from mlops_nb.jobs.parameters import declared
        from mlops_nb.jobs.resume import recorded_values
        from mlops_nb.jobs.spec import notebook_of
        from mlops_nb.jobs.values import as_text

        body = self.body_as(_Attempt)
        project = self.project_at(body.path)
        row = _row(project, body.attempt)
        job = project.job(row.job)
        known = declared(notebook_of(project, row.job, job))
        refused = row.status == AttemptStatus.REFUSED  # it never had any
        values = {} if refused else recorded_values(_folder(project, row))
        texts = {name: as_text(known[name], v) for name, v in values.items() if name in known}
        return _start(project, row.job, texts, logical_time=row.logical_time)


class AttemptHandler(MlopsHandler):
    """`GET /mlops/jobs/attempt?path=&attempt=`: the record of one attempt."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with what `job.json` says: values, checks, the cell it ended in."""
        await self.answer(self._attempt)

    def _attempt(self) -> dict[str, Any]:
        from mlops_nb.jobs.attempt import RECORD

        project = self.project_at(self.get_query_argument("path", ""))
        row = _row(project, self.get_query_argument("attempt"))
        record = json.loads(_file(project, row, RECORD))
        return {"attempt": attempt_dict(project, row), "record": record}


class OutputHandler(MlopsHandler):
    """`GET /mlops/jobs/output?path=&attempt=`: the executed notebook."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the notebook as the contents API would."""
        await self.answer(self._output)

    def _output(self) -> dict[str, Any]:
        from mlops_nb.jobs.attempt import OUTPUT

        project = self.project_at(self.get_query_argument("path", ""))
        row = _row(project, self.get_query_argument("attempt"))
        content = json.loads(_file(project, row, OUTPUT))
        ended = row.ended or row.started
        return {"job": row.job, "ended": ended.isoformat(), "content": content}


class ReportHandler(MlopsHandler):
    """`GET /mlops/jobs/report?path=&attempt=`: the HTML report of an attempt."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the page, shut off from everything else of this origin."""
        await self.answer_page(self._report)

    def _report(self) -> bytes:
        from mlops_nb.jobs.attempt import REPORT

        project = self.project_at(self.get_query_argument("path", ""))
        return _file(project, _row(project, self.get_query_argument("attempt")), REPORT)


ROUTES: dict[str, type[MlopsHandler]] = {
    "jobs": JobsHandler,
    "jobs/form": FormHandler,
    "jobs/run": RunHandler,
    "jobs/schedule": ScheduleHandler,
    "jobs/cancel": CancelHandler,
    "jobs/retry": RetryHandler,
    "jobs/attempt": AttemptHandler,
    "jobs/output": OutputHandler,
    "jobs/report": ReportHandler,
}


def attempt_dict(project: Project, row: AttemptRow) -> dict[str, Any]:
    """Return an attempt as a page shows it."""
    from mlops_nb.jobs.attempt import OUTPUT, REPORT
    from mlops_nb.jobs.progress import progress_of

    folder = project.root / row.folder
    progress = progress_of(project, row.attempt) if row.ended is None else None
    return {
        "attempt": row.attempt,
        "job": row.job,
        "logical_time": row.logical_time.isoformat(),
        "origin": row.origin,
        "status": row.status,
        "started": row.started.isoformat(),
        "ended": row.ended.isoformat() if row.ended else None,
        "run_id": row.run_id,
        "message": row.message,
        "output": (folder / OUTPUT).is_file(),
        "report": (folder / REPORT).is_file(),
        "progress": asdict(progress) if progress else None,
    }


def _start(
    project: Project, job: str, parameters: dict[str, Any], *, logical_time: datetime | None = None
) -> dict[str, Any]:
    words = ["job", "run", "--format=json"]
    words += [f"--parameter={name}={value}" for name, value in parameters.items()]
    words += [f"--logical-time={logical_time.isoformat()}"] if logical_time else []
    return background.start(project, "job", job, [*words, "--", job]).to_dict()


def _check_notebook(project: Project, name: str, notebook: Path) -> None:
    if (project.root / project.job(name).notebook).resolve() != notebook:
        raise InputError(f"job {name!r} runs another notebook", "choose another name")


def _row(project: Project, attempt: str) -> AttemptRow:
    from mlops_nb.state import attempts
    from mlops_nb.state.database import exists

    row = attempts.get(project, attempt) if exists(project) else None
    if row is None:
        raise NotFoundError(f"there is no attempt {attempt[:40]!r}")
    return row


def _folder(project: Project, row: AttemptRow) -> Path:
    """Return an attempt's folder, which lies in the project's home whatever the state says."""
    folder = (project.root / row.folder).resolve()
    if not folder.is_relative_to(project.home.resolve()):
        raise InputError(f"the folder of attempt {row.attempt} lies outside of the project")
    return folder


def _file(project: Project, row: AttemptRow, name: str) -> bytes:
    try:
        return (_folder(project, row) / name).read_bytes()
    except OSError:
        raise NotFoundError(f"attempt {row.attempt} of job {row.job!r} left no {name}") from None
