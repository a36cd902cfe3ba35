"""The routes below `/mlops/`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from mlops_nb.server.base import MlopsHandler
from mlops_nb.server.lint import LintChangeHandler, LintHandler
from mlops_nb.server.wire import figure

if TYPE_CHECKING:
    from mlops_nb.store.runs import RunRecord

DEFAULT_LIMIT = 100
MOST_RUNS = 1000


class VersionHandler(MlopsHandler):
    """`GET /mlops/version`: what the front end compares itself with."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the version of the Python package."""
        await self.answer(_version)


class RunsHandler(MlopsHandler):
    """`GET /mlops/runs?path=&limit=`: the runs of the project around a document."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the newest runs, the newest first."""
        await self.answer(self._runs)

    def _runs(self) -> dict[str, Any]:
        from mlops_nb.store.runs import list_runs
        from mlops_nb.tracking.follower import ensure_follower

        limit = self.integer("limit", DEFAULT_LIMIT, low=1, high=MOST_RUNS)
        project = self.project_at(self.get_query_argument("path", ""))
        # What a dead kernel left behind comes later; a folder nobody may write to shows its runs.
        with suppress(OSError):
            if any((project.home / "journal").glob("*.jsonl")):
                ensure_follower(project)
        found = list_runs(project, limit=limit + 1)
        return {
            "project": project.experiment,
            "runs": [_run(record) for record in found[:limit]],
            "more": len(found) > limit,
        }


def routes(base_url: str) -> list[tuple[str, type[MlopsHandler]]]:
    """Return the handlers with their paths below the server's base URL."""
    return [
        (url_path_join(base_url, "mlops", "version"), VersionHandler),
        (url_path_join(base_url, "mlops", "runs"), RunsHandler),
        (url_path_join(base_url, "mlops", "lint"), LintHandler),
        (url_path_join(base_url, "mlops", "lint", "change"), LintChangeHandler),
    ]


def _version() -> dict[str, Any]:
    from importlib.metadata import version

    return {"version": version("mlops-nb")}


def _run(record: RunRecord) -> dict[str, Any]:
    """Return what the panel shows; other tags stay here, they may hold more than it needs."""
    return {
        "run_id": record.run_id,
        "uid": record.uid,
        "name": record.name,
        "status": record.status,
        "started": record.started.isoformat(),
        "ended": record.ended.isoformat() if record.ended else None,
        "job": record.tags.get("mlops.job", ""),
        "notebook": record.tags.get("mlflow.source.name", "").replace("\\", "/").rpartition("/")[2],
        "params": record.params,
        "metrics": {name: figure(value) for name, value in record.metrics.items()},
    }
