"""Definitions for other schedulers that call our command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_nb.config import Project
from mlops_nb.errors import ConfigError, NotFoundError, did_you_mean
from mlops_nb.jobs.export import airflow, kubernetes, systemd
from mlops_nb.jobs.export.target import Settings
from mlops_nb.jobs.spec import check_jobs

TARGETS: Mapping[str, Callable[[Project, Sequence[str], Settings], Mapping[str, str]]] = {
    "airflow": airflow.files,
    "kubernetes": kubernetes.files,
    "systemd": systemd.files,
}

__all__ = ["TARGETS", "Settings", "export"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One file of a definition.

    Parameters
    ----------
    path : Path
        Where it was written, or would be.
    text : str
        What it holds.
    """

    path: Path
    text: str


def export(
    project: Project, target: str, names: Sequence[str], settings: Settings, folder: Path
) -> list[Exported]:
    """Return the files that make another scheduler run the jobs; nothing is written.

    Parameters
    ----------
    project : Project
        The project.
    target : str
        ``airflow``, ``kubernetes`` or ``systemd``.
    names : sequence of str
        The jobs with what follows them; empty: every job that has a schedule.
    settings : Settings
        Where the command and the project are on the machine that runs them.
    folder : Path
        Where the files belong.

    Raises
    ------
    ConfigError
        No job has a schedule, or a job's configuration is wrong.
    NotFoundError
        There is no such target or job.
    """
    if target not in TARGETS:
        raise NotFoundError(f"unknown target {target!r}", did_you_mean(target, TARGETS))
    check_jobs(project)
    chosen = list(names) or [n for n, job in project.config.jobs.items() if job.schedule]
    if not chosen:
        raise ConfigError("no job has a schedule", "name the jobs to export, or set `schedule`")
    for name in chosen:
        project.job(name)
    files = TARGETS[target](project, chosen, settings)
    return [Exported(path=folder / name, text=text) for name, text in files.items()]
