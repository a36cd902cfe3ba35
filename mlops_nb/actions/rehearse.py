"""Rehearse: a past period under the present policy and under a proposed one, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from typing import Any

from mlops_nb.actions.evaluate import judge_version
from mlops_nb.actions.monitor_model import monitor_job
from mlops_nb.actions.replay import Past, label_delay, replay, truth, versions_in
from mlops_nb.config import Costs, Policy, Project, under_policy
from mlops_nb.errors import ConfigError, InputError, MlopsError, NotFoundError, did_you_mean
from mlops_nb.lifecycle.intervals import Interval, lasting
from mlops_nb.lifecycle.rehearsal import Outcome, Prices, Rule, Tile, outcome, summary
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.registry import gates
from mlops_nb.registry.versions import ModelVersion, list_versions, resolve
from mlops_nb.result import Status
from mlops_nb.state import audit
from mlops_nb.store import connection

ALLOWED = ("monitoring", "business", "gates", "jobs", "lifecycle")
"""Tables that a policy may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One policy and what it would have done.

    Parameters
    ----------
    name : str
        ``present`` or ``proposed``.
    rule : str
        In words.
    outcome : Outcome
        Pages, retrainings, degradations, money.
    refused : mapping
        Version that predicted in the period → why its gates would have refused it.
    """

    name: str
    rule: str
    outcome: Outcome
    refused: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON-serialisable values."""
        return {
            "policy": self.name, "rule": self.rule, **self.outcome.to_dict(),
            "refused": dict(self.refused),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A past period under one or two policies.

    Parameters
    ----------
    model : str
        The model.
    span : Interval
        The period.
    rows, labelled : int
        Its predictions, and those of them with a label.
    plans : tuple of Plan
        The present policy, and the proposed one if there is one.
    truth : tuple of Tile
        What all labels say with hindsight.
    currency : str
        Of the amounts.
    notes : tuple of str
        What the figures rest on.
    """

    model: str
    span: Interval
    rows: int
    labelled: int
    plans: tuple[Plan, ...]
    truth: tuple[Tile, ...]
    currency: str = ""
    notes: tuple[str, ...] = ()

    def table(self) -> list[tuple[str, ...]]:
        """Return a name and one figure a policy in each row, without headers."""
        columns = [summary(plan.outcome, self.currency) for plan in self.plans]
        rows = [(name, *(column[i][1] for column in columns))
                for i, (name, _) in enumerate(columns[0])]  # fmt: skip
        refused = (", ".join(plan.refused) or "none" for plan in self.plans)
        return [*rows, ("versions refused by gates", *refused)]

    @property
    def verdict(self) -> str:
        """What the comparison comes to, in one sentence."""
        if len(self.plans) < 2:
            return "no policy is proposed: --policy FILE.toml, or an option such as --window 7d"
        before, after = (plan.outcome for plan in self.plans)
        pages = len(after.pages) - len(before.pages)
        missed = len(after.missed) - len(before.missed)
        money = after.cost - before.cost
        unit = f" {self.currency}" if self.currency else ""
        costs = f"costs {abs(money):,.0f}{unit} {'less' if money < 0 else 'more'}"
        return (
            f"the proposed policy pages {pages:+d} times, misses {missed:+d} degradations and "
            + (costs if money else "costs the same")
        )

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from mlops_nb.monitoring import html

        worst = Status.WARNED if any(p.outcome.missed for p in self.plans) else Status.PASSED
        rows = [tuple(escape(cell) for cell in row) for row in self.table()]
        headers = ("", *(plan.name for plan in self.plans))
        numeric = range(1, len(headers))
        notes = "".join(f"<p class='mute'>{escape(note)}</p>" for note in self._rules())
        return html.fragment(
            html.heading(worst, self._title(), self.verdict)
            + html.table(headers, rows, numeric=tuple(numeric))
            + notes
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the versioned JSON form."""
        return {
            "schema": 1,
            "model": self.model,
            "from": self.span.start.isoformat(),
            "to": self.span.end.isoformat(),
            "rows": {"predicted": self.rows, "labelled": self.labelled},
            "currency": self.currency,
            "policies": [plan.to_dict() for plan in self.plans],
            "verdict": self.verdict,
            "notes": list(self.notes),
        }

    def _title(self) -> str:
        last = self.span.end - timedelta(days=1)
        return f"{self.model}, {self.span.start:%Y-%m-%d} to {last:%Y-%m-%d} rehearsed"

    def _lines(self) -> Iterator[str]:
        yield f"{self._title()}: {self.rows:,} predictions, {self.labelled:,} with a label"
        rows = [("", *(plan.name for plan in self.plans)), *self.table()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
            yield f"  {'   '.join(cells)}".rstrip()
        for episode in self.plans[-1].outcome.missed:
            span = f"{episode.span.start:%Y-%m-%d} to {episode.span.end:%Y-%m-%d}"
            yield f"missed under the {self.plans[-1].name} policy: {span}, {episode.faults[0]}"
        yield from self._rules()
        yield self.verdict

    def _rules(self) -> Iterator[str]:
        for plan in self.plans:
            yield f"{plan.name}: {plan.rule}"
            for version, why in plan.refused.items():
                yield f"{plan.name}: the gates would refuse {version}: {why}"
        yield from self.notes


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
