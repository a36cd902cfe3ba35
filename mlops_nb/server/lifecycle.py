"""`/mlops/lifecycle`: what happened to the project's models, and where they wait."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from mlops_nb.server.base import MlopsHandler


class LifecycleHandler(MlopsHandler):
    """`GET /mlops/lifecycle?path=`: the map that `mlops lifecycle` draws, lengths in seconds."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with models, stages, the funnel and the bottleneck."""
        await self.answer(self._lifecycle)

    def _lifecycle(self) -> dict[str, Any]:
        from mlops_nb.actions.assess_lifecycle import lifecycle

        return lifecycle(self.project_at(self.get_query_argument("path", ""))).to_dict()


ROUTES: dict[str, type[MlopsHandler]] = {"lifecycle": LifecycleHandler}
