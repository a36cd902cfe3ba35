"""A CronJob a job, that runs our command in a container."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_nb.config import Job, Project
from mlops_nb.errors import ConfigError, InputError
from mlops_nb.jobs.export.target import Settings
from mlops_nb.jobs.limits import limits_of

NAME_LIMIT = 52  # of a CronJob's name: Kubernetes adds eleven characters for each Job of it
_STOP_SECONDS = 30
_OVERHEAD = 500_000_000  # bytes that the supervisor and the report need beside the notebook


def files(project: Project, names: Sequence[str], settings: Settings) -> Mapping[str, str]:
    """Return one manifest a job, as YAML that is JSON: every reader of the one reads the other.

    Parameters
    ----------
    project : Project
        The project.
    names : sequence of str
        Jobs with a schedule; what follows them runs in the same container.
    settings : Settings
        Where things are; `image` must be given.

    Raises
    ------
    InputError
        No image is given.
    ConfigError
        A job has no schedule.
    """
    if not settings.image:
        raise InputError("Kubernetes runs containers: name the image", "--image registry/project:1")
    return {
        f"{_name(project, name)}.yaml": json.dumps(_cron_job(project, name, settings), indent=2)
        + "\n"
        for name in names
    }


def _cron_job(project: Project, name: str, settings: Settings) -> dict[str, Any]:
    job = project.config.jobs[name]
    if not job.schedule:
        raise ConfigError(
            f"job {name!r} has no schedule", "export the job that it follows: that one starts it"
        )
    labels = {"app.kubernetes.io/managed-by": "mlops-nb", "mlops-nb/job": _label(name)}
    spec: dict[str, Any] = {
        "schedule": job.schedule,
        "timeZone": job.timezone,
        # The claim makes it exactly-once; this keeps Kubernetes from trying in vain.
        "concurrencyPolicy": "Forbid" if job.concurrency == 1 else "Allow",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "metadata": {"labels": labels},
            "spec": {
                # Repetitions are ours: they keep the due time and are in the history.
                "backoffLimit": 0,
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "restartPolicy": "Never",
                        "terminationGracePeriodSeconds": _STOP_SECONDS,
                        "containers": [_container(name, job, settings)],
                    },
                },
            },
        },
    }
    if job.catch_up == "none":
        spec["startingDeadlineSeconds"] = max(int(job.grace) or 60, 10)
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": _name(project, name),
            "namespace": settings.namespace,
            "labels": labels,
        },
        "spec": spec,
    }


def _container(name: str, job: Job, settings: Settings) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "job",
        "image": settings.image,
        "workingDir": settings.folder,
        # Not `run`: the tick claims the due time itself, so that a second pod for it does nothing.
        "command": [settings.command, "job", "tick", name],
    }
    variables = sorted({target.removeprefix("env:") for target in job.secrets.values()})
    if variables:
        secret = _label(name).lower().replace("_", "-").replace(".", "-")
        container["env"] = [
            {
                "name": variable,
                "valueFrom": {"secretKeyRef": {"name": f"mlops-{secret}", "key": variable}},
            }
            for variable in variables
        ]
    memory = limits_of(job, name).memory
    if memory:
        room = f"{math.ceil((memory + _OVERHEAD) / 2**20)}Mi"
        container["resources"] = {"requests": {"memory": room}, "limits": {"memory": room}}
    return container


def _name(project: Project, name: str) -> str:
    """Return a name as RFC 1123 wants it: small letters, digits and ``-``."""
    kept = re.sub(r"[^a-z0-9-]+", "-", f"{project.experiment}-{name}".lower()).strip("-")
    return kept[-NAME_LIMIT:].strip("-")


def _label(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text)[:63].strip("-_.")
