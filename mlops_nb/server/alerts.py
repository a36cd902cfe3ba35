"""`/mlops/alerts…`: what is wrong, and who says that they see to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from mlops_nb.config import Project
from mlops_nb.server.base import MlopsHandler

if TYPE_CHECKING:
    from mlops_nb.state.alerts import Alert

MOST = 100


class AlertsHandler(MlopsHandler):
    """`GET /mlops/alerts?path=&all=`: the alerts that are not over, or all of them."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the alerts, the newest first."""
        await self.answer(self._alerts)

    def _alerts(self) -> dict[str, Any]:
        from mlops_nb.state.alerts import list_alerts
        from mlops_nb.state.database import exists

        project = self.project_at(self.get_query_argument("path", ""))
        if not exists(project):
            return {"alerts": []}
        everything = self.get_query_argument("all", "") == "1"
        found = list_alerts(project, resolved=everything, limit=MOST)
        return {"alerts": [_alert(project, alert) for alert in found]}


class _Acknowledge(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    id: int
    note: str = ""


class AcknowledgeHandler(MlopsHandler):
    """`POST /mlops/alerts/acknowledge`: somebody sees to the alert `{path, id, note}`."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the alert."""
        await self.answer(self._acknowledge)

    def _acknowledge(self) -> dict[str, Any]:
        from mlops_nb.state.alerts import acknowledge

        body = self.body_as(_Acknowledge)
        project = self.project_at(body.path)
        return {"alert": _alert(project, acknowledge(project, body.id, body.note))}


ROUTES: dict[str, type[MlopsHandler]] = {
    "alerts": AlertsHandler,
    "alerts/acknowledge": AcknowledgeHandler,
}


def _alert(project: Project, alert: Alert) -> dict[str, Any]:
    from mlops_nb.jobs.attempt import REPORT

    return {
        "id": alert.id,
        "model": alert.model,
        "job": alert.job,
        "finding": alert.identity,
        "severity": alert.severity,
        "status": alert.status,
        "since": alert.first_seen.isoformat(),
        "last_seen": alert.last_seen.isoformat(),
        "windows": alert.windows,
        "message": alert.message,
        "advice": alert.advice,
        "owner": alert.owner,
        "playbook": alert.playbook,
        "note": alert.note,
        "attempt": alert.attempt,
        "report": bool(alert.folder) and (project.root / alert.folder / REPORT).is_file(),
    }
