"""A job that is ready to run: its configuration held against its notebook."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops_nb.config import Job, Project
from mlops_nb.errors import ConfigError, InputError, NotFoundError, did_you_mean
from mlops_nb.jobs.parameters import TAG, Parameter, declared
from mlops_nb.jobs.schedule import check_schedule
from mlops_nb.jobs.values import convert, source

_JOB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """What one attempt executes.

    Parameters
    ----------
    name : str
        The job's name.
    notebook : Path
        The notebook, absolute.
    parameters : mapping of str to value
        Every value handed over, JSON-serialisable but for nan and the infinities.
    code : str
        The Python that assigns them; empty when there are none.
    timeout : float
        Wall-clock limit in seconds.
    """

    name: str
    notebook: Path
    parameters: Mapping[str, Any]
    code: str
    timeout: float


def resolve(
    project: Project,
    name: str,
    given: Mapping[str, object],
    *,
    handover: Mapping[str, object],
    offered: Mapping[str, object],
) -> JobSpec:
    """Check a job and the values for its parameters before anything is started.

    Parameters
    ----------
    project : Project
        Where the job is declared.
    name : str
        The job.
    given : mapping of str to object
        Values that replace those of the configuration, which replace the notebook's defaults.
    handover : mapping of str to object
        Values passed where the notebook declares the name, over those of the configuration.
    offered : mapping of str to object
        Values passed where the notebook declares the name and can take them, under everything.

    Raises
    ------
    NotFoundError
        No such job, or no such parameter.
    ConfigError
        The configuration of this or another job is wrong.
    InputError
        The notebook is missing or unreadable, or a value is of the wrong type.
    """
    job = project.job(name)
    check_jobs(project)
    notebook = notebook_of(project, name, job)
    known = declared(notebook)
    _check_names(name, notebook, known, {**job.parameters, **given})
    handed = {key: value for key, value in handover.items() if key in known}
    wanted = {**_fitting(known, offered), **job.parameters, **handed, **given}
    values = {key: convert(known[key], wanted[key]) for key in known if key in wanted}
    return JobSpec(
        name=name,
        notebook=notebook,
        parameters=values,
        code=source(known, values) if values else "",
        timeout=job.timeout,
    )


def _fitting(known: Mapping[str, Parameter], offered: Mapping[str, object]) -> dict[str, object]:
    """Return what the notebook can take: a name may mean something else to it."""
    fitting: dict[str, object] = {}
    for key, value in offered.items():
        kind = known[key].kind if key in known else ""
        if isinstance(value, datetime) and kind == "date":
            fitting[key] = value.date()
        elif kind in (
            {"datetime", "str", "any"} if isinstance(value, datetime) else {"str", "any"}
        ):
            fitting[key] = value
    return fitting


def notebook_of(project: Project, name: str, job: Job) -> Path:
    """Return the absolute path of a job's notebook.

    Raises
    ------
    InputError
        There is no such file.
    """
    path = (project.root / job.notebook).resolve()
    if path.is_file():
        return path
    there = [str(found.relative_to(project.root)) for found in _notebooks(project.root)]
    near = difflib.get_close_matches(job.notebook, there, n=1)
    raise InputError(
        f"job {name!r}: there is no notebook {job.notebook} in {project.root}",
        f"did you mean {near[0]!r}?" if near else "correct `notebook` in the job's table",
    )


def _notebooks(root: Path) -> list[Path]:
    return [*root.glob("*.ipynb"), *root.glob("[!.]*/*.ipynb")]


def _check_names(
    job: str, notebook: Path, known: Mapping[str, Parameter], wanted: Mapping[str, object]
) -> None:
    unknown = next((key for key in wanted if key not in known), None)
    if unknown is None:
        return
    if not unknown.isidentifier():
        raise InputError(f"{unknown!r} cannot be the name of a parameter of job {job!r}")
    if not known:
        raise InputError(
            f"{notebook} declares no parameters, but {unknown!r} is given",
            f"tag the cell that assigns the defaults `{TAG}`",
        )
    raise NotFoundError(f"job {job!r} has no parameter {unknown!r}", did_you_mean(unknown, known))


def check_jobs(project: Project) -> None:
    """Check what the jobs' tables say about each other, the routes and the clock.

    Raises
    ------
    ConfigError
        An unknown job or route is named, jobs start each other in a circle, or a schedule, a
        time zone or a limit is wrong.
    """
    jobs, routes = project.config.jobs, project.config.alerts.routes
    for name, job in jobs.items():
        where = f"[tool.mlops.jobs.{name}]"
        if not _JOB_NAME.fullmatch(name):
            raise ConfigError(f"{where}: a job's name is letters, digits, `-`, `_` and `.`")
        if not job.timeout > 0:
            raise ConfigError(f"{where}: timeout must be above 0 seconds, not {job.timeout}")
        for route in job.alerts:
            if route not in routes:
                raise ConfigError(
                    f"{where}: unknown alert route {route!r}", did_you_mean(route, routes)
                )
        if job.schedule:
            check_schedule(job.schedule, job.timezone, where)
        _check_chain(jobs, name, where)


def _check_chain(jobs: Mapping[str, Job], name: str, where: str) -> None:
    """Follow `after` from a job: it must end, and at a job that starts by itself."""
    chain = [name]
    while (after := jobs[chain[-1]].after) is not None:
        if after.job not in jobs:
            raise ConfigError(
                f"{where}: starts after an unknown job {after.job!r}",
                did_you_mean(after.job, jobs),
            )
        if after.job in chain:
            circle = " → ".join(reversed([*chain, after.job]))
            raise ConfigError(f"{where}: jobs start each other in a circle: {circle}")
        chain.append(after.job)
