"""Check the environment that a job runs in: against the lock, and against its model's."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_nb.actions.compare_environments import Comparison, compare_environments
from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError, StoreError
from mlops_nb.jobs.parameters import Parameter, declared
from mlops_nb.jobs.spec import notebook_of
from mlops_nb.result import Result, Status

MODEL = "model_name"


def compare_for_job(project: Project, name: str, model: str = "") -> Comparison:
    """Compare the environment of a job's kernel with the lock and its model's.

    Parameters
    ----------
    project : Project
        The project.
    name : str
        The job; its notebook's imports matter, beside what the model is made of.
    model : str, optional
        The model; by default what the job's parameter ``model_name`` says, its champion.
    """
    job = project.job(name)
    notebook = notebook_of(project, name, job)
    known = declared(notebook)
    said = model or job.parameters.get(MODEL) or _default(known)
    here = _installed_for(job.kernel) if job.kernel else None
    return compare_environments(
        project, model=_live(project, str(said or "")), notebooks=[notebook], here=here
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the check before a start came to.

    Parameters
    ----------
    record : mapping
        What the attempt's record keeps of it.
    warnings : sequence of str
        What matters and differs, or could not be compared.
    """

    record: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def check_environment(project: Project, name: str, model: str = "") -> Checked:
    """Do what a job's key ``environment`` asks for, before anything of it is started.

    Parameters
    ----------
    project : Project
        The project.
    name : str
        The job.
    model : str, optional
        The model it works with, when that is not the one that its table or notebook names.

    Raises
    ------
    InputError
        The key says ``fail``, and a package that matters differs or cannot be compared.
    """
    asked = project.job(name).environment
    if asked == "ignore":
        return Checked()
    try:
        compared = compare_for_job(project, name, model)
    except StoreError as error:
        said = f"environment: not compared with the model's: {error.message}"
        if asked == "fail":
            raise InputError(f"job {name!r} was not started: {said}", error.hint) from error
        return Checked(warnings=(said,))
    failed = [r.message for r in compared.results() if r.status is Status.FAILED]
    if failed and asked == "fail":
        told = "; ".join(failed)
        raise InputError(f"job {name!r} was not started: {told}", f"mlops env diff {name}")
    warnings = tuple(f"environment: {message}" for message in failed)
    if asked == "fail" and not compared.lock and not compared.model:
        warnings = ("environment: there is neither a lock nor a model to compare with",)
    return Checked(record=compared.to_dict(), warnings=warnings)


def check_inputs(project: Project, model: str, data: str) -> list[Result]:
    """Hold rows against the contract that a model's training rows make.

    Parameters
    ----------
    project : Project
        Whose registry.
    model : str
        The version, as ``name@alias``, ``name/3`` or ``name``.
    data : str
        The rows: a file, a glob of them, or the URL of a table.

    Raises
    ------
    InputError
        No model is named.
    """
    if not model:
        raise InputError("--data is held against a model's training rows", "mlops env check MODEL")
    from mlops_nb.actions.reference import load_reference
    from mlops_nb.monitoring.contract import derive_contract
    from mlops_nb.monitoring.quality import check_contract
    from mlops_nb.registry.versions import fact, resolve

    version = resolve(project, model)
    reference = load_reference(model, project)
    features = set(fact(version, "features") or reference.columns)
    others = [name for name in reference.columns if name not in features]
    return list(check_contract(derive_contract(reference, without=others), data))


def _installed_for(kernel: str) -> Mapping[str, str]:
    from mlops_nb.kernels import interpreter_of, packages_in

    return packages_in(interpreter_of(kernel))


def _default(known: Mapping[str, Parameter]) -> str:
    try:
        return str(ast.literal_eval(known[MODEL].default))
    except (KeyError, ValueError, SyntaxError):
        return ""


def _live(project: Project, model: str) -> str:
    """Return a model if it has a champion: before its first training there is none."""
    from mlops_nb.registry.versions import resolve
    from mlops_nb.store.connection import exists

    if not model or not exists(project):
        return ""
    try:
        return resolve(project, model).label
    except NotFoundError:
        return ""
