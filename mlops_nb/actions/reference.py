"""The reference: what a registered version was made for, to compare later data with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.config import Project, load_project
from mlops_nb.registry import evidence
from mlops_nb.registry.versions import resolve

if TYPE_CHECKING:
    from mlops_nb.monitoring.profile import Profile


def load_reference(reference: str, project: Project | None = None) -> Profile:
    """Return the reference profile of a registered version.

    Parameters
    ----------
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Raises
    ------
    NotFoundError
        There is no such version, or it has no profile.
    """
    from mlops_nb.monitoring.profile import Profile

    project = project or load_project()
    version = resolve(project, reference)
    return Profile.from_dict(evidence.read_json(project, version, evidence.REFERENCE_PROFILE))


def load_baseline(reference: str, project: Project | None = None) -> dict[str, float]:
    """Return what a version reached on its hold-out, to hold later performance against.

    Parameters
    ----------
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Returns
    -------
    dict
        Metric → value, and ``rows``: on how many rows, because a baseline has noise of its own.

    Raises
    ------
    NotFoundError
        There is no such version, or it was not measured.
    """
    project = project or load_project()
    stored = evidence.read_json(project, resolve(project, reference), evidence.METRICS)
    values = {name: metric["value"] for name, metric in stored["metrics"].items()}
    return values | {"rows": float(stored["rows"])}
