"""Tags of runs that are taken away again; they are given by :func:`mlops_nb.store.runs.write`."""

from __future__ import annotations

from mlops_nb.config import Project
from mlops_nb.store.connection import client, store_errors


def remove_tag(project: Project, run_id: str, name: str) -> None:
    """Take a tag from a run.

    Raises
    ------
    NotFoundError
        The run has no such tag.
    """
    with store_errors(project):
        client(project).delete_tag(run_id, name)
