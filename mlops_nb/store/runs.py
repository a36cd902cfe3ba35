"""Runs in the MLflow store: look up and write; their files are in ``artifacts``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError, did_you_mean
from mlops_nb.store.artifacts import artifacts, download, upload
from mlops_nb.store.connection import client, exists, experiment_id, store_errors

__all__ = [
    "RunRecord",
    "artifacts",
    "create",
    "download",
    "find_uid",
    "finish",
    "get_run",
    "is_deleted",
    "list_runs",
    "log_inputs",
    "upload",
    "write",
]

UID_TAG = "mlops.uid"
METRICS_PER_BATCH = 1000
ENTRIES_PER_BATCH = 100
_LOOK_BACK = 1000
_DIGEST_LENGTH = 36  # of a column of MLflow's tables
_SOURCE_LENGTH = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run as the store has it.

    Parameters
    ----------
    run_id, uid : str
        MLflow's id and ours; the second is empty for a run that we did not make.
    name, status : str
        The run's name; RUNNING, FINISHED, FAILED or KILLED.
    started, ended : datetime
        In UTC; `ended` is None while it runs.
    params : dict
        Parameters, as text.
    metrics : dict
        The last value of every metric.
    tags : dict
        Every tag, MLflow's own included.
    """

    run_id: str
    uid: str
    name: str
    status: str
    started: datetime
    ended: datetime | None = None
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def list_runs(project: Project, *, filter_string: str = "", limit: int = 100) -> list[RunRecord]:
    """Return the runs of the project's experiment, the newest first.

    Parameters
    ----------
    project : Project
        Whose runs.
    filter_string : str, optional
        MLflow's filter syntax: ``metrics.auc > 0.8 and params.depth = '3'``.
    limit : int, optional
        At most so many runs.

    Raises
    ------
    InputError
        The filter cannot be read.
    StoreError
        The store cannot be reached.
    """
    if not exists(project) or limit <= 0:
        return []
    tracking, experiment = client(project), experiment_id(project)
    found: list[Any] = []
    token: str | None = None
    with store_errors(project):
        while len(found) < limit:
            page = tracking.search_runs(
                [experiment],
                filter_string=filter_string,
                max_results=min(limit - len(found), _LOOK_BACK),
                order_by=["attributes.start_time DESC"],
                page_token=token,
            )
            found.extend(page)
            token = page.token
            if not token:
                break
    return [_record(run) for run in found]


def get_run(project: Project, reference: str) -> RunRecord:
    """Return one run.

    Parameters
    ----------
    project : Project
        Whose run.
    reference : str
        MLflow's run id, our uid, the beginning of either, or a name (its latest run).

    Raises
    ------
    NotFoundError
        No run is called that.
    InputError
        More than one id begins with it.
    StoreError
        The store cannot be reached.
    """
    if exists(project) and reference:
        for find in (_by_run_id, _by_uid, _by_name, _by_prefix):
            record = find(project, reference)
            if record is not None:
                return record
    names = {run.name for run in list_runs(project, limit=_LOOK_BACK)}
    hint = did_you_mean(reference, names) if len(names) <= 12 else _nearest(reference, names)
    raise NotFoundError(f"no run {reference!r} in {project.experiment!r}", hint)


def _nearest(reference: str, names: set[str]) -> str:
    near = did_you_mean(reference, names)
    return near if near.startswith("did you mean") else "mlops run list"


def find_uid(project: Project, uid: str) -> RunRecord | None:
    """Return the run of that uid, None when the store has none yet."""
    return _by_uid(project, uid)


def create(
    project: Project, *, uid: str, name: str, started_ms: int, tags: Mapping[str, str]
) -> str:
    """Create a run and return MLflow's id; `started_ms` is milliseconds since 1970, UTC."""
    tracking, experiment = client(project), experiment_id(project)
    with store_errors(project):
        run = tracking.create_run(
            experiment, start_time=started_ms, run_name=name, tags={**tags, UID_TAG: uid}
        )
    run_id: str = run.info.run_id
    return run_id


def write(
    project: Project,
    run_id: str,
    *,
    metrics: Sequence[tuple[str, float, int, int]] = (),
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write any number of points, parameters and tags; what is there already stays as it is.

    Parameters
    ----------
    project : Project
        Whose store.
    run_id : str
        MLflow's id of the run.
    metrics : sequence of (name, value, timestamp in ms, step)
        A point that the store holds with the same four values is not written again.
    params, tags : mapping, optional
        Names and texts.
    """
    tracking = client(project)
    from mlflow.entities import Metric, Param, RunTag

    points = [Metric(*point) for point in metrics]
    settings = [Param(key, value) for key, value in (params or {}).items()]
    labels = [RunTag(key, value) for key, value in (tags or {}).items()]
    with store_errors(project):
        for start in range(0, len(points), METRICS_PER_BATCH):
            tracking.log_batch(run_id, metrics=points[start : start + METRICS_PER_BATCH])
        for start in range(0, len(settings), ENTRIES_PER_BATCH):
            tracking.log_batch(run_id, params=settings[start : start + ENTRIES_PER_BATCH])
        for start in range(0, len(labels), ENTRIES_PER_BATCH):
            tracking.log_batch(run_id, tags=labels[start : start + ENTRIES_PER_BATCH])


def log_inputs(project: Project, run_id: str, inputs: Sequence[Mapping[str, Any]]) -> None:
    """Write the tables that a run used; one that is there already is not written again.

    Parameters
    ----------
    project : Project
        Whose store.
    run_id : str
        MLflow's id of the run.
    inputs : sequence of mapping
        ``name``, ``kind``, ``source``, ``rows``, ``columns``, ``hash``, ``context`` and ``tags``.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    found = []
    for facts in inputs:
        columns = [{"name": c["name"], "type": c["type"]} for c in facts["columns"]]
        dataset = Dataset(
            name=facts["name"],
            digest=facts["hash"].rpartition(":")[2][:_DIGEST_LENGTH],
            source_type="local",
            source=json.dumps({"uri": facts["source"]})[:_SOURCE_LENGTH],
            schema=json.dumps({"columns": columns})[:_SOURCE_LENGTH],
            profile=json.dumps({"num_rows": facts["rows"]}),
        )
        tags = dict(facts.get("tags", {}))
        if facts.get("context"):
            tags["mlflow.data.context"] = facts["context"]
        found.append(DatasetInput(dataset, [InputTag(k, str(v)) for k, v in tags.items()]))
    with store_errors(project):
        client(project).log_inputs(run_id, datasets=found)


def finish(project: Project, run_id: str, *, status: str, ended_ms: int) -> None:
    """End a run as FINISHED, FAILED or KILLED at a time in milliseconds since 1970, UTC."""
    tracking = client(project)
    with store_errors(project):
        tracking.set_terminated(run_id, status=status, end_time=ended_ms)


def is_deleted(project: Project, run_id: str) -> bool | None:
    """Whether a run is in the store's bin; None when the store does not know it at all."""
    tracking = client(project)
    try:
        with store_errors(project):
            return bool(tracking.get_run(run_id).info.lifecycle_stage != "active")
    except NotFoundError:
        return None


def _by_run_id(project: Project, reference: str) -> RunRecord | None:
    if len(reference) != 32 or not reference.isalnum():
        return None
    try:
        with store_errors(project):
            return _record(client(project).get_run(reference))
    except NotFoundError:
        return None


def _by_uid(project: Project, reference: str) -> RunRecord | None:
    if not reference.isalnum():
        return None
    found = list_runs(project, filter_string=f"tags.`{UID_TAG}` = '{reference}'", limit=1)
    return found[0] if found else None


def _by_name(project: Project, reference: str) -> RunRecord | None:
    if "'" in reference:
        runs = list_runs(project, limit=_LOOK_BACK)
        return next((run for run in runs if run.name == reference), None)
    found = list_runs(project, filter_string=f"attributes.run_name = '{reference}'", limit=1)
    return found[0] if found else None


def _by_prefix(project: Project, reference: str) -> RunRecord | None:
    found = [
        run
        for run in list_runs(project, limit=_LOOK_BACK)
        if run.uid.startswith(reference) or run.run_id.startswith(reference)
    ]
    if len(found) > 1:
        known = ", ".join(run.uid or run.run_id for run in found[:5])
        raise InputError(
            f"{len(found)} runs begin with {reference!r}", f"write more of it: {known}"
        )
    return found[0] if found else None


def _record(run: Any) -> RunRecord:
    info, data = run.info, run.data
    return RunRecord(
        run_id=info.run_id,
        uid=data.tags.get(UID_TAG, ""),
        name=info.run_name or "",
        status=info.status,
        started=datetime.fromtimestamp(info.start_time / 1000, UTC),
        ended=datetime.fromtimestamp(info.end_time / 1000, UTC) if info.end_time else None,
        params=dict(data.params),
        metrics=dict(data.metrics),
        tags=dict(data.tags),
    )
