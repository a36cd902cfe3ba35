"""Rehearse: a past period under the present policy and under a proposed one, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from mlops_nb.actions.evaluate import judge_version
from mlops_nb.actions.monitor_model import monitor_job
from mlops_nb.actions.rehearsed import Plan, Rehearsal
from mlops_nb.actions.replay import Past, label_delay, replay, truth, versions_in
from mlops_nb.config import Costs, Policy, Project, under_policy
from mlops_nb.errors import ConfigError, InputError, MlopsError, NotFoundError, did_you_mean
from mlops_nb.lifecycle.intervals import Interval, lasting
from mlops_nb.lifecycle.rehearsal import Prices, Tile, outcome
from mlops_nb.lifecycle.retraining import Rule
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.registry import gates
from mlops_nb.registry.versions import ModelVersion, list_versions, resolve
from mlops_nb.state import audit
from mlops_nb.store import connection

ALLOWED = ("monitoring", "business", "gates", "jobs", "lifecycle")
"""Tables that a policy may hold."""


def rehearse(
    project: Project,
    model: str,
    start: date,
    end: date,
    proposed: Mapping[str, Any] | None = None,
    *,
    origin: str = "the proposal",
) -> Rehearsal:
    """Replay a past period's predictions and labels under the present and a proposed policy.

    The checks, their thresholds and the life of alerts are the monitor's own. Both policies are
    held against the same truth: the period in pieces of ``truth-days``, judged by all labels that
    have come since and by the goals of the present configuration.

    Parameters
    ----------
    project : Project
        The project; its configuration is the present policy.
    model : str
        The model.
    start, end : date
        The first and the last day.
    proposed : mapping, optional
        Tables of the configuration that the proposed policy changes; of ``monitoring``,
        ``business``, ``gates``, ``jobs`` and ``lifecycle``.
    origin : str
        Where they come from, for messages.

    Raises
    ------
    InputError
        Nothing was predicted in the period, or its days are the wrong way round.
    ConfigError
        The policy holds something that is none, or cannot be read.
    NotFoundError
        There is no such model.
    """
    policies = {"present": project}
    if proposed:
        policies["proposed"] = _proposed(project, proposed, origin)
    _known(project, model)
    past, notes = _past(project, model, start, end)
    # Whoever proposes may state what things cost; both policies are counted by that.
    costs = policies[list(policies)[-1]].config.lifecycle.costs
    tiles = truth(project, past, costs)
    plans = tuple(_plan(name, config, past, tiles, costs) for name, config in policies.items())
    unknown = sum(not tile.known for tile in tiles)
    if unknown:
        notes.append(f"{unknown} of {len(tiles)} pieces have too few labels to be judged")
    gone = set(past.rows["model_version"]) - set(past.versions)
    if gone:
        notes.append(f"versions {', '.join(sorted(gone))} are not registered: not judged")
    labelled = past.rows["labelled_at"].notna().sum()
    return Rehearsal(
        model=model,
        span=past.span,
        rows=len(past.rows),
        labelled=int(labelled),
        plans=plans,
        truth=tuple(tiles),
        currency=costs.currency,
        notes=(
            *notes,
            "what was predicted stays as it was: a retraining is counted, not its effect",
        ),
    )


def _proposed(project: Project, values: Mapping[str, Any], origin: str) -> Project:
    for name in values:
        if name not in ALLOWED:
            hint = did_you_mean(name, ALLOWED)
            raise ConfigError(f"{origin}: {name!r} is no part of a policy", hint)
    return under_policy(project, values, origin)


def _known(project: Project, model: str) -> None:
    names = {v.name for v in list_versions(project)} if connection.exists(project) else set()
    if model not in names:
        hint = did_you_mean(model, names) or "no model is registered yet"
        raise NotFoundError(f"there is no model {model!r}", hint)


def _past(project: Project, model: str, start: date, end: date) -> tuple[Past, list[str]]:
    import pandas as pd

    if start > end:
        raise InputError(f"the first day {start} is after the last day {end}", "swap them")
    log = predictions_log(model, project)
    rows = log.read(start, end)
    if not len(rows):
        days = log.days()
        hint = f"its days are {days[0]} to {days[-1]}" if days else "it has predicted nothing yet"
        raise InputError(f"{model} predicted nothing from {start} to {end}", hint)
    rows = rows.assign(moment=pd.to_datetime(rows["timestamp"], utc=True))
    delay, note = label_delay(rows)
    told = project.config.lifecycle.policy.label_delay_days
    if told is not None:
        delay, note = timedelta(days=told), ""
    elif not note:
        note = f"labels take {lasting(delay)}, as the log has it"
    first = datetime.combine(start, time(), UTC)
    last = datetime.combine(end, time(), UTC) + timedelta(days=1)
    versions = versions_in(project, model, rows)
    span = Interval(start=first, end=last)
    past = Past(model=model, span=span, rows=rows, versions=versions, delay=delay)
    return past, [note] if note else []


def _plan(name: str, project: Project, past: Past, tiles: list[Tile], costs: Costs) -> Plan:
    rule = _rule(project, past.model)
    prices = Prices(
        false_page=costs.false_page, retrain=costs.retrain, undetected_day=costs.undetected_day
    )
    return Plan(
        name=name,
        rule=_in_words(project, rule),
        outcome=outcome(replay(project, past), tiles, rule, prices),
        refused=_refused(project, past),
    )


def _rule(project: Project, model: str) -> Rule:
    settings: Policy = project.config.lifecycle.policy
    return Rule(
        on=settings.retrain_on or ("alert" if _retrains_by_alert(project, model) else "never"),
        after=settings.retrain_after,
        cooldown=timedelta(days=settings.retrain_cooldown_days),
        every=timedelta(days=settings.retrain_every_days),
    )


def _retrains_by_alert(project: Project, model: str) -> bool:
    try:
        watcher = monitor_job(project, model)
    except ConfigError:
        return False
    jobs = project.config.jobs.values()
    return any(j.after and j.after.job == watcher and j.after.on == "alert" for j in jobs)


def _in_words(project: Project, rule: Rule) -> str:
    settings, watched = project.config.lifecycle.policy, project.config.monitoring
    parts = [f"windows of {watched.window}", watched.alarm_budget or "no alarm budget"]
    if watched.preset != "evidence":
        parts.append(f"preset {watched.preset}")
    parts += [f"{name} may fall by {margin:g}" for name, margin in settings.margins.items()]
    parts.append(f"pages for {', '.join(settings.pages) or 'nothing'}")
    often = f" after {rule.after} in a row" if rule.after > 1 else ""
    parts.append(f"retrain on {rule.on}{often}" if rule.on != "never" else "no retraining by alert")
    if rule.cooldown:
        parts.append(f"at most one in {lasting(rule.cooldown)}")
    if rule.every:
        parts.append(f"and every {lasting(rule.every)}")
    return "; ".join(parts)


def _refused(project: Project, past: Past) -> dict[str, str]:
    """Return which of the versions that predicted the gates would refuse, and why."""
    found = {}
    before = {
        entry.version: entry.details.get("champion_before")
        for entry in audit.entries(project, past.model)
        if entry.action == "promote"
    }
    for held in past.versions.values():
        version = resolve(project, held.label)
        champion = _champion(project, past.model, before.get(version.version))
        stopped = gates.refused(judge_version(project, version, champion))
        if stopped:
            found[version.label] = f"{stopped[0].name}: {stopped[0].message}"
    return found


def _champion(project: Project, model: str, number: object) -> ModelVersion | None:
    try:
        return resolve(project, f"{model}/{number}") if isinstance(number, int) else None
    except MlopsError:  # it was deleted since
        return None
