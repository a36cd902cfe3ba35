"""Declare a job: write its table into the project's configuration, once it is known to work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_nb.config import Project
from mlops_nb.config.edit import with_table, write_table
from mlops_nb.errors import InputError
from mlops_nb.jobs.bounds import check_bounds
from mlops_nb.jobs.parameters import declared
from mlops_nb.jobs.spec import check_jobs, check_names, notebook_of
from mlops_nb.jobs.values import Text, convert


def declare_job(
    project: Project,
    name: str,
    notebook: Path,
    *,
    parameters: Mapping[str, object],
    schedule: str = "",
    timezone: str = "UTC",
) -> Project:
    """Write ``[tool.mlops.jobs.NAME]``, or change it; keys that are not named here stay.

    Parameters
    ----------
    project : Project
        Whose configuration; one without any gets an ``mlops.toml``.
    name : str
        The job.
    notebook : Path
        Its notebook, absolute.
    parameters : mapping
        Values that replace the defaults of the notebook's parameters cell; those of the table
        that are not among them are taken away.
    schedule, timezone : str
        Five fields of cron and the zone they are in; without a schedule it runs on demand.

    Returns
    -------
    Project
        With the job.

    Raises
    ------
    InputError
        The notebook lies outside of the project, or a value is of the wrong type.
    NotFoundError
        The notebook has no parameter of a name.
    ConfigError
        The job would be wrong, or the file cannot be edited safely; it is as it was.
    """
    if not notebook.is_relative_to(project.root):
        raise InputError(f"{notebook.name} lies outside of the project {project.root}")
    known = project.config.jobs.get(name)
    place = notebook.relative_to(project.root).as_posix()
    if known is not None and known.notebook != place:
        raise InputError(
            f"job {name!r} runs another notebook, {known.notebook}", "choose another name"
        )
    values: dict[str, Any] = {
        "notebook": place,
        "parameters": _converted(name, notebook, parameters) or None,
        "schedule": schedule.strip() or None,
        "timezone": timezone if schedule.strip() and timezone != "UTC" else None,
    }
    path = ("jobs", name)
    wanted = with_table(project, path, values)
    _check(wanted, name)
    return write_table(project, path, values)


def _converted(name: str, notebook: Path, parameters: Mapping[str, object]) -> dict[str, Any]:
    known = declared(notebook)
    check_names(name, notebook, known, parameters)
    found = {key: convert(known[key], value) for key, value in parameters.items()}
    for key, value in found.items():
        if value is None:
            raise InputError(f"parameter {key!r} cannot be None in a configuration", "leave it out")
    return found


def _check(project: Project, name: str) -> None:
    check_jobs(project)
    job = project.job(name)
    known = declared(notebook_of(project, name, job))
    values = {k: convert(known[k], v) for k, v in job.parameters.items() if k in known}
    check_bounds(job, f"[tool.mlops.jobs.{name}]", known, values)


def typed(parameters: Mapping[str, str]) -> dict[str, object]:
    """Return values as they were typed into a form: each takes the type its parameter declares."""
    return {key: Text(value) for key, value in parameters.items()}
