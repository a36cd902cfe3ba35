"""A job that is ready to run: its configuration held against its notebook."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops_nb.config import Job, Project
from mlops_nb.errors import ConfigError, InputError, MlopsError, NotFoundError, did_you_mean
from mlops_nb.jobs.bounds import check_bounds, check_defaults
from mlops_nb.jobs.limits import Limits, limits_of
from mlops_nb.jobs.parameters import TAG, Parameter, declared
from mlops_nb.jobs.schedule import check_schedule
from mlops_nb.jobs.values import convert, source
from mlops_nb.redaction import MINIMUM_LENGTH

_JOB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")
_SECRET = re.compile(r"env:([A-Za-z_]\w*)")


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
    limits : Limits
        What it may use.
    secrets : tuple of str
        The environment variables whose values must not be written anywhere.
    kernel : str
        Name of the installed kernel that executes it; empty: this interpreter's.
    """

    name: str
    notebook: Path
    parameters: Mapping[str, Any]
    code: str
    limits: Limits
    secrets: tuple[str, ...] = ()
    kernel: str = ""


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
        No such job, no such parameter, or no such kernel.
    ConfigError
        The configuration of this or another job is wrong.
    InputError
        The notebook is missing or unreadable, or a value is of the wrong type.
    """
    job = project.job(name)
    check_jobs(project)
    where = _where(name)
    notebook = notebook_of(project, name, job)
    if job.kernel:
        _check_kernel(name, job.kernel)
    known = declared(notebook)
    check_defaults(notebook, known)
    check_names(name, notebook, known, {**job.parameters, **job.secrets, **given})
    secrets = {key: _variable(job, key, known[key], given, where) for key in job.secrets}
    handed = {key: value for key, value in handover.items() if key in known}
    wanted = {**_fitting(known, offered), **job.parameters, **handed, **given}
    values = {
        key: convert(known[key], wanted[key])
        for key in known
        if key in wanted and key not in secrets
    }
    check_bounds(job, where, known, values)
    code = [source(known, values)] if values else []
    # Read where it is used: the value itself is in no file, nor in the notebook that is saved.
    code += [f'{key} = __import__("os").environ[{name!r}]' for key, name in secrets.items()]
    return JobSpec(
        name=name,
        notebook=notebook,
        parameters={**values, **{key: f"env:{name}" for key, name in secrets.items()}},
        code="\n".join(code),
        limits=limits_of(job, where),
        secrets=tuple(secrets.values()),
        kernel=job.kernel,
    )


def _check_kernel(job: str, kernel: str) -> None:
    from mlops_nb.kernels import find_kernel

    try:
        find_kernel(kernel)
    except MlopsError as error:
        raise type(error)(f"job {job!r}: {error.message}", error.hint) from error


def _where(name: str) -> str:
    return f"[tool.mlops.jobs.{name}]"


def _variable(
    job: Job, key: str, parameter: Parameter, given: Mapping[str, object], where: str
) -> str:
    """Return the environment variable that holds a secret, checked to be there."""
    if key in given or key in job.parameters:
        raise InputError(f"parameter {key!r} is a secret: its value comes from {job.secrets[key]}")
    if parameter.kind not in ("str", "any"):
        raise InputError(f"{where}: secret {key!r} is text, the notebook declares {parameter.kind}")
    match = _SECRET.fullmatch(job.secrets[key])
    if match is None:
        raise ConfigError(f"{where}: secret {key!r} wants env:NAME", f'{key} = "env:DB_PASSWORD"')
    length = len(os.environ.get(match[1], ""))
    if length < MINIMUM_LENGTH:
        problem = "is too short to be a secret" if length else "is not set"
        raise InputError(
            f"secret {key!r} of job: the environment variable {match[1]} {problem}",
            f"at least {MINIMUM_LENGTH} characters, as every place they stand in is blacked out",
        )
    return match[1]


def _fitting(known: Mapping[str, Parameter], offered: Mapping[str, object]) -> dict[str, object]:
    """Return what the notebook can take: a name may mean something else to it."""
    fitting: dict[str, object] = {}
    for key, value in offered.items():
        if key not in known:
            continue
        kind = known[key].kind
        if isinstance(value, datetime):
            if kind in ("date", "datetime", "str", "any"):
                fitting[key] = value.date() if kind == "date" else value
        elif isinstance(value, int):
            # A number that somebody has written down is a decision; only a gap is filled.
            if known[key].optional and kind in ("int", "any"):
                fitting[key] = value
        elif kind in ("str", "any"):
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


def check_names(
    job: str, notebook: Path, known: Mapping[str, Parameter], wanted: Mapping[str, object]
) -> None:
    """Raise for a name that the notebook does not declare.

    Raises
    ------
    InputError
        It could be no parameter's name, or the notebook declares none at all.
    NotFoundError
        The notebook declares others.
    """
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
    jobs, alerts = project.config.jobs, project.config.alerts
    _check_routes("[tool.mlops.alerts] escalate", alerts.escalate, alerts.routes)
    for name, job in jobs.items():
        where = _where(name)
        if not _JOB_NAME.fullmatch(name):
            raise ConfigError(f"{where}: a job's name is letters, digits, `-`, `_` and `.`")
        limits_of(job, where)
        _check_numbers(job, where)
        _check_routes(where, job.alerts, alerts.routes)
        if job.schedule:
            check_schedule(job.schedule, job.timezone, where)
        if job.playbook and not (project.root / job.playbook).is_file():
            raise ConfigError(f"{where}: there is no playbook {job.playbook} in {project.root}")
        _check_chain(jobs, name, where)


def _check_routes(where: str, wanted: Sequence[str], routes: Mapping[str, str]) -> None:
    for route in wanted:
        if route not in routes:
            raise ConfigError(
                f"{where}: unknown alert route {route!r}", did_you_mean(route, routes)
            )


def _check_numbers(job: Job, where: str) -> None:
    retries = job.retries
    for key, value, most in (
        ("grace", job.grace, None),
        ("freshness", job.freshness, None),
        ("concurrency", job.concurrency, None),
        ("retries.times", retries.times, None),
        ("retries.delay", retries.delay, None),
        ("retries.longest", retries.longest, None),
        ("retries.jitter", retries.jitter, 1),
    ):
        if value < 0 or (most is not None and value > most):
            bound = "must not be below 0" if most is None else f"must be from 0 to {most}"
            raise ConfigError(f"{where}: {key} {bound}, it is {value}")
    if job.grace and not job.schedule:
        raise ConfigError(f"{where}: grace is counted from a due time, and there is no schedule")


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
