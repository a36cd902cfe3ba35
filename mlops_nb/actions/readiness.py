"""What a version's gates ask of other capabilities: the run, the data, the business, the watch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from mlops_nb.actions.monitor_model import MODEL, monitor_job
from mlops_nb.actions.reference import load_contract
from mlops_nb.config import Business, Project
from mlops_nb.errors import ConfigError, InputError, did_you_mean
from mlops_nb.jobs.alerts import owner_of
from mlops_nb.jobs.parameters import declared
from mlops_nb.jobs.spec import notebook_of
from mlops_nb.monitoring.business import figures_of
from mlops_nb.monitoring.contract import of_columns
from mlops_nb.monitoring.quality import check_contract
from mlops_nb.registry import evidence
from mlops_nb.registry.bootstrap import FEWEST_REPLICATES, Gain, paired_gain
from mlops_nb.registry.metrics import Array, Metric
from mlops_nb.registry.scoring import load_model
from mlops_nb.registry.versions import ModelVersion, fact
from mlops_nb.result import Result, Status
from mlops_nb.state.route_tests import last_tests

REPRODUCED = "mlops/reproduce.json"


def reproduction(project: Project, version: ModelVersion) -> Mapping[str, Any] | None:
    """Return the last verdict of making the version's run again, None when there is none."""
    text = evidence.run_file(project, version, REPRODUCED)
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    return found if isinstance(found, Mapping) else None


def contract_results(project: Project, version: ModelVersion) -> list[Result]:
    """Hold the version's hold-out against its data contract, feature by feature."""
    contract = of_columns(load_contract(version.label, project), fact(version, "features") or [])
    if not contract.columns:
        raise InputError(
            f"the data contract of {version.label} says nothing of its features",
            "mlops data contract REFERENCE -o contract.toml, then register with it",
        )
    rows = evidence.read_table(project, version, evidence.HOLDOUT)
    return check_contract(contract, rows, window="hold-out")


def business_gain(
    project: Project,
    version: ModelVersion,
    champion: ModelVersion,
    name: str,
    *,
    allow_pickle: bool = False,
) -> Gain:
    """Compare a version with the champion in a figure of the business, on the same rows.

    Parameters
    ----------
    project : Project
        Whose ``[tool.mlops.business]``.
    version, champion : ModelVersion
        The two; both score the version's hold-out.
    name : str
        The figure.
    allow_pickle : bool, default=False
        Also load versions that were registered as pickles.

    Raises
    ------
    ConfigError
        There is no such figure, or its query cannot be run on the hold-out.
    InputError
        The figure has no value on these rows.
    """
    known = project.config.business
    if name not in known:
        raise ConfigError(
            f"gates.business names {name!r}, which is no figure of [tool.mlops.business]",
            did_you_mean(name, known),
        )
    figure = known[name]
    rows = evidence.read_table(project, version, evidence.HOLDOUT)

    def metric(one: ModelVersion) -> Metric:
        scored = load_model(one.label, project, allow_pickle=allow_pickle).score(rows)
        return _as_metric(name, figure, rows.drop(columns=list(scored), errors="ignore"), scored)

    gain = paired_gain(
        name,
        metric(version),
        metric(champion),
        len(rows),
        confidence=project.config.gates.confidence,
        demanded=project.config.gates.business[name],
        sign=1 if figure.direction == "up" else -1,
        replicates=FEWEST_REPLICATES,
    )
    if gain is None:
        raise InputError(f"{name} has no value on the hold-out of {version.label}", figure.sql)
    return gain


def _as_metric(name: str, figure: Business, rows: Any, scored: Any) -> Metric:
    """Return a figure in SQL as a function of how often each row was drawn."""
    import pyarrow as pa

    joined = rows.join(scored)
    # Two hundred draws are cheap when they carry no column that the query does not speak of.
    spoken = [c for c in joined if c.lower() in figure.sql.lower() or c == "prediction"]
    table = pa.Table.from_pandas(joined[spoken], preserve_index=False)
    places = np.arange(len(joined))

    def metric(weights: Array) -> Array:
        drawn = (table.take(np.repeat(places, counts.astype(int))) for counts in weights)
        values = figures_of(name, figure, drawn)
        return np.array([np.nan if value is None else value for value in values])

    return metric


def launch(project: Project, version: ModelVersion) -> list[Result]:
    """Tell whether a version would be watched from its first day.

    Returns
    -------
    list of Result
        ``gate.launch.monitor``, ``gate.launch.alerts`` and ``gate.launch.playbook``.
    """
    try:
        job = monitor_job(project, version.name)
    except ConfigError as error:
        answer = partial(Result, subject=version.label, status=Status.FAILED)
        return [answer(name="gate.launch.monitor", message=error.message, advice=error.hint)]
    return [_judged(version, *found) for found in _needs(project, version, job)]


def _judged(version: ModelVersion, name: str, problem: str, fine: str, advice: str) -> Result:
    return Result(
        name=f"gate.launch.{name}",
        subject=version.label,
        status=Status.FAILED if problem else Status.PASSED,
        message=problem or fine,
        advice=advice if problem else "",
    )


def _needs(
    project: Project, version: ModelVersion, job: str
) -> Iterator[tuple[str, str, str, str]]:
    """Yield what is needed: its name, what is wrong, what is right, what to do."""
    configured = project.config.jobs[job]
    watched = _watched(project, job)
    problem = "" if configured.schedule else f"job {job} has no schedule"
    if watched != version.name:
        problem = f"job {job} watches {watched or 'no model'}, not {version.name}"
    yield (
        "monitor",
        problem,
        f"job {job} runs at {configured.schedule!r} ({configured.timezone})",
        f"schedule and parameters.{MODEL} in [tool.mlops.jobs.{job}]",
    )
    yield "alerts", *_untested(project, configured.alerts or list(project.config.alerts.routes))
    owner, path = owner_of(project, job), configured.playbook
    written = bool(path) and (project.root / path).is_file()
    problem = "" if written else f"job {job} has no playbook"
    if path and not written:
        problem = f"the playbook {path} of job {job} is not there"
    elif not owner:
        problem = f"nobody answers for job {job}"
    yield (
        "playbook",
        problem,
        f"{path}; {owner} answers for it",
        f"playbook and owner in [tool.mlops.jobs.{job}]",
    )


def _watched(project: Project, job: str) -> str:
    """Return the model that a monitor job is about: its own parameter, else its notebook's."""
    configured = project.config.jobs[job]
    if MODEL in configured.parameters:
        return str(configured.parameters[MODEL])
    known = declared(notebook_of(project, job, configured))
    return known[MODEL].default.strip("\"'") if MODEL in known else ""


def _untested(project: Project, routes: list[str]) -> tuple[str, str, str]:
    tests = last_tests(project)
    lacking = [name for name in routes if name not in tests]
    failed = [name for name in routes if name in tests and tests[name].problem]
    problem = "" if routes else "there is no alert route"
    if lacking:
        problem = f"no test message was sent by: {', '.join(lacking)}"
    elif failed:
        problem = f"the last test of {failed[0]} did not arrive: {tests[failed[0]].problem}"
    advice = f"mlops alert test {' '.join(lacking or failed)}".rstrip()
    if problem:
        return problem, "", advice
    oldest = min(tests[name].time for name in routes)
    return "", f"{', '.join(routes)} took a test message by {oldest:%Y-%m-%d %H:%M} UTC", advice
