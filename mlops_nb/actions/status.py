"""One screen: what is live, what ran, what is wrong, what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from html import escape
from typing import Any

from mlops_nb.config import Project
from mlops_nb.jobs.schedule import next_due
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.registry.versions import CHAMPION, list_versions
from mlops_nb.state.alerts import list_alerts
from mlops_nb.state.attempts import latest_by_job
from mlops_nb.store import connection
from mlops_nb.store.runs import list_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """A registered model.

    Parameters
    ----------
    name : str
        The model.
    versions : int
        How many versions it has.
    champion : int, optional
        The version that is live; None: none is.
    last_scored : date, optional
        The latest day in the predictions log.
    """

    name: str
    versions: int
    champion: int | None
    last_scored: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """A declared job.

    Parameters
    ----------
    name : str
        The job.
    status : str
        How its latest attempt ended; ``never`` before the first.
    ended : datetime, optional
        When that was, in UTC.
    due : datetime, optional
        When it is due next, in UTC; None for a job without a schedule.
    """

    name: str
    status: str
    ended: datetime | None
    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStatus:
    """A project at a glance.

    Parameters
    ----------
    root : str
        Its folder.
    runs : int
        Runs in the store, at most 1,000 are counted.
    models : sequence of ModelStatus
        What is registered.
    jobs : sequence of JobStatus
        What is declared.
    alerts : sequence of str
        What is wrong and not resolved, the gravest first.
    next_step : str
        The one thing to do now.
    """

    root: str
    runs: int
    models: tuple[ModelStatus, ...]
    jobs: tuple[JobStatus, ...]
    alerts: tuple[str, ...]
    next_step: str

    def to_dict(self) -> dict[str, Any]:
        """Return the status as JSON-serialisable values, but for dates."""
        return {"schema": 1} | asdict(self)

    def sections(self) -> list[tuple[str, list[str]]]:
        """Return titles and lines, as every face shows them."""
        runs = "1,000 or more" if self.runs >= _RUNS_COUNTED else f"{self.runs:,}"
        return [
            ("project", [self.root]),
            ("runs", [runs]),
            ("models", [_model_line(m) for m in self.models] or ["none registered"]),
            ("jobs", [_job_line(j) for j in self.jobs] or ["none declared"]),
            ("alerts", list(self.alerts) or ["none open"]),
            ("next", [self.next_step]),
        ]

    def __str__(self) -> str:
        lines = []
        for title, texts in self.sections():
            lines += [f"{title if not i else '':9}{text}" for i, text in enumerate(texts)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left;vertical-align:top'>{title}</th>"
            f"<td style='text-align:left'>{'<br>'.join(escape(text) for text in texts)}</td></tr>"
            for title, texts in self.sections()
        )
        return f"<table>{rows}</table>"


_RUNS_COUNTED = 1000


def status(project: Project) -> ProjectStatus:
    """Gather what the store, the state and the predictions log say.

    Parameters
    ----------
    project : Project
        The project to look at; one that was never used is fine.

    Raises
    ------
    StoreError
        The store or the state database cannot be reached.
    """
    stored = connection.exists(project)
    models = _models(project) if stored else ()
    runs = len(list_runs(project, limit=_RUNS_COUNTED)) if stored else 0
    jobs = _jobs(project)
    alerts = tuple(
        f"#{a.id} {a.severity}, {a.windows} in a row{', seen' if a.status != 'open' else ''}: "
        f"{(a.message.splitlines() or [''])[0]}"
        for a in list_alerts(project)
    )
    return ProjectStatus(
        root=str(project.root),
        runs=runs,
        models=models,
        jobs=jobs,
        alerts=alerts,
        next_step=_next_step(runs, models, jobs, alerts),
    )


def _models(project: Project) -> tuple[ModelStatus, ...]:
    grouped: dict[str, list[Any]] = {}
    for version in list_versions(project):
        grouped.setdefault(version.name, []).append(version)
    return tuple(
        ModelStatus(
            name=name,
            versions=len(versions),
            champion=next((v.version for v in versions if CHAMPION in v.aliases), None),
            last_scored=max(predictions_log(name, project).days(), default=None),
        )
        for name, versions in sorted(grouped.items())
    )


def _jobs(project: Project) -> tuple[JobStatus, ...]:
    if not project.config.jobs:
        return ()
    latest, now = latest_by_job(project), datetime.now(UTC)
    return tuple(
        JobStatus(
            name=name,
            status=latest[name].status if name in latest else "never",
            ended=latest[name].ended if name in latest else None,
            due=next_due(job, now),
        )
        for name, job in project.config.jobs.items()
    )


def _next_step(
    runs: int,
    models: Sequence[ModelStatus],
    jobs: Sequence[JobStatus],
    alerts: Sequence[str],
) -> str:
    if alerts:
        return "mlops alert list, then open the report of the first one"
    if not jobs:
        return "mlops init" if runs else "mlops init, then %%mlops run in a notebook"
    broken = [job.name for job in jobs if job.status not in ("never", "succeeded", "running")]
    if broken:
        return f"mlops job history {broken[0]}"
    if not models:
        return "mlops job run train"
    waiting = [model.name for model in models if model.champion is None]
    if waiting:
        return f"mlops model evaluate {waiting[0]}@challenger, then mlops model promote"
    unscored = [model.name for model in models if model.last_scored is None]
    if unscored:
        return "mlops job run score"
    if any(job.status == "never" and "monitor" in job.name for job in jobs):
        return f"mlops monitor {models[0].name}"
    return "nothing to do: all is well"


def _model_line(model: ModelStatus) -> str:
    live = f"version {model.champion} is live" if model.champion else "no version is live"
    scored = f", last scored {model.last_scored}" if model.last_scored else ", never scored"
    return f"{model.name}: {live} of {model.versions}{scored}"


def _job_line(job: JobStatus) -> str:
    ended = f" {job.ended:%Y-%m-%d %H:%M} UTC" if job.ended else ""
    due = f", due {job.due:%Y-%m-%d %H:%M} UTC" if job.due else ""
    return f"{job.name}: {job.status}{ended}{due}"
