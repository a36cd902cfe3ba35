"""Rollback: the champion before this one takes over again."""

from __future__ import annotations

from mlops_nb.config import Project, load_project
from mlops_nb.registry import succession
from mlops_nb.registry.versions import CHAMPION, ModelVersion, resolve


def rollback(name: str, *, reason: str = "", project: Project | None = None) -> ModelVersion:
    """Make ``@previous`` champion; a second rollback goes one champion further back.

    Parameters
    ----------
    name : str
        The model.
    reason : str, optional
        Why, for the audit log.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Returns
    -------
    ModelVersion
        The champion now.

    Raises
    ------
    NotFoundError
        There is no such model, or no version to go back to.
    MlopsError
        The aliases are not where the audit log says.
    """
    project = project or load_project()
    succession.step_back(project, name, reason=reason)
    return resolve(project, f"{name}@{CHAMPION}")


def restore(name: str, *, reason: str = "", project: Project | None = None) -> ModelVersion:
    """Put aliases that were moved behind the audit log's back to where it says.

    Parameters
    ----------
    name : str
        The model.
    reason : str, optional
        Why, for the audit log.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Raises
    ------
    NotFoundError
        There is no such model, or the log knows no champion of it.
    InputError
        They are there already.
    """
    project = project or load_project()
    succession.restore(project, name, reason=reason)
    return resolve(project, f"{name}@{CHAMPION}")
