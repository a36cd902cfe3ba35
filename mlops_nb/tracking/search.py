"""Runs by a filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.config import Project
from mlops_nb.tracking.filters import matches, parse_filter

if TYPE_CHECKING:
    from mlops_nb.store.runs import RunRecord

_ALL = 1_000_000


def search(project: Project, filter_string: str = "", limit: int = 100) -> list[RunRecord]:
    """Return the project's runs that a filter chooses, the newest first.

    Parameters
    ----------
    project : Project
        Whose runs.
    filter_string : str
        As :func:`mlops_nb.tracking.filters.parse_filter` reads it.
    limit : int
        At most so many.

    Raises
    ------
    InputError
        The filter cannot be read.
    StoreError
        The store cannot be reached.
    """
    from mlops_nb.store.runs import list_runs

    found: dict[str, RunRecord] = {}
    for conjunction in parse_filter(filter_string):
        stored = [comparison for comparison in conjunction if comparison.is_stored]
        text = " and ".join(comparison.to_mlflow() for comparison in stored)
        complete = len(stored) == len(conjunction)
        runs = list_runs(project, filter_string=text, limit=limit if complete else _ALL)
        found |= {run.run_id: run for run in runs if matches(run, conjunction)}
    return sorted(found.values(), key=lambda run: run.started, reverse=True)[:limit]
