"""`/mlops/models…`: versions with their evidence, and how the live ones are."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError
from mlops_nb.server import background
from mlops_nb.server.base import MlopsHandler
from mlops_nb.server.wire import figure

if TYPE_CHECKING:
    from mlops_nb.registry.versions import ModelVersion


class ModelsHandler(MlopsHandler):
    """`GET /mlops/models?path=`: registered models, their versions and their health."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the models by name, the newest version of each first."""
        await self.answer(self._models)

    def _models(self) -> dict[str, Any]:
        from mlops_nb.actions.model_health import model_health
        from mlops_nb.registry.versions import list_versions
        from mlops_nb.state.database import exists

        project = self.project_at(self.get_query_argument("path", ""))
        grouped: dict[str, list[dict[str, Any]]] = {}
        for version in list_versions(project):
            grouped.setdefault(version.name, []).append(_version(version))
        health = model_health(project) if exists(project) else {}
        # A model may be monitored whose versions are in another store.
        names = sorted({*grouped, *health})
        return {
            "project": project.experiment,
            "models": [
                {
                    "name": name,
                    "versions": grouped.get(name, []),
                    "health": _finite(health[name].to_dict()) if name in health else None,
                }
                for name in names
            ],
        }


class VersionHandler(MlopsHandler):
    """`GET /mlops/models/version?path=&reference=`: the evidence of one version."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with metrics, gates, gaps, approvals and the model's audit log."""
        await self.answer(self._evidence)

    def _evidence(self) -> dict[str, Any]:
        from mlops_nb.registry import approvals, card, evidence
        from mlops_nb.registry.versions import resolve
        from mlops_nb.state import audit
        from mlops_nb.state.database import exists

        project = self.project_at(self.get_query_argument("path", ""))
        version = resolve(project, self.get_query_argument("reference"))
        facts: dict[str, Any] = {}
        with suppress(NotFoundError):  # registered by MLflow itself
            facts = evidence.read_json(project, version, card.JSON)
        log = audit.entries(project, version.name) if exists(project) else []
        return {
            "version": _version(version),
            "has_card": bool(facts),
            "metrics": facts.get("metrics", {}),
            "gates": facts.get("gates") or [],
            "gaps": facts.get("gaps", []),
            "approvals": _said(approvals.check(project, version)) if log else _none_yet(project),
            "audit": [
                {
                    "time": entry.time.isoformat(),
                    "actor": entry.actor,
                    "action": entry.action,
                    "version": entry.version,
                    "reason": str(entry.details.get("reason") or entry.details.get("role") or ""),
                }
                for entry in reversed(log)
            ],
        }


class CardHandler(MlopsHandler):
    """`GET /mlops/models/card?path=&reference=`: the card of a version, as a page."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the page, shut off from everything else of this origin."""
        await self.answer_page(self._card)

    def _card(self) -> bytes:
        from mlops_nb.registry import card, evidence
        from mlops_nb.registry.versions import resolve

        project = self.project_at(self.get_query_argument("path", ""))
        version = resolve(project, self.get_query_argument("reference"))
        return evidence.read(project, version, card.HTML)


class _Act(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    verb: Literal["evaluate", "promote", "rollback"]
    reference: str
    reason: str = ""


class ActHandler(MlopsHandler):
    """`POST /mlops/models/act`: evaluate, promote or roll back `{path, verb, reference, reason}`.

    Gates, approvals and the audit log hold as they do for the command, which is what runs.
    """

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the task."""
        await self.answer(self._act)

    def _act(self) -> dict[str, Any]:
        from mlops_nb.registry.versions import resolve

        body = self.body_as(_Act)
        project = self.project_at(body.path)
        resolve(project, body.reference)
        words = ["model", body.verb, "--format=json"]
        if body.verb != "evaluate" and body.reason.strip():
            words.append(f"--reason={body.reason.strip()}")
        words += ["--", body.reference]
        return background.start(project, body.verb, body.reference, words).to_dict()


ROUTES: dict[str, type[MlopsHandler]] = {
    "models": ModelsHandler,
    "models/version": VersionHandler,
    "models/card": CardHandler,
    "models/act": ActHandler,
}


def _version(version: ModelVersion) -> dict[str, Any]:
    known = version.to_dict()
    del known["tags"]  # evidence in full, and whatever others have written there
    return known | {"metrics": {name: figure(v) for name, v in version.metrics.items()}}


def _said(result: Any) -> dict[str, str]:
    return {"status": result.status.value, "message": result.message, "advice": result.advice}


def _none_yet(project: Project) -> dict[str, str]:
    owners = project.config.owners
    if project.config.approvals.one_person or not (owners.science or owners.engineering):
        return {"status": "not_applicable", "message": "no approval is asked for", "advice": ""}
    return {"status": "failed", "message": "nobody has approved it yet", "advice": ""}


def _finite(value: Any) -> Any:
    """Return values with what JSON has no number for as text."""
    if isinstance(value, float):
        return figure(value)
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list) else value
