"""`/mlops/runs/…` that change something: mark, throw away, register and reproduce runs."""

from __future__ import annotations

from typing import Any

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.server import background
from mlops_nb.server.base import MlopsHandler
from mlops_nb.server.runs import OURS, STAR, run_dict


class DeletedHandler(MlopsHandler):
    """`GET /mlops/runs/deleted?path=`: the runs that can be brought back."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the runs in the bin, the newest first."""
        await self.answer(self._deleted)

    def _deleted(self) -> dict[str, Any]:
        from mlops_nb.store.lifecycle import deleted_runs

        project = self.project_at(self.get_query_argument("path", ""))
        found = deleted_runs(project)
        return {"runs": [{"run_id": r.run_id, "name": r.name, "bytes": r.bytes} for r in found]}


class _Chosen(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    runs: list[str]


class DeleteHandler(MlopsHandler):
    """`POST /mlops/runs/delete`: throw `{path, runs}` away, to be restored."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the ids that were thrown away."""
        await self.answer(self._delete)

    def _delete(self) -> dict[str, Any]:
        from mlops_nb.store.lifecycle import delete
        from mlops_nb.store.runs import get_run
        from mlops_nb.tracking.sync import sync

        body = self.body_as(_Chosen)
        project = self.project_at(body.path)
        sync(project)
        found = [get_run(project, run).run_id for run in body.runs]
        for run_id in found:
            delete(project, run_id)
        return {"runs": found}


class RestoreHandler(MlopsHandler):
    """`POST /mlops/runs/restore`: bring `{path, runs}` back."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the ids that are back."""
        await self.answer(self._restore)

    def _restore(self) -> dict[str, Any]:
        from mlops_nb.store.lifecycle import find_deleted, restore

        body = self.body_as(_Chosen)
        project = self.project_at(body.path)
        found = [find_deleted(project, run).run_id for run in body.runs]
        for run_id in found:
            restore(project, run_id)
        return {"runs": found}


class _Tags(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    runs: list[str]
    tags: dict[str, str | None] = {}
    starred: bool | None = None


class TagHandler(MlopsHandler):
    """`POST /mlops/runs/tag`: give `{path, runs}` tags, or take those away that are null."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the runs as they are then."""
        await self.answer(self._tag)

    def _tag(self) -> dict[str, Any]:
        from mlops_nb.store.runs import get_run, write
        from mlops_nb.store.tags import remove_tag

        body = self.body_as(_Tags)
        project = self.project_at(body.path)
        for name in body.tags:
            if name.startswith(OURS) or not name.strip():
                raise InputError(f"{name!r} cannot be a tag of your own", "another name, please")
        tags = dict(body.tags)
        if body.starred is not None:
            tags[STAR] = "true" if body.starred else None
        records = [get_run(project, run) for run in body.runs]
        for record in records:
            write(project, record.run_id, tags={k: v for k, v in tags.items() if v is not None})
            for name in [k for k, v in tags.items() if v is None and k in record.tags]:
                remove_tag(project, record.run_id, name)
        return {"runs": [run_dict(get_run(project, record.run_id)) for record in records]}


class _Register(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    run: str
    name: str
    reference: str
    holdout: str
    label: str
    groups: list[str] = []
    intended_use: str = ""


class RegisterHandler(MlopsHandler):
    """`POST /mlops/runs/register`: make a run's model a version, in the background."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the task."""
        await self.answer(self._register)

    def _register(self) -> dict[str, Any]:
        from mlops_nb.store.runs import get_run

        body = self.body_as(_Register)
        project = self.project_at(body.path)
        record = get_run(project, body.run)
        words = [
            "model", "register", f"--reference={self._table(project, body.reference)}",
            f"--holdout={self._table(project, body.holdout)}", f"--label={body.label}",
            f"--intended-use={body.intended_use}", *(f"--group={name}" for name in body.groups),
            "--format=json", "--", record.run_id, body.name,
        ]  # fmt: skip
        return background.start(project, "register", record.run_id, words).to_dict()

    def _table(self, project: Project, path: str) -> str:
        """Return a table's file, inside of the server's root like everything a page asks for."""
        file = (project.root / path).resolve()
        if not path or self.place_of(file) is None:
            raise InputError("the table must be a file below the server's root directory")
        if not file.is_file():
            raise NotFoundError(f"there is no table {path!r} in the project")
        return str(file)


class _One(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    run: str


class ReproduceHandler(MlopsHandler):
    """`POST /mlops/runs/reproduce`: run `{path, run}` once more, in the background."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the task; its own answer holds the verdict."""
        await self.answer(self._reproduce)

    def _reproduce(self) -> dict[str, Any]:
        from mlops_nb.store.runs import get_run

        body = self.body_as(_One)
        project = self.project_at(body.path)
        record = get_run(project, body.run)
        words = ["run", "reproduce", "--format=json", "--", record.run_id]
        return background.start(project, "reproduce", record.run_id, words).to_dict()


ROUTES: dict[str, type[MlopsHandler]] = {
    "runs/deleted": DeletedHandler,
    "runs/delete": DeleteHandler,
    "runs/restore": RestoreHandler,
    "runs/tag": TagHandler,
    "runs/register": RegisterHandler,
    "runs/reproduce": ReproduceHandler,
}
