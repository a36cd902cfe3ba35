"""Gather the facts of a model card from what a run and a registration left behind."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.config import Project
from mlops_nb.modelfile import ModelFile
from mlops_nb.registry import evidence
from mlops_nb.registry.estimator import classes_of
from mlops_nb.registry.importance import LONGEST, Importance
from mlops_nb.registry.measure import CONFIDENCE, Measured
from mlops_nb.registry.portrait import portrait
from mlops_nb.registry.scoring import ScoringModel
from mlops_nb.registry.versions import ModelVersion
from mlops_nb.store import runs

if TYPE_CHECKING:
    import pandas as pd

TIMED_ROWS, TIMINGS, MOST_SECONDS = 1_000, 20, 1.0
"""Rows that are scored to take the time, how often, and seconds after which no more."""
_KEY_PACKAGES = (
    "scikit-learn",
    "numpy",
    "pandas",
    "scipy",
    "skops",
    "lightgbm",
    "xgboost",
    "mlflow-skinny",
    "mlops-nb",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model that is measured and ready to be registered.

    Parameters
    ----------
    model : ScoringModel
        The version, loaded.
    stored : ModelFile
        Its file.
    reference_rows : int
        Number of training rows that the reference profile is of.
    holdout : DataFrame
        The labelled rows it was measured on.
    label : str
        Their column of the truth.
    measured : Measured
        Its metrics on them.
    importance : tuple of (str, sequence of Importance)
        What it relies on, and the metric that this was measured in.
    gaps : sequence of str
        What is known to be missing so far.
    """

    model: ScoringModel
    stored: ModelFile
    reference_rows: int
    holdout: pd.DataFrame
    label: str
    measured: Measured
    importance: tuple[str, Sequence[Importance]]
    gaps: Sequence[str]


def gather(project: Project, candidate: Candidate, stated: Mapping[str, str]) -> dict[str, Any]:
    """Return the facts of a version's card, JSON-serialisable, gaps named.

    Parameters
    ----------
    project : Project
        Whose store.
    candidate : Candidate
        The version and what was measured of it.
    stated : mapping
        What a person said, from :func:`mlops_nb.registry.card.check_stated`.
    """
    model, measured = candidate.model, candidate.measured
    owner = stated.get("owner") or project.config.owner
    found = [*candidate.gaps, *measured.gaps, *_unstated(stated, owner)]
    return {
        **_heading(model.version, stated, owner),
        "model": _model(model, candidate.stored, candidate.holdout),
        "importance": _importance(candidate, found),
        "data": _data(project, candidate, found),
        **_measured(measured),
        **portrait(
            model,
            candidate.holdout,
            candidate.label,
            groups=list(dict.fromkeys(group.column for group in measured.groups)),
            relies_on=[item.feature for item in candidate.importance[1]],
        ),
        "operation": _operation(project),
        "environment": _environment(project, model, found),
        "run": _run(project, model, found),
        "gates": [],
        "gaps": found,
    }


def _heading(version: ModelVersion, stated: Mapping[str, str], owner: str) -> dict[str, Any]:
    """Return what the card begins with: which version it is, and what a person said of it."""
    return {
        "schema": 1,
        "title": stated.get("title") or version.name,
        "name": version.name,
        "version": version.version,
        "created": version.created.isoformat(timespec="seconds"),
        "owner": owner,
        **{key: stated.get(key, "") for key in ("intended_use", "limits", "period", "notes")},
    }


def _measured(measured: Measured) -> dict[str, Any]:
    return {
        "confidence": CONFIDENCE,
        "metrics": {name: item.to_dict() for name, item in measured.metrics.items()},
        "groups": [group.to_dict() for group in measured.groups],
        "fairness": [one.to_dict() for one in measured.fairness],
    }


def _importance(candidate: Candidate, gaps: list[str]) -> dict[str, Any]:
    metric, features = candidate.importance
    wanted = len(candidate.model.features)
    if len(features) < wanted:
        gaps.append(
            f"importance is known of {len(features)} of {wanted} features: scoring is too slow "
            f"for more in {LONGEST:g} seconds"
        )
    return {"metric": metric, "features": [item.to_dict() for item in features]}


def _data(project: Project, candidate: Candidate, gaps: list[str]) -> dict[str, Any]:
    return {
        "reference_rows": candidate.reference_rows,
        "holdout_rows": len(candidate.holdout),
        "label": candidate.label,
        "inputs": _inputs(project, candidate.model, gaps),
    }


def _unstated(stated: Mapping[str, str], owner: str) -> list[str]:
    gaps = [] if owner else ["no owner was stated, neither in the card nor in [tool.mlops]"]
    for key, gap in (
        ("intended_use", "the intended use was not stated"),
        ("limits", "no limits were stated"),
        ("period", "the period of the training rows was not stated"),
    ):
        if key not in stated:
            gaps.append(gap)
    return gaps


def _milliseconds(model: ScoringModel, holdout: pd.DataFrame) -> float:
    """Return what 1,000 rows take on one core, the shortest of several times.

    What else the machine does meanwhile is not the model's; a short time is rarely interrupted.
    """
    from threadpoolctl import threadpool_limits

    rows = holdout.head(TIMED_ROWS)
    found: list[float] = []
    with threadpool_limits(limits=1):
        while len(found) < TIMINGS and sum(found) < MOST_SECONDS:
            started = time.perf_counter()
            model.score(rows)
            found.append(time.perf_counter() - started)
    return min(found) * 1e6 / max(len(rows), 1)


def _model(model: ScoringModel, stored: ModelFile, holdout: pd.DataFrame) -> dict[str, Any]:
    binary = model.task == "binary"
    return {
        "type": _kind(model.estimator),
        "task": model.task,
        "features": model.features,
        "threshold": model.threshold if binary else None,
        "positive": str(classes_of(model.estimator)[1]) if binary else None,
        "format": stored.format,
        "types": stored.types,
        "sha256": stored.sha256,
        "bytes": stored.path.stat().st_size,
        "milliseconds_per_1000_rows": _milliseconds(model, holdout),
    }


def _kind(estimator: Any) -> str:
    steps = getattr(estimator, "steps", None)
    if not steps:
        return type(estimator).__name__
    return " → ".join(type(step).__name__ for _, step in steps)


def _inputs(project: Project, model: ScoringModel, gaps: list[str]) -> list[dict[str, Any]]:
    """Return the run's inputs with their content hashes, as tracking recorded them."""
    text = evidence.run_file(project, model.version, "mlops/data.json")
    found = _parsed(text)
    if isinstance(found, Mapping):
        found = found.get("inputs", list(found.values()))
    inputs = [item for item in found or [] if isinstance(item, Mapping)]
    if not inputs:
        gaps.append("the run names no input: log_input would record its content hash")
    return [{key: item.get(key) for key in ("name", "source", "rows", "hash")} for item in inputs]


def _environment(project: Project, model: ScoringModel, gaps: list[str]) -> dict[str, Any]:
    text = evidence.run_file(project, model.version, "mlops/environment.txt")
    if text is None:
        from mlops_nb.environment import packages, python_version

        gaps.append("the run has no environment record: packages are those at registration")
        installed, python = packages(), python_version()
    else:
        lines = text.splitlines()
        installed = dict(line.split("==", 1) for line in lines if "==" in line)
        python = next((ln.split()[2] for ln in lines if ln.startswith("# python ")), "unknown")
    kept = {name: installed[name] for name in _KEY_PACKAGES if name in installed}
    return {"python": python, "packages": kept}


def _run(project: Project, model: ScoringModel, gaps: list[str]) -> dict[str, Any]:
    run = runs.get_run(project, model.version.run_id)
    git = _parsed(evidence.run_file(project, model.version, "mlops/git.json"))
    commit = str(git.get("commit") or "") if isinstance(git, Mapping) else ""
    if not commit:
        gaps.append("the run knows no commit: it was not made in a git repository")
    elif git.get("dirty"):
        gaps.append("the code had changes that were not committed; the run holds the difference")
    for path, text in (("mlops/cell.py", "cell's code"), ("mlops/slice.ipynb", "notebook slice")):
        if evidence.run_file(project, model.version, path) is None:
            gaps.append(f"the run holds no {text}")
    return {"run_id": run.run_id, "uid": run.uid, "name": run.name, "commit": commit}


def _operation(project: Project) -> dict[str, Any]:
    """Return the jobs and alert routes that the project has configured."""
    jobs = [
        {
            "name": name,
            "notebook": job.notebook,
            "schedule": job.schedule,
            "timeout": job.timeout,
            "freshness": job.freshness,
            "owner": job.owner or project.config.owner,
            "playbook": job.playbook,
            "watches": "monitor" in Path(job.notebook).stem,
        }
        for name, job in project.config.jobs.items()
    ]
    return {"jobs": jobs, "routes": list(project.config.alerts.routes)}


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
