"""A form for a job: one field for each parameter of its notebook, with the values it may take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mlops_nb.config import Bounds, Job, Project
from mlops_nb.errors import InputError
from mlops_nb.jobs.attempt import relative
from mlops_nb.jobs.bounds import default_of
from mlops_nb.jobs.parameters import Parameter, declared
from mlops_nb.jobs.values import as_text, convert, shown

FILLED = ("logical_time", "attempt")
"""Parameters that an attempt fills in itself."""


def form_of(project: Project, notebook: Path, job: str = "") -> dict[str, Any]:
    """Return the fields of a notebook's form, JSON-serialisable.

    Parameters
    ----------
    project : Project
        The project.
    notebook : Path
        The notebook, absolute.
    job : str, optional
        The job whose values and bounds hold; by default the first that runs the notebook.

    Returns
    -------
    dict
        ``job`` (or a name for a new one), ``jobs`` (all that run this notebook), ``schedule``,
        ``timezone``, ``notebook``, ``fields``; a field has ``name``, ``kind``, ``default`` and
        ``value`` (as they would be typed), ``optional``, ``choices``, ``minimum``, ``maximum``,
        ``secret`` and ``filled``.

    Raises
    ------
    InputError
        The notebook cannot be read, or the job runs another one.
    """
    known = declared(notebook)
    place = relative(project, notebook)
    jobs = [n for n, one in project.config.jobs.items() if one.notebook == place]
    if job and job in project.config.jobs and job not in jobs:
        raise InputError(f"job {job!r} runs another notebook, not {place}")
    name = job or (jobs[0] if jobs else _free_name(project, notebook))
    table = project.config.jobs.get(name) or Job(notebook=place)
    return {
        "job": name,
        "jobs": jobs,
        "notebook": place,
        "schedule": table.schedule,
        "timezone": table.timezone,
        "fields": [_field(parameter, table) for parameter in known.values()],
    }


def _free_name(project: Project, notebook: Path) -> str:
    stem = re.sub(r"[^\w.-]+", "-", notebook.stem).strip("-._")
    stem = re.sub(r"[^A-Za-z0-9_.-]", "", stem) or "job"
    number = 2
    name = stem
    while name in project.config.jobs:
        name, number = f"{stem}-{number}", number + 1
    return name


def _field(parameter: Parameter, job: Job) -> dict[str, Any]:
    bounds = job.bounds.get(parameter.name, Bounds())
    default = default_of(parameter)
    value = job.parameters.get(parameter.name)
    set_to = None if value is None else convert(parameter, value)
    return {
        "name": parameter.name,
        "kind": parameter.kind,
        "source": parameter.default,
        "default": None if default is None else _text(parameter, default),
        "value": None if set_to is None else _text(parameter, set_to),
        "optional": parameter.optional,
        "choices": [str(choice) for choice in bounds.choices],
        "minimum": None if bounds.minimum is None else str(bounds.minimum),
        "maximum": None if bounds.maximum is None else str(bounds.maximum),
        "secret": job.secrets.get(parameter.name, ""),
        "filled": parameter.name in FILLED,
    }


def _text(parameter: Parameter, value: Any) -> str:
    return str(as_text(parameter, shown(value)))
