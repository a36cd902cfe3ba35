"""The life of one model: how its versions came to be live, and what followed from its alerts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlops_nb.lifecycle.intervals import Interval, intersection, lasting, median, total
from mlops_nb.lifecycle.records import (
    Incident,
    ModelFacts,
    NotebookFacts,
    ProjectFacts,
    VersionFacts,
)
from mlops_nb.lifecycle.stages import STAGES, Stage, stages

TO_LIVE = tuple(name for name in STAGES if name != "retrain")
"""The stages of a version; `retrain` leads from an alert to the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """How one version came from the notebook into production.

    Parameters
    ----------
    version : int
        Its number.
    stages : tuple of Stage
        Those of :data:`TO_LIVE`.
    lead_time : timedelta, optional
        From the first run to the first production prediction; None while there is none.
    """

    version: int
    stages: tuple[Stage, ...]
    lead_time: timedelta | None

    def to_dict(self) -> dict[str, Any]:
        """Return the passage as JSON-serialisable values."""
        return {
            "version": self.version,
            "lead_time_seconds": self.lead_time.total_seconds() if self.lead_time else None,
            "stages": [stage.to_dict() for stage in self.stages],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What followed from an incident.

    Parameters
    ----------
    incident : Incident
        The alerts.
    stage : Stage
        The time until the retrained champion, until it was over by itself, or until now.
    version : int, optional
        The champion that was trained after the alert; None: there is none.
    """

    incident: Incident
    stage: Stage
    version: int | None

    @property
    def took(self) -> timedelta | None:
        """From the alert to the retrained champion; None when there is none."""
        return self.stage.span.length if self.version and self.stage.span else None

    def to_dict(self) -> dict[str, Any]:
        """Return the repair as JSON-serialisable values."""
        return {
            "alerts": list(self.incident.alerts),
            "finding": self.incident.finding,
            "opened": self.incident.opened.isoformat(),
            "resolved": self.incident.resolved.isoformat() if self.incident.resolved else None,
            "triggered": self.incident.triggered,
            "version": self.version,
            "seconds": self.took.total_seconds() if self.took is not None else None,
            "stage": self.stage.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLife:
    """The life of one model.

    Parameters
    ----------
    facts : ModelFacts
        What is on record.
    passages : tuple of Passage
        Of each version that became champion, and of the newest one on its way, in order.
    repairs : tuple of Repair
        One an incident.
    warnings : tuple of str
        That it is live and not monitored, or stale; and what its records do not agree on.
    """

    facts: ModelFacts
    passages: tuple[Passage, ...]
    repairs: tuple[Repair, ...]
    warnings: tuple[str, ...] = ()

    @property
    def lead_time(self) -> timedelta | None:
        """From the model's first run to its first production prediction."""
        return next((p.lead_time for p in self.passages if p.lead_time is not None), None)

    @property
    def repair_time(self) -> timedelta | None:
        """The middle of the times from an alert to a retrained champion."""
        return median([repair.took for repair in self.repairs if repair.took is not None])

    @property
    def reached(self) -> tuple[str, ...]:
        """The stages that any of its versions came through."""
        through = {s.name for p in self.passages for s in p.stages if _ended(s)}
        through |= {"retrain"} if self.repair_time is not None else set()
        # A version without a run, or without a commit, came through what lies before all the same.
        furthest = max((TO_LIVE.index(n) for n in through if n in TO_LIVE), default=-1)
        return (*TO_LIVE[: furthest + 1], *(["retrain"] if "retrain" in through else []))

    def to_dict(self) -> dict[str, Any]:
        """Return the life as JSON-serialisable values, lengths in seconds."""
        lead, repair = self.lead_time, self.repair_time
        return {
            "model": self.facts.name,
            "champion": self.facts.champion,
            "versions": len(self.facts.versions),
            "lead_time_seconds": lead.total_seconds() if lead is not None else None,
            "alert_to_champion_seconds": repair.total_seconds() if repair is not None else None,
            "reached": list(self.reached),
            "passages": [passage.to_dict() for passage in self.passages],
            "repairs": [repair.to_dict() for repair in self.repairs],
            "warnings": list(self.warnings),
        }


def life(model: ModelFacts, project: ProjectFacts, *, quiet: timedelta, stale: timedelta) -> (
    ModelLife
):  # fmt: skip
    """Draw the life of a model from its records.

    Parameters
    ----------
    model : ModelFacts
        The model.
    project : ProjectFacts
        Its project, for its notebooks and the moment.
    quiet, stale : timedelta
        How long a live model may go without a prediction or a verdict, and how old it may be.
    """
    passages: list[Passage] = []
    warnings = [*_neglected(model, project.now, quiet, stale)]
    for version in _travelled(model):
        passage, notes = _passage(version, model, project, first=not passages)
        passages.append(passage)
        warnings += [f"version {version.version}, {note}" for note in notes]
        if version.run is None:
            warnings.append(f"version {version.version}: its run was deleted, its beginning is not")
            warnings[-1] += " on record"
    repairs = tuple(_repair(incident, model, project.now) for incident in model.incidents)
    return ModelLife(
        facts=model, passages=tuple(passages), repairs=repairs, warnings=tuple(warnings)
    )


def _travelled(model: ModelFacts) -> list[VersionFacts]:
    newest = model.versions[-1:]
    return [v for v in model.versions if v.promoted is not None or v in newest]


def _passage(
    version: VersionFacts, model: ModelFacts, project: ProjectFacts, *, first: bool
) -> tuple[Passage, tuple[str, ...]]:
    began = _began(version, project.notebooks) if first else None
    ran = version.run.start if version.run else None
    run = began.runs[0].start if began and began.runs else ran
    commit = began.first_commit if began else None
    moments = [
        # Who commits after the first run only has left no trace of the beginning.
        commit if commit and run and commit <= run else None,
        run,
        version.run.end if version.run else None,
        version.created,
        version.evaluated,
        version.promoted,
        version.scored,
        version.judged,
    ]
    # What a later version overtook does not wait any more.
    overtaken = version is not model.versions[-1] and version.version != model.champion
    found, notes = stages(
        moments, names=TO_LIVE, activity=model.activity, now=None if overtaken else project.now
    )
    lead = version.scored - run if version.scored and run else None
    return Passage(version=version.version, stages=found, lead_time=lead), notes


def _began(version: VersionFacts, notebooks: tuple[NotebookFacts, ...]) -> NotebookFacts | None:
    return next((n for n in notebooks if n.path == version.notebook and n.path), None)


def _ended(stage: Stage) -> bool:
    return stage.span is not None and not stage.is_open


def _repair(incident: Incident, model: ModelFacts, now: datetime) -> Repair:
    after = [
        v
        for v in model.versions
        if v.promoted and v.promoted > incident.opened and v.created > incident.opened
    ]
    answer = min(after, key=lambda v: v.promoted or now, default=None)
    over = incident.resolved is not None and incident.resolved >= incident.opened
    # A finding that went away by itself, before anything was retrained, needed no champion.
    if answer and over and incident.resolved and answer.promoted:
        answer = None if incident.resolved < answer.created else answer
    end = (answer.promoted if answer else None) or incident.resolved or now
    span = Interval(start=incident.opened, end=end)
    waits = answer is None and incident.resolved is None
    stage = Stage(
        name="retrain",
        span=span,
        worked=total(intersection(model.activity, [span])),
        is_open=waits,
        evidence=f"alert {incident.alerts[0]} {incident.finding}: "
        + (
            f"version {answer.version}" if answer else "not answered" if waits else "over by itself"
        ),
    )
    return Repair(incident=incident, stage=stage, version=answer.version if answer else None)


def _neglected(
    model: ModelFacts, now: datetime, quiet: timedelta, stale: timedelta
) -> Iterator[str]:
    champion = next((v for v in model.versions if v.version == model.champion), None)
    if champion is None:
        return
    name = f"version {champion.version}"
    if champion.scored_last is None:
        yield f"{name} is champion and has predicted nothing"
    elif now - champion.scored_last > quiet:
        idle = lasting(now - champion.scored_last)
        yield f"{name} is champion and has predicted nothing for {idle}"
    elif model.last_judged is None:
        yield f"{name} predicts and was never monitored"
    elif champion.scored_last > model.last_judged and now - model.last_judged > quiet:
        yield f"{name} predicts and was not monitored for {lasting(now - model.last_judged)}"
    trained = champion.run.end if champion.run else champion.created
    if now - trained > stale:
        yield f"{name} is stale: it was trained {lasting(now - trained)} ago"
