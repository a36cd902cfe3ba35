"""What a project promises of a model's service, and what it says to do when the promise breaks."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mlops_nb.actions.monitor_model import MODEL, monitor_job
from mlops_nb.actions.reference import load_contract
from mlops_nb.config import Job, Project
from mlops_nb.errors import ConfigError
from mlops_nb.jobs.schedule import next_due
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.registry import slo
from mlops_nb.registry.slo import Objective
from mlops_nb.registry.versions import ModelVersion

DAYS = 30
"""Days of the predictions log that the usual volume is read off."""
_SCORE = "score"


def objectives(
    project: Project, version: ModelVersion, facts: Mapping[str, Any]
) -> list[Objective]:
    """Return latency, freshness and volume of a version; what nobody stated has no value.

    Parameters
    ----------
    project : Project
        Whose gates, jobs and predictions log.
    version : ModelVersion
        The version.
    facts : mapping
        Its card, as in ``card.json``.
    """
    measured = float(facts["model"]["milliseconds_per_1000_rows"])
    asked = project.config.gates.milliseconds_per_1000_rows
    return [
        slo.latency(asked, measured),
        _freshness(project, version),
        *_volume(project, version),
    ]


def playbook(project: Project, version: ModelVersion) -> str:
    """Return the text of the playbook of the model's scoring job, else of its monitor's.

    Empty where neither has one.
    """
    jobs = [_score_job(project, version)]
    with suppress(ConfigError):
        jobs.append(project.config.jobs[monitor_job(project, version.name)])
    for job in jobs:
        if job is not None and job.playbook:
            try:
                return (project.root / job.playbook).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
    return ""


def _score_job(project: Project, version: ModelVersion) -> Job | None:
    """Return the job that scores with a model: the one of its own, else the project's."""
    fitting = {
        name: job
        for name, job in project.config.jobs.items()
        if name == _SCORE or Path(job.notebook).stem == _SCORE
    }
    own = [job for job in fitting.values() if job.parameters.get(MODEL) == version.name]
    return next(iter([*own, *fitting.values()]), None)


def _freshness(project: Project, version: ModelVersion) -> Objective:
    key, job = "hours", _score_job(project, version)
    if job is not None and job.freshness:
        value, source = job.freshness / 3600, "freshness of the scoring job"
    elif job is not None and job.schedule:
        first = next_due(job, datetime.now(UTC))
        second = next_due(job, first) if first else None
        hours = (second - first).total_seconds() / 3600 if first and second else 24.0
        value, source = hours + job.timeout / 3600, "schedule and timeout of the scoring job"
    else:
        hint = "schedule or freshness in [tool.mlops.jobs.score]"
        return Objective(part="freshness", key=key, value=None, source=hint)
    return Objective(part="freshness", key=key, value=round(value, 2), source=source)


def _volume(project: Project, version: ModelVersion) -> list[Objective]:
    contract = load_contract(version.label, project)
    if contract.min_rows > 1 or contract.max_rows is not None:
        source = "the data contract"
        least, most = float(contract.min_rows), contract.max_rows
        return [
            Objective(part="volume", key="min-rows", value=least, source=source),
            Objective(part="volume", key="max-rows", value=most, source=source),
        ]
    log = predictions_log(version.name, project)
    days = log.days()
    counts = log.volume(days[-1] - timedelta(days=DAYS), days[-1]) if days else {}
    if not counts:
        hint = "min-rows and max-rows in the data contract"
        return [Objective(part="volume", key="rows-a-day", value=None, source=hint)]
    usual = sorted(counts.values())[len(counts) // 2]
    source = f"half and twice the median of {len(counts)} days of predictions"
    return [
        Objective(part="volume", key="min-rows-a-day", value=usual // 2, source=source),
        Objective(part="volume", key="max-rows-a-day", value=usual * 2, source=source),
    ]
