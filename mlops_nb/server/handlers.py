"""The routes below `/mlops/`."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from mlops_nb.errors import InputError
from mlops_nb.server import alerts, jobs, models, runs, tasks
from mlops_nb.server.base import MlopsHandler

Value = TypeVar("Value")


class VersionHandler(MlopsHandler):
    """`GET /mlops/version`: what the front end compares itself with."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the version of the Python package."""
        await self.answer(_version)


class LintHandler(MlopsHandler):
    """`POST /mlops/lint`: what the linter says of a notebook as it stands in the editor."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the findings in `{path, content}`, content as the contents API has it."""
        body = self.get_json_body()
        await self.answer(lambda: self._findings(body))

    def _findings(self, body: object) -> dict[str, Any]:
        from mlops_nb.lint.render import document
        from mlops_nb.lint.report import LintReport
        from mlops_nb.lint.run import Linter, Options

        path, content = _named(body, "path", str), _named(body, "content", dict)
        linter = Linter(self.project_at(path), Options())
        # Written as Jupyter saves it, so that lines are those of the file it will be; half a
        # surrogate pair, which UTF-8 cannot carry, becomes the escape that JSON has for it.
        text = json.dumps(content, indent=1, ensure_ascii=False)
        report = linter.lint_content(self.file_at(path), text.encode("utf-8", "backslashreplace"))
        shown = [{**d.to_dict(), "file": path, **d.in_cell()} for d in report.diagnostics]
        answer = document(LintReport(reports=[report]))
        return {**answer, "diagnostics": shown, "skipped": report.skipped}


def routes(base_url: str) -> list[tuple[str, type[MlopsHandler]]]:
    """Return the handlers with their paths below the server's base URL."""
    found: dict[str, type[MlopsHandler]] = {
        "version": VersionHandler,
        "lint": LintHandler,
        **runs.ROUTES,
        **jobs.ROUTES,
        **models.ROUTES,
        **alerts.ROUTES,
        **tasks.ROUTES,
    }
    return [(url_path_join(base_url, "mlops", path), kind) for path, kind in found.items()]


def _named(body: object, name: str, kind: type[Value]) -> Value:
    """Return a value of a request's body.

    Raises
    ------
    InputError
        It is missing, empty or of another kind.
    """
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, kind) or not value:
        raise InputError("the body must be an object with the notebook's path and content")
    return value


def _version() -> dict[str, Any]:
    from importlib.metadata import version

    return {"version": version("mlops-nb")}
