"""`/mlops/jobs/…` of one attempt: end it, run it again, read what it left."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
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
    from mlops_nb.state.attempts import AttemptRow


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
        return start(project, row.job, texts, logical_time=row.logical_time)


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


def start(
    project: Project, job: str, parameters: dict[str, Any], *, logical_time: datetime | None = None
) -> dict[str, Any]:
    """Run a job in the background; what is typed for its parameters is checked by the command."""
    words = ["job", "run", "--format=json"]
    words += [f"--parameter={name}={value}" for name, value in parameters.items()]
    words += [f"--logical-time={logical_time.isoformat()}"] if logical_time else []
    return background.start(project, "job", job, [*words, "--", job]).to_dict()


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
