"""The routes below `/mlops/`."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from mlops_nb.server import alerts, attempts, jobs, lifecycle, models, run_changes, runs, tasks
from mlops_nb.server.base import MlopsHandler
from mlops_nb.server.lint import LintChangeHandler, LintHandler


class VersionHandler(MlopsHandler):
    """`GET /mlops/version`: what the front end compares itself with."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the version of the Python package."""
        await self.answer(_version)


def routes(base_url: str) -> list[tuple[str, type[MlopsHandler]]]:
    """Return the handlers with their paths below the server's base URL."""
    found: dict[str, type[MlopsHandler]] = {
        "version": VersionHandler,
        "lint": LintHandler,
        "lint/change": LintChangeHandler,
        **runs.ROUTES,
        **run_changes.ROUTES,
        **jobs.ROUTES,
        **attempts.ROUTES,
        **models.ROUTES,
        **alerts.ROUTES,
        **lifecycle.ROUTES,
        **tasks.ROUTES,
    }
    return [(url_path_join(base_url, "mlops", path), kind) for path, kind in found.items()]


def _version() -> dict[str, Any]:
    from importlib.metadata import version

    return {"version": version("mlops-nb")}
