"""All points of a metric."""

from __future__ import annotations

from mlops_nb.config import Project
from mlops_nb.store.connection import client, store_errors


def metric_history(project: Project, run_id: str, key: str) -> list[tuple[int, float, int]]:
    """Return step, value and time in milliseconds since 1970 of every point, in their order."""
    tracking = client(project)
    with store_errors(project):
        points = tracking.get_metric_history(run_id, key)
    return sorted((p.step, p.value, p.timestamp) for p in points)
