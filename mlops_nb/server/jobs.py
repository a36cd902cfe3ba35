"""`/mlops/jobs…`: the project's jobs, and a form to run or schedule a notebook with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.server.attempts import attempt_dict, start
from mlops_nb.server.base import MlopsHandler

if TYPE_CHECKING:
    from mlops_nb.jobs.history import JobLine

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
        return start(project, body.job, body.parameters)


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


ROUTES: dict[str, type[MlopsHandler]] = {
    "jobs": JobsHandler,
    "jobs/form": FormHandler,
    "jobs/run": RunHandler,
    "jobs/schedule": ScheduleHandler,
}


def _check_notebook(project: Project, name: str, notebook: Path) -> None:
    if (project.root / project.job(name).notebook).resolve() != notebook:
        raise InputError(f"job {name!r} runs another notebook", "choose another name")
