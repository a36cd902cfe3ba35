"""`/mlops/runs…`: list, show and compare runs."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.secrets import mask, names_secret
from mlops_nb.server.base import MlopsHandler
from mlops_nb.server.wire import figure

if TYPE_CHECKING:
    from mlops_nb.store.runs import RunRecord

DEFAULT_LIMIT = 100
MOST_RUNS = 1000
MOST_COMPARED = 5
STAR = "mlops.starred"
OURS = ("mlflow.", "mlops.")
_TAG_LENGTH = 500


class RunsHandler(MlopsHandler):
    """`GET /mlops/runs?path=&limit=&filter=&before=&notebook=`: runs around a document."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with runs, the newest first; `before` (ISO 8601) is the page's beginning."""
        await self.answer(self._runs)

    def _runs(self) -> dict[str, Any]:
        from mlops_nb.tracking.follower import ensure_follower
        from mlops_nb.tracking.search import search

        limit = self.integer("limit", DEFAULT_LIMIT, low=1, high=MOST_RUNS)
        project = self.project_at(self.get_query_argument("path", ""))
        # What a dead kernel left behind comes later; a folder nobody may write to shows its runs.
        with suppress(OSError):
            if any((project.home / "journal").glob("*.jsonl")):
                ensure_follower(project)
        found = search(project, self._filter(project), limit + 1)
        return {
            "project": project.experiment,
            "runs": [run_dict(record) for record in found[:limit]],
            "more": len(found) > limit,
        }

    def _filter(self, project: Project) -> str:
        wanted = self.get_query_argument("filter", "").strip()
        if wanted:
            from mlops_nb.tracking.filters import parse_filter

            parse_filter(wanted)  # its mistakes are told at the places that the user sees
        parts = [f"({wanted})"] if wanted else []
        notebook = self.get_query_argument("notebook", "")
        if notebook:
            parts.append(f"tags.`mlflow.source.name` = {_quoted(self._source(project, notebook))}")
        before = self.get_query_argument("before", "")
        if before:
            parts.append(f"started <= {_quoted(before)}")
        return " and ".join(parts)

    def _source(self, project: Project, notebook: str) -> str:
        file = self.file_at(notebook)
        inside = file.is_relative_to(project.root)
        return file.relative_to(project.root).as_posix() if inside else str(file)


class RunHandler(MlopsHandler):
    """`GET /mlops/runs/show?path=&run=`: one run with its files and its last reproduction."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the run."""
        await self.answer(self._run)

    def _run(self) -> dict[str, Any]:
        from mlops_nb.tracking.page import run_page

        project = self.project_at(self.get_query_argument("path", ""))
        page = run_page(project, self.get_query_argument("run"))
        return {
            "run": run_dict(page.record),
            "files": list(page.artifacts),
            "reproduction": _reproduction(project, page.record.run_id, page.artifacts),
        }


class CompareHandler(MlopsHandler):
    """`GET /mlops/runs/compare?path=&runs=ID,ID`: two to five runs side by side."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with parameters that differ, metrics, curves and diffs of the code."""
        await self.answer(self._compare)

    def _compare(self) -> dict[str, Any]:
        from mlops_nb.tracking.compare import compare_runs

        runs = [run for run in self.get_query_argument("runs").split(",") if run]
        if not 2 <= len(runs) <= MOST_COMPARED:
            raise InputError(f"choose two to {MOST_COMPARED} runs to compare")
        project = self.project_at(self.get_query_argument("path", ""))
        compared = compare_runs(project, runs).to_dict()
        for run in compared["runs"]:
            run["metrics"] = {k: _as_figure(v) for k, v in run["metrics"].items()}
        return compared


ROUTES: dict[str, type[MlopsHandler]] = {
    "runs": RunsHandler,
    "runs/show": RunHandler,
    "runs/compare": CompareHandler,
}


def run_dict(record: RunRecord) -> dict[str, Any]:
    """Return what a page shows of a run, no credentials among it."""
    tags = {k: v for k, v in record.tags.items() if not k.startswith(OURS)}
    source = record.tags.get("mlflow.source.name", "").replace("\\", "/")
    return {
        "run_id": record.run_id,
        "uid": record.uid,
        "name": record.name,
        "status": record.status,
        "started": record.started.isoformat(),
        "ended": record.ended.isoformat() if record.ended else None,
        "job": record.tags.get("mlops.job", ""),
        "notebook": source.rpartition("/")[2],
        "params": record.params,
        "metrics": {name: figure(value) for name, value in record.metrics.items()},
        "tags": {name: _shown(name, value) for name, value in tags.items()},
        "starred": record.tags.get(STAR) == "true",
        "reproduced": record.tags.get("mlops.reproduced", ""),
    }


def _shown(name: str, value: str) -> str:
    """Return a tag's value without what is or is called a credential."""
    return "***" if names_secret(name) else mask(value)[:_TAG_LENGTH]


def _as_figure(value: object) -> object:
    return figure(value) if isinstance(value, float) else value


def _reproduction(project: Project, run_id: str, files: tuple[str, ...]) -> Any:
    if "mlops/reproduce.json" not in files:
        return None
    from mlops_nb.store.runs import download

    with suppress(OSError, ValueError, NotFoundError):
        text = download(project, run_id, "mlops/reproduce.json").read_text(encoding="utf-8")
        return json.loads(text)
    return None


def _quoted(text: str) -> str:
    if "'" in text and '"' in text:
        raise InputError("a filter cannot name a text with both kinds of quotes")
    return f'"{text}"' if "'" in text else f"'{text}'"
