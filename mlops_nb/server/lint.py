"""What the linter says of a notebook as it stands in the editor, and the changes it offers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from mlops_nb.server.base import MlopsHandler

if TYPE_CHECKING:
    from mlops_nb.lint.finding import Diagnostic
    from mlops_nb.lint.run import Linter


class Look(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `POST /mlops/lint`.

    Parameters
    ----------
    path : str
        Where the notebook is saved, as the contents API writes it.
    content : dict
        The notebook, as the contents API has it.
    edited : list of int
        Indices of cells that were changed since they ran.
    """

    path: str
    content: dict[str, Any]
    edited: list[int] = []


class Place(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which finding: its rule and its place in the file, as `POST /mlops/lint` answers them."""

    code: str
    line: int
    column: int


class Change(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `POST /mlops/lint/change`.

    Parameters
    ----------
    path, content
        As of :class:`Look`.
    change : {"safe", "all", "accept"}
        Make the safe fixes, make all fixes, or write suppressions.
    finding : Place, optional
        Of this finding alone.
    """

    path: str
    content: dict[str, Any]
    change: Literal["safe", "all", "accept"]
    finding: Place | None = None


class LintHandler(MlopsHandler):
    """`POST /mlops/lint`: findings, and what the notebook lacks for production."""

    @authenticated
    @authorized("read")  # whatever is posted, nothing is kept
    async def post(self) -> None:
        """Answer with the findings and the list of points."""
        await self.answer(lambda: self._assessed(self.body_as(Look)))

    def _assessed(self, look: Look) -> dict[str, Any]:
        from mlops_nb.lint.editor import assess
        from mlops_nb.lint.readiness import verdict
        from mlops_nb.lint.render import document
        from mlops_nb.lint.report import LintReport
        from mlops_nb.lint.run import Linter, Options

        linter = Linter(self.project_at(look.path), Options())
        path = self.file_at(look.path)
        found = assess(linter, path, _as_saved(look.content), look.edited)
        report = found.report
        return {
            **document(LintReport(reports=[report])),
            "diagnostics": [_shown(d, look.path) for d in report.diagnostics],
            "skipped": report.skipped,
            "rules": _explained(linter, report.diagnostics),
            "points": [point.to_dict() for point in found.points],
            "verdict": verdict(found.points).to_dict() if found.points else None,
        }


class LintChangeHandler(MlopsHandler):
    """`POST /mlops/lint/change`: the notebook with its findings fixed or accepted."""

    @authenticated
    @authorized("read")  # the editor makes the change, not the server
    async def post(self) -> None:
        """Answer with the changed content and how many findings it settles."""
        await self.answer(lambda: self._changed(self.body_as(Change)))

    def _changed(self, asked: Change) -> dict[str, Any]:
        from mlops_nb.lint.editor import change
        from mlops_nb.lint.run import Linter, Options

        linter = Linter(self.project_at(asked.path), Options(change=asked.change))
        place = asked.finding

        def wanted(diagnostic: Diagnostic) -> bool:
            here = diagnostic.code, diagnostic.line, diagnostic.column
            return place is not None and here == (place.code, place.line, place.column)

        path, content = self.file_at(asked.path), _as_saved(asked.content)
        result = change(linter, path, content, wanted if place else None)
        return {"content": result.notebook.raw, "count": result.count}


def _as_saved(content: Mapping[str, Any]) -> bytes:
    """Return a notebook as Jupyter saves it, so that lines are those of the file it will be."""
    # Half a surrogate pair, which UTF-8 cannot carry, becomes the escape that JSON has for it.
    text = json.dumps(content, indent=1, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")


def _shown(diagnostic: Diagnostic, path: str) -> dict[str, Any]:
    return {
        **diagnostic.to_dict(),
        **diagnostic.in_cell(),
        "file": path,
        "unsafe": diagnostic.unsafe,
    }


def _explained(linter: Linter, found: Iterable[Diagnostic]) -> dict[str, dict[str, str]]:
    """Return what there is to know of the rules that found something."""
    codes = {diagnostic.code for diagnostic in found}
    return {
        rule.code: {"name": rule.name, "summary": rule.summary, "why": rule.why}
        for rule in linter.rules
        if rule.code in codes
    }
