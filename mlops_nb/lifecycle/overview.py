"""The lifecycle of a whole project: its models' lives, where they stop, and the bottleneck."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from mlops_nb.lifecycle.intervals import NOTHING, lasting
from mlops_nb.lifecycle.records import NotebookFacts, ProjectFacts
from mlops_nb.lifecycle.stages import STAGES, Stage
from mlops_nb.lifecycle.timeline import ModelLife, life

REMEDY = {
    "explore": "%%mlops run in the notebook, so that what works is on record",
    "experiment": "mlops run compare, to see what still moves",
    "validate": "mlops.register_model(...) as the last cell of the training notebook",
    "register": "mlops model evaluate MODEL@challenger",
    "approve": "mlops model promote MODEL",
    "deploy": "mlops job run score; give the job a schedule",
    "monitor": "mlops monitor MODEL; give the job a schedule",
    "retrain": 'a job with after = { job = "monitor", on = "alert" }',
}
"""Stage → what shortens it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """Where most time is lost, or most models stop.

    Parameters
    ----------
    stage : str
        One of :data:`mlops_nb.lifecycle.stages.STAGES`.
    message : str
        The finding with its evidence, in one sentence.
    remedy : str
        What to do about it.
    """

    stage: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The lifecycle of a project.

    Parameters
    ----------
    project : str
        Its name.
    at : datetime
        The moment it was looked at.
    models : tuple of ModelLife
        The registered ones.
    stranded : tuple of NotebookFacts
        Notebooks whose models never left them: runs that logged a model, and no version.
    funnel : tuple of (str, int)
        Every stage with how many notebooks and models came through it; ``begun`` before all.
    notes : tuple of str
        What could not be read.
    """

    project: str
    at: datetime
    models: tuple[ModelLife, ...]
    stranded: tuple[NotebookFacts, ...]
    funnel: tuple[tuple[str, int], ...]
    notes: tuple[str, ...] = ()

    @property
    def bottleneck(self) -> Bottleneck | None:
        """Where the time goes; None when nothing has waited and nothing has stopped."""
        return _slowest(self.models) or _narrowest(self.funnel)

    def to_dict(self) -> dict[str, Any]:
        """Return the versioned JSON form, lengths in seconds."""
        found = self.bottleneck
        return {
            "schema": 1,
            "project": self.project,
            "at": self.at.isoformat(),
            "models": [model.to_dict() for model in self.models],
            "never_left_the_notebook": [
                {
                    "notebook": notebook.path,
                    "runs": len(notebook.runs),
                    "models": notebook.models,
                    "last_run": notebook.runs[-1].start.isoformat(),
                }
                for notebook in self.stranded
            ],
            "funnel": [{"stage": stage, "count": count} for stage, count in self.funnel],
            "bottleneck": {
                "stage": found.stage, "message": found.message, "remedy": found.remedy,
            }
            if found
            else None,
            "notes": list(self.notes),
        }  # fmt: skip


def overview(facts: ProjectFacts, *, quiet: timedelta, stale: timedelta) -> Overview:
    """Draw the lifecycle of a project from its records.

    Parameters
    ----------
    facts : ProjectFacts
        What is on record.
    quiet, stale : timedelta
        As of :func:`mlops_nb.lifecycle.timeline.life`.
    """
    lives = tuple(life(model, facts, quiet=quiet, stale=stale) for model in facts.models)
    registered = {v.notebook for model in facts.models for v in model.versions}
    candidates = [n for n in facts.notebooks if n.path not in registered]
    stranded = tuple(n for n in candidates if n.models)
    return Overview(
        project=facts.name,
        at=facts.now,
        models=lives,
        stranded=stranded,
        funnel=_funnel(lives, candidates),
        notes=facts.notes,
    )


def _funnel(
    lives: tuple[ModelLife, ...], candidates: list[NotebookFacts]
) -> tuple[tuple[str, int], ...]:
    """Count models, and notebooks that may yet become one: jobs without a model never will."""
    begun = [n for n in candidates if n.models or not n.is_job]
    counts = {stage: sum(stage in one.reached for one in lives) for stage in STAGES}
    counts["explore"] += sum(bool(n.runs) for n in begun)
    return ("begun", len(lives) + len(begun)), *counts.items()


def _slowest(models: tuple[ModelLife, ...]) -> Bottleneck | None:
    waits = list(_waits(models))
    everything = sum((stage.waited for _, stage in waits), NOTHING)
    if not everything:
        return None
    lost = dict.fromkeys(STAGES, NOTHING)
    for _, stage in waits:
        lost[stage.name] += stage.waited
    name = max(lost, key=lambda stage: lost[stage])
    model, worst = max(
        (pair for pair in waits if pair[1].name == name), key=lambda pair: pair[1].waited
    )
    share = lost[name] / everything
    still = " and still does" if worst.is_open else ""
    since = f"{worst.span.start:%Y-%m-%d %H:%M}" if worst.span else ""
    return Bottleneck(
        stage=name,
        message=f"{name}: {lasting(lost[name])} waited, {share:.0%} of all waiting; "
        f"most by {model.facts.name}, {lasting(worst.waited)} from {since}{still} "
        f"({worst.evidence})",
        remedy=REMEDY[name].replace("MODEL", model.facts.name),
    )


def _waits(models: tuple[ModelLife, ...]) -> Iterator[tuple[ModelLife, Stage]]:
    for model in models:
        for passage in model.passages:
            yield from ((model, stage) for stage in passage.stages)
        yield from ((model, repair.stage) for repair in model.repairs)


def _narrowest(funnel: tuple[tuple[str, int], ...]) -> Bottleneck | None:
    """Return the stage where most of what came to it stopped."""
    steps = [
        (before - after, name, before)
        for (_, before), (name, after) in pairwise(funnel)
        if name != "retrain"
    ]
    stopped, name, came = max(steps, key=lambda step: step[0], default=(0, "", 0))
    if not stopped:
        return None
    return Bottleneck(
        stage=name,
        message=f"{name}: {stopped} of {came} notebooks and models stopped before "
        f"{STAGES[name][1]}",
        remedy=REMEDY[name],
    )
