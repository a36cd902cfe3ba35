"""`/mlops/tasks…`: what was started from a page and goes on in the background."""

from __future__ import annotations

from typing import Any

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from mlops_nb.server import background
from mlops_nb.server.base import MlopsHandler


class TasksHandler(MlopsHandler):
    """`GET /mlops/tasks?path=`: the project's tasks since the server was started."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the tasks, the newest first."""
        await self.answer(self._tasks)

    def _tasks(self) -> dict[str, Any]:
        project = self.project_at(self.get_query_argument("path", ""))
        return {"tasks": [task.to_dict() for task in background.tasks(project)]}


class _Stop(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    id: str


class StopHandler(MlopsHandler):
    """`POST /mlops/tasks/stop`: end the task `{path, id}`."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the task."""
        await self.answer(self._stop)

    def _stop(self) -> dict[str, Any]:
        body = self.body_as(_Stop)
        task = background.task(self.project_at(body.path), body.id)
        task.stop()
        return task.to_dict()


ROUTES: dict[str, type[MlopsHandler]] = {"tasks": TasksHandler, "tasks/stop": StopHandler}
