"""Gather what happened to a project's models: runs, versions, approvals, jobs, alerts, commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from mlops_nb import git
from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.jobs.attempt import read_results
from mlops_nb.jobs.history import history
from mlops_nb.lifecycle.intervals import Interval
from mlops_nb.lifecycle.records import (
    Incident,
    ModelFacts,
    NotebookFacts,
    ProjectFacts,
    VersionFacts,
)
from mlops_nb.lint.discovery import notebooks
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.monitoring.scored import Scored, scored
from mlops_nb.registry.versions import CHAMPION, EVALUATED, ModelVersion, fact, list_versions
from mlops_nb.result import Result
from mlops_nb.state import audit
from mlops_nb.state.alert_events import AlertEvent, events
from mlops_nb.state.alerts import Alert, list_alerts
from mlops_nb.state.attempts import AttemptRow
from mlops_nb.store import connection
from mlops_nb.store.runs import RunRecord, list_runs

LOOK_BACK = 10_000
"""Newest runs, attempts and alerts that are looked at."""
SOURCE, MODEL = "mlflow.source.name", "mlops.model."
WATCHED = ("performance", "drift", "system", "business", "fairness", "decision", "quality")
"""Dimensions of a monitor's verdict; those of a training notebook are its gates'."""
_ENDED_WELL = ("succeeded", "findings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an attempt concluded about a model.

    Parameters
    ----------
    attempt : AttemptRow
        The attempt.
    model : str
        The model that it was about; empty for none.
    results : tuple of Result
        What its checks found.
    """

    attempt: AttemptRow
    model: str
    results: tuple[Result, ...]

    @property
    def is_monitor(self) -> bool:
        """Whether it watched a live model."""
        dimensions = {result.dimension for result in self.results}
        return "gate" not in dimensions and bool(dimensions & set(WATCHED))


class Records:
    """The records of a project, each read once, when it is asked for.

    Parameters
    ----------
    project : Project
        Whose.
    now : datetime, optional
        The moment that is looked from; now by default.
    """

    def __init__(self, project: Project, now: datetime | None = None) -> None:
        self.project = project
        self.now = now or datetime.now(UTC)

    @cached_property
    def runs(self) -> list[RunRecord]:
        """The newest runs, the oldest of them first."""
        if not connection.exists(self.project):
            return []
        return list_runs(self.project, limit=LOOK_BACK)[::-1]

    @cached_property
    def versions(self) -> list[ModelVersion]:
        """Every model version, by model, the first one first."""
        if not connection.exists(self.project):
            return []
        return sorted(list_versions(self.project), key=lambda v: (v.name, v.version))

    @cached_property
    def audit(self) -> list[audit.Entry]:
        """The audit log, the oldest entry first."""
        return audit.entries(self.project)

    @cached_property
    def attempts(self) -> list[AttemptRow]:
        """The newest attempts, the oldest of them first."""
        return history(self.project, limit=LOOK_BACK)[::-1]

    @cached_property
    def judgements(self) -> list[Judgement]:
        """What attempts concluded, in their order."""
        return [self._judged(one) for one in self.attempts if one.status in _ENDED_WELL]

    @cached_property
    def alerts(self) -> list[tuple[Alert, list[AlertEvent]]]:
        """The newest alerts with what happened to them, the oldest of them first."""
        found = list_alerts(self.project, resolved=True, limit=LOOK_BACK)
        ordered = sorted(found, key=lambda alert: (alert.first_seen, alert.id))
        return [(alert, events(self.project, alert.id)) for alert in ordered]

    @cached_property
    def files(self) -> list[str]:
        """Paths of the notebooks in the project, from its root."""
        root = self.project.root
        return [path.relative_to(root).as_posix() for path in notebooks(self.project, [root])]

    @cached_property
    def commits(self) -> dict[str, git.FileHistory]:
        """The history of each notebook that git knows."""
        return git.histories(self.project.root, "*.ipynb")

    def verdicts(self, model: str) -> list[Judgement]:
        """Return what monitors concluded about a model, the oldest first."""
        return [one for one in self.judgements if one.model == model and one.is_monitor]

    def scored(self, model: str) -> list[Scored]:
        """Return what each version of a model predicted."""
        return scored(predictions_log(model, self.project))

    def _judged(self, attempt: AttemptRow) -> Judgement:
        try:
            results, document = read_results(self.project.root / attempt.folder)
        except InputError:  # damaged: no evidence of anything
            results, document = (), {}
        return Judgement(attempt=attempt, model=str(document.get("model") or ""), results=results)


def gather(records: Records, model: str | None = None) -> ProjectFacts:
    """Return what a lifecycle map is drawn from.

    Parameters
    ----------
    records : Records
        The project's records.
    model : str, optional
        Only this model.

    Raises
    ------
    StoreError
        The store or the state cannot be reached.
    """
    by_name: dict[str, list[ModelVersion]] = {}
    for version in records.versions:
        if model in (None, version.name):
            by_name.setdefault(version.name, []).append(version)
    notes = [
        f"only the newest {LOOK_BACK:,} {what} were looked at"
        for what, found in (("runs", records.runs), ("job attempts", records.attempts))
        if len(found) >= LOOK_BACK
    ]
    models = tuple(_model(records, name, versions) for name, versions in by_name.items())
    own = {version.notebook for found in models for version in found.versions}
    return ProjectFacts(
        name=records.project.experiment,
        now=records.now,
        notebooks=tuple(n for n in _notebooks(records) if model is None or n.path in own),
        models=models,
        notes=tuple(notes),
    )


def _notebooks(records: Records) -> tuple[NotebookFacts, ...]:
    jobs = {job.notebook for job in records.project.config.jobs.values()}
    runs: dict[str, list[RunRecord]] = {name: [] for name in records.files}
    for run in records.runs:
        runs.setdefault(run.tags.get(SOURCE, ""), []).append(run)
    return tuple(
        NotebookFacts(
            path=name,
            commits=known.commits if (known := records.commits.get(name)) else 0,
            first_commit=known.first if known else None,
            runs=tuple(_span(run, records.now) for run in made),
            models=sum(_logged_model(run) for run in made),
            is_job=name in jobs,
        )
        for name, made in runs.items()
    )


def _span(run: RunRecord, now: datetime) -> Interval:
    return Interval(start=run.started, end=run.ended or now)


def _logged_model(run: RunRecord) -> bool:
    return any(tag.startswith(MODEL) for tag in run.tags)


def _model(records: Records, name: str, versions: Sequence[ModelVersion]) -> ModelFacts:
    runs = {run.run_id: run for run in records.runs}
    promoted: dict[int, datetime] = {}
    for entry in records.audit:
        if entry.model == name and entry.action == "promote":
            promoted.setdefault(entry.version, entry.time)
    predicted = {one.version: one for one in records.scored(name)}
    judged = [one.attempt.ended for one in records.verdicts(name) if one.attempt.ended]
    facts = tuple(
        _version(one, runs.get(one.run_id), promoted, predicted, judged, records.now)
        for one in versions
    )
    sources = {version.notebook for version in facts if version.notebook}
    return ModelFacts(
        name=name,
        versions=facts,
        champion=next((v.version for v in versions if CHAMPION in v.aliases), None),
        incidents=_incidents(records, name),
        activity=tuple(_activity(records, name, sources)),
        last_day=max((one.last_day for one in predicted.values()), default=None),
        last_judged=max(judged, default=None),
    )


def _version(
    version: ModelVersion,
    run: RunRecord | None,
    promoted: Mapping[int, datetime],
    predicted: Mapping[str, Scored],
    judged: Iterable[datetime],
    now: datetime,
) -> VersionFacts:
    number = version.version
    score = predicted.get(str(number))
    return VersionFacts(
        version=number,
        notebook=run.tags.get(SOURCE, "") if run else "",
        run=_span(run, now) if run else None,
        created=version.created,
        # Versions of before it was written down were judged when they were promoted at the latest.
        evaluated=_moment(fact(version, EVALUATED)) or promoted.get(number),
        promoted=promoted.get(number),
        scored=score.first if score else None,
        scored_last=score.last if score else None,
        judged=min((at for at in judged if score and at >= score.first), default=None),
        rows=score.rows if score else 0,
        status=version.status,
    )


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _activity(records: Records, name: str, sources: set[str]) -> Iterable[Interval]:
    """Return when runs of its notebooks and jobs of its own, or of no model, were at work."""
    for run in records.runs:
        if run.tags.get(SOURCE, "") in sources:
            yield _span(run, records.now)
    others = {one.attempt.attempt for one in records.judgements if one.model not in ("", name)}
    for attempt in records.attempts:
        if attempt.attempt not in others:
            yield Interval(start=attempt.started, end=attempt.ended or records.now)


def _incidents(records: Records, name: str) -> tuple[Incident, ...]:
    """Return the alerts about a model, those that one attempt opened together."""
    groups: dict[str, list[tuple[Alert, list[AlertEvent]]]] = {}
    for alert, happened in records.alerts:
        if alert.model == name:
            opened = next((e.actor for e in happened if e.event == "opened"), "")
            groups.setdefault(opened or str(alert.id), []).append((alert, happened))
    return tuple(_incident(group) for group in groups.values())


def _incident(group: Sequence[tuple[Alert, list[AlertEvent]]]) -> Incident:
    ends = [next((e.time for e in past if e.event == "resolved"), None) for _, past in group]
    over = [end for end in ends if end is not None]
    first = group[0][0]
    more = f" and {len(group) - 1} more" if len(group) > 1 else ""
    return Incident(
        alerts=tuple(alert.id for alert, _ in group),
        finding=f"{first.identity}{more}",
        opened=first.first_seen,
        resolved=max(over) if len(over) == len(group) else None,
        triggered=any(e.event == "triggered" for _, past in group for e in past),
    )
