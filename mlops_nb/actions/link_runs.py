"""Link the runs that a job's notebook made to the attempt: values, notebook, seed, parent."""

from __future__ import annotations

import json

from mlops_nb.config import Project
from mlops_nb.errors import MlopsError
from mlops_nb.jobs.attempt import AttemptRecord, relative
from mlops_nb.jobs.values import shown

ATTEMPT_TAG = "mlops.attempt"
RUNS_LINKED = 100
TAG_LIMIT = 5_000  # characters; MLflow takes 8,000 bytes


def link_runs(
    project: Project, record: AttemptRecord, *, parent: str | None
) -> tuple[str | None, list[str]]:
    """Bring the attempt's runs into the store and tag them with what they were made of.

    Parameters
    ----------
    project : Project
        The project.
    record : AttemptRecord
        The attempt, ended.
    parent : str, optional
        The attempt whose ending started it.

    Returns
    -------
    str or None, list of str
        The newest run, and what kept us from more.
    """
    from mlops_nb.store import runs
    from mlops_nb.tracking.sync import sync

    try:
        synced = sync(project)
        made = runs.list_runs(
            project, filter_string=f"tags.`{ATTEMPT_TAG}` = '{record.attempt}'", limit=RUNS_LINKED
        )
        for run in made:
            runs.write(project, run.run_id, tags=_links(project, record, parent))
    except MlopsError as error:
        return None, [f"the run is not in the store yet: {error.message}"]
    return (made[0].run_id if made else None), list(synced.warnings)


def _links(project: Project, record: AttemptRecord, parent: str | None) -> dict[str, str]:
    tags = {
        "mlops.job.parameters": json.dumps(shown(dict(record.parameters))),
        "mlops.job.notebook_sha256": record.inputs.get(relative(project, record.notebook), ""),
        "mlops.job.environment": str(record.environment.get("digest", "")),
        "mlops.job.seed": str(record.seed),
        "mlops.parent_attempt": parent or "",
    }
    return {key: value[:TAG_LIMIT] for key, value in tags.items() if value}
