"""Gather the evidence of a project's maturity from its records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from mlops_nb.actions.lifecycle_facts import SOURCE, Judgement, Records
from mlops_nb.config import Project
from mlops_nb.jobs import drills
from mlops_nb.lifecycle.evidence import Drill, Evidence, Fact, LiveModel
from mlops_nb.lint.rule import Severity
from mlops_nb.lint.run import Options, lint_paths
from mlops_nb.registry import approvals
from mlops_nb.registry.ledger import verify
from mlops_nb.registry.versions import CHAMPION, ModelVersion
from mlops_nb.result import Status
from mlops_nb.state.audit import Entry
from mlops_nb.state.deliveries import delivered
from mlops_nb.state.route_tests import last_tests
from mlops_nb.store import connection
from mlops_nb.store.runs import RunRecord, artifacts
from mlops_nb.tracking.reproduce import MOMENT_TAG, TAG

ATTEMPT, COMMIT = "mlops.attempt", "mlflow.source.git.commit"
_CHECKED = (Status.PASSED, Status.WARNED, Status.FAILED)
_WELL = ("succeeded", "findings")
# Part of what reproduces a run → the files any of which holds it.
_PARTS = {
    "cells": ("mlops/slice.ipynb", "mlops/cell.py"),
    "packages": ("mlops/environment.txt",),
    "data": ("mlops/data.json",),
}


def gather(records: Records) -> Evidence:
    """Return what the criteria of maturity look at.

    Parameters
    ----------
    records : Records
        The project's records.

    Raises
    ------
    StoreError
        The store or the state cannot be reached.
    InputError
        The record of a drill cannot be read.
    """
    project, since = records.project, _since(records)
    live = [version for version in records.versions if CHAMPION in version.aliases]
    names = {version.name for version in records.versions}
    return Evidence(
        now=records.now,
        runs=len(records.runs),
        last_run=_newest(_run(run) for run in records.runs),
        reproduced=_newest(_reproductions(records)),
        notebooks={
            path: known.last if (known := records.commits.get(path)) else None
            for path in records.files
        },
        lint_errors=_lint_errors(project, records.files),
        models=tuple(_live(records, version) for version in live),
        candidates=tuple(sorted(names - {version.name for version in live})),
        scheduled=_newest(_scheduled(records)),
        schedules=tuple(name for name, job in project.config.jobs.items() if job.schedule),
        routes=_routes(project),
        delivered=_newest(_delivered(project)),
        playbooks=_playbooks(project),
        retrained=_newest(_retrained(records)),
        retrain_jobs=tuple(
            name
            for name, job in project.config.jobs.items()
            if job.after is not None and job.after.on == "alert"
        ),
        owners=sum(bool(getattr(project.config.owners, role)) for role in approvals.ROLES),
        audit_problems=_audit_problems(project),
        rollback=_newest(
            Fact(what=f"{entry.model} to version {entry.version}", at=entry.time)
            for entry in records.audit
            if entry.action == "rollback" and entry.time >= since
        ),
        drills=_drills(project, since),
        **_alerts(records, since),
    )


def _since(records: Records) -> datetime:
    return records.now - timedelta(days=records.project.config.lifecycle.evidence_days)


def _newest(facts: Iterable[Fact]) -> Fact | None:
    return max(facts, key=lambda fact: fact.at, default=None)


def _run(run: RunRecord) -> Fact:
    where = run.tags.get(SOURCE, "")
    name = run.name or run.run_id[:8]
    return Fact(what=f"{name} in {where}" if where else name, at=run.ended or run.started)


def _reproductions(records: Records) -> Iterator[Fact]:
    for run in records.runs:
        if run.tags.get(TAG) == "reproduced":
            at = run.tags.get(MOMENT_TAG, "")
            yield Fact(
                what=f"run {run.name or run.run_id[:8]}",
                at=datetime.fromisoformat(at) if at else run.started,
            )


def _lint_errors(project: Project, files: list[str]) -> dict[str, int]:
    report = lint_paths(project, [project.root / path for path in files], Options(cache=True))
    return {
        path: sum(found.severity == Severity.ERROR for found in one.diagnostics)
        for path, one in zip(files, report.reports, strict=True)
    }


def _live(records: Records, version: ModelVersion) -> LiveModel:
    promotion = next(
        (
            entry
            for entry in reversed(records.audit)
            if (entry.action, entry.model, entry.version)
            == ("promote", version.name, version.version)
        ),
        None,
    )
    verdict = next(iter(reversed(records.verdicts(version.name))), None)
    gates = promotion.details.get("gates") if promotion else None
    return LiveModel(
        name=version.name,
        version=version.version,
        promoted=Fact(what=version.label, at=promotion.time) if promotion else None,
        overridden=bool(promotion and promotion.details.get("override")),
        gates_passed=_gates_passed(gates),
        lacking=tuple(_lacking(records, version)),
        judged=_judged(verdict, version),
        dimensions=frozenset(
            r.dimension for r in (verdict.results if verdict else ()) if r.status in _CHECKED
        ),
        approved=_approved(records, version),
    )


def _gates_passed(gates: Any) -> int:
    if not isinstance(gates, list):
        return 0
    # What has no bound to be held against is no gate.
    return sum(
        str(gate.get("name", "")).startswith("gate.") and gate.get("status") == Status.PASSED.value
        for gate in gates
        if isinstance(gate, dict) and gate.get("name") != "gate.card"
    )


def _judged(verdict: Judgement | None, version: ModelVersion) -> Fact | None:
    if verdict is None or verdict.attempt.ended is None:
        return None
    return Fact(what=version.name, at=verdict.attempt.ended)


def _lacking(records: Records, version: ModelVersion) -> Iterator[str]:
    run = next((run for run in records.runs if run.run_id == version.run_id), None)
    if run is None:
        yield "run"
        return
    there = set(artifacts(records.project, run.run_id))
    yield from (part for part, files in _PARTS.items() if not there & set(files))
    if not run.tags.get(COMMIT):
        yield "commit"


def _approved(records: Records, version: ModelVersion) -> Fact | None:
    if approvals.check(records.project, version).status is not Status.PASSED:
        return None
    times = [
        entry.time
        for entry in records.audit
        if (entry.action, entry.model, entry.version)
        == (approvals.ACTION, version.name, version.version)
    ]
    return Fact(what=version.label, at=max(times))


def _scheduled(records: Records) -> Iterator[Fact]:
    for attempt in records.attempts:
        if attempt.origin == "schedule" and attempt.status in _WELL and attempt.ended:
            yield Fact(what=f"job {attempt.job}", at=attempt.ended)


def _routes(project: Project) -> tuple[str, ...]:
    routes = project.config.alerts.routes
    return tuple(name for name, target in routes.items() if target != "local")


def _playbooks(project: Project) -> tuple[str, ...]:
    named = {job.playbook for job in project.config.jobs.values() if job.playbook}
    there = {name for name in named if (project.root / name).is_file()}
    for path in (project.root / "playbooks").glob("*.md"):
        if path.name != "README.md":
            there.add(path.relative_to(project.root).as_posix())
    return tuple(sorted(there))


def _alerts(records: Records, since: datetime) -> dict[str, Any]:
    late = [alert for alert, _ in records.alerts if alert.first_seen >= since]
    led = [alert for alert in late if alert.playbook]
    newest = _newest(Fact(what=alert.identity, at=alert.first_seen) for alert in led)
    return {"alerts": len(late), "guided": len(led), "last_alert": newest}


def _retrained(records: Records) -> Iterator[Fact]:
    """Return the promotions of versions that a job made which a monitor's alert started."""
    alarms = {one.attempt.attempt for one in records.judgements if one.is_monitor
              and one.attempt.status == "findings"}  # fmt: skip
    started = {
        one.attempt for one in records.attempts if one.origin == "after" and one.parent in alarms
    }
    made = {run.run_id for run in records.runs if run.tags.get(ATTEMPT) in started}
    labels = {version.label for version in records.versions if version.run_id in made}
    for entry in records.audit:
        label = f"{entry.model}/{entry.version}"
        if entry.action == "promote" and label in labels:
            yield Fact(what=f"{label}, {_how(records, entry)}", at=entry.time)


def _how(records: Records, entry: Entry) -> str:
    within = any(
        attempt.started <= entry.time <= (attempt.ended or records.now)
        for attempt in records.attempts
        if attempt.origin == "after"
    )
    return "promoted by its gates" if within else "promoted by a person"


def _audit_problems(project: Project) -> tuple[str, ...]:
    if not connection.exists(project):
        return ()
    return tuple(r.message for r in verify(project) if r.status is Status.FAILED)


def _delivered(project: Project) -> Iterator[Fact]:
    """Return what routes to people took: messages in earnest, and tests."""
    took = list(delivered(project).items())
    took += [(route, test.time) for route, test in last_tests(project).items() if not test.problem]
    beyond = set(_routes(project))
    return (Fact(what=route, at=at) for route, at in took if route in beyond)


def _drills(project: Project, since: datetime) -> tuple[Drill, ...]:
    """Return the drills that are no older than that, the newest first."""
    return tuple(
        Drill(
            playbook=held.playbook,
            at=held.time,
            passed=held.passed,
            rolled_back=any(
                "model rollback" in str(one.get("command")) and one.get("exit_code") == 0
                for one in held.commands
            ),
        )
        for held in drills.drills(project)
        if held.time >= since
    )
