"""The criteria of maturity: each looks at the evidence and answers with one result.

A criterion is a function that its decorator gives a level, a reason and the command to take.
It answers what it found and when that was; nothing is ticked because somebody says so.
"""

from __future__ import annotations

from mlops_nb.lifecycle.criterion import Finding, criterion, oldest, several
from mlops_nb.lifecycle.evidence import Evidence

DIMENSIONS = ("performance", "drift", "system", "business")
"""What a live model must be watched on."""


@criterion(
    1,
    why="What is not on record cannot be compared, reviewed or found again",
    advice='%%mlops run "name" --metric METRIC --model MODEL in a notebook',
)
def tracked(evidence: Evidence) -> Finding:
    """Ask for runs on record."""
    last = evidence.last_run
    if last is None:
        return Finding(met=False, message="no run is on record")
    return Finding(met=True, message=f"{evidence.runs:,} runs, the last {last.what}", at=last.at)


@criterion(
    1,
    why="A result belongs to a state of the code that somebody can go back to",
    advice="git add the notebooks, and commit them",
)
def versioned(evidence: Evidence) -> Finding:
    """Ask for notebooks that git knows."""
    known = [at for at in evidence.notebooks.values() if at is not None]
    unknown = [path for path, at in evidence.notebooks.items() if at is None]
    if not evidence.notebooks:
        return Finding(met=False, message="there is no notebook", advice="mlops init")
    if unknown:
        message = f"git does not know {several(unknown)} of {len(evidence.notebooks)} notebooks"
        return Finding(met=False, message=message)
    message = f"git has all {len(known)} notebooks"
    return Finding(met=True, message=message, at=max(known))


@criterion(
    1,
    why="Nobody can repair what nobody can make again; only making it again shows that it works",
    advice="mlops run reproduce RUN",
)
def reproducible(evidence: Evidence) -> Finding:
    """Ask for a run that was made again, and champions that could be."""
    lacking = [f"{model.label} lacks its {', '.join(model.lacking)}"
               for model in evidence.models if model.lacking]  # fmt: skip
    if lacking:
        advice = "commit, then train in a run: mlops job run train"
        return Finding(met=False, message="; ".join(lacking), advice=advice)
    if evidence.reproduced is None:
        return Finding(met=False, message="no run was made again with the same result")
    again = evidence.reproduced
    return Finding(met=True, message=f"{again.what} came out the same again", at=again.at)


@criterion(
    1, why="A notebook that only runs in the head of its author stops at night", advice="mlops lint"
)
def linted(evidence: Evidence) -> Finding:
    """Ask for notebooks without an error of the linter."""
    bad = [path for path, count in evidence.lint_errors.items() if count]
    if not evidence.lint_errors:
        return Finding(met=False, message="there is no notebook", advice="mlops init")
    if bad:
        errors = sum(evidence.lint_errors.values())
        message = f"the linter finds {errors} errors in {several(bad)}"
        return Finding(met=False, message=message)
    message = f"the linter finds no error in {len(evidence.lint_errors)} notebooks"
    return Finding(met=True, message=message, at=evidence.now)


@criterion(
    2,
    why="Which version is live, since when and why, is on record and not in somebody's memory",
    advice="mlops model promote MODEL",
)
def registered(evidence: Evidence) -> Finding:
    """Ask for champions that the audit log knows."""
    if not evidence.models:
        waiting = evidence.candidates
        message = f"{several(waiting)} has no champion" if waiting else "no model is registered"
        advice = f"mlops model promote {waiting[0]}" if waiting else "mlops job run train"
        return Finding(met=False, message=message, advice=advice)
    unknown = [model for model in evidence.models if model.promoted is None]
    if unknown:
        message = f"the audit log does not know how {unknown[0].label} became champion"
        return Finding(met=False, message=message, advice=f"mlops model promote {unknown[0].label}")
    return oldest([model.promoted for model in evidence.models], "live")


@criterion(
    2,
    why="A worse version does not go live because somebody was in a hurry",
    advice="set `minimum` in [tool.mlops.gates], then mlops model promote MODEL",
)
def gated(evidence: Evidence) -> Finding:
    """Ask for champions that went through their gates."""
    if not evidence.models:
        return Finding(met=False, message="no model is live", advice="mlops model promote MODEL")
    over = [model.label for model in evidence.models if model.overridden]
    if over:
        message = f"{several(over)} went live over its gates"
        return Finding(met=False, message=message, advice=f"mlops model evaluate {over[0]}")
    open_ = [m.label for m in evidence.models if m.promoted is None or not m.gates_passed]
    if open_:
        return Finding(met=False, message=f"no gate stood before {several(open_)}")
    passed = sum(model.gates_passed for model in evidence.models)
    found = oldest([model.promoted for model in evidence.models], "through its gates")
    return Finding(met=True, message=f"{passed} gates passed; {found.message}", at=found.at)


@criterion(
    2,
    why="What has to be remembered every morning is forgotten on one of them",
    advice='a job with schedule = "30 5 * * *", and mlops job serve (or tick from cron)',
)
def scheduled(evidence: Evidence) -> Finding:
    """Ask for a job that the clock started."""
    done = evidence.scheduled
    if done is not None:
        return Finding(met=True, message=f"{done.what} ran by its schedule", at=done.at)
    if evidence.schedules:
        message = f"{several(evidence.schedules)} never ran by its schedule with success"
        return Finding(met=False, message=message, advice="mlops job serve, or tick from cron")
    return Finding(met=False, message="no job has a schedule")


@criterion(
    2, why="A model fails in silence on the side that nobody looks at", advice="mlops monitor MODEL"
)
def monitored(evidence: Evidence) -> Finding:
    """Ask for verdicts on every dimension."""
    if not evidence.models:
        return Finding(met=False, message="no model is live", advice="mlops model promote MODEL")
    for model in evidence.models:
        advice = f"mlops monitor {model.name}"
        if model.judged is None:
            message = f"no monitor has judged {model.name}"
            return Finding(met=False, message=message, advice=advice)
        missing = [name for name in DIMENSIONS if name not in model.dimensions]
        if missing:
            message = f"the last verdict on {model.name} says nothing of {', '.join(missing)}"
            advice = f"add it to the monitor notebook: {missing[0]}; then {advice}"
            return Finding(met=False, message=message, at=model.judged.at, advice=advice)
    found = oldest([model.judged for model in evidence.models], "judged")
    message = f"{', '.join(DIMENSIONS)}: {found.message}"
    return Finding(met=True, message=message, at=found.at)


@criterion(2, why="An alert that is written to a file wakes nobody", advice="mlops alert test")
def alerted(evidence: Evidence) -> Finding:
    """Ask for a route to people that took a message."""
    if not evidence.routes:
        message = "alerts go to a file of the project and to nobody"
        advice = "a route in [tool.mlops.alerts.routes], then mlops alert test"
        return Finding(met=False, message=message, advice=advice)
    if evidence.delivered is None:
        return Finding(met=False, message=f"{several(evidence.routes)} never took a message")
    message = f"route {evidence.delivered.what} took a message"
    return Finding(met=True, message=message, at=evidence.delivered.at)


@criterion(
    2,
    why="Whoever is woken at night should not have to invent what to do",
    advice="mlops init lays templates into playbooks/; mlops playbook list",
)
def guided(evidence: Evidence) -> Finding:
    """Ask for playbooks that alerts lead into."""
    if not evidence.playbooks:
        return Finding(met=False, message="there is no playbook")
    if evidence.alerts > evidence.guided:
        without = evidence.alerts - evidence.guided
        message = f"{without} of {evidence.alerts} alerts lead to no playbook"
        return Finding(met=False, message=message, advice="mlops alert list --all")
    there = f"{len(evidence.playbooks)} playbooks"
    if evidence.last_alert is None:
        return Finding(met=True, message=f"{there}; no alert has needed one yet", at=evidence.now)
    message = f"{there}; all {evidence.alerts} alerts lead into one"
    return Finding(met=True, message=message, at=evidence.last_alert.at)


@criterion(
    3,
    why="Between an alert and a better model nobody has to find the time",
    advice='after = { job = "monitor", on = "alert" } in a training job\'s table',
)
def retrained(evidence: Evidence) -> Finding:
    """Ask for a champion that an alert led to."""
    done = evidence.retrained
    if done is not None:
        return Finding(met=True, message=f"an alert led to {done.what}", at=done.at)
    if evidence.retrain_jobs:
        message = f"no alert has led through {several(evidence.retrain_jobs)} to a champion yet"
        advice = "mlops playbook drill data-drift shows whether it would"
        return Finding(met=False, message=message, advice=advice)
    return Finding(met=False, message="no alert starts a retraining")


@criterion(
    3,
    why="Somebody of science and somebody of engineering answer for what is live, and it shows",
    advice="mlops model approve MODEL --role science",
)
def governed(evidence: Evidence) -> Finding:
    """Ask for valid approvals and a whole audit log."""
    if evidence.audit_problems:
        message = "; ".join(evidence.audit_problems)
        return Finding(met=False, message=message, advice="mlops model audit --verify")
    if evidence.owners < 2:
        message = "nobody is named to approve for science and for engineering"
        return Finding(met=False, message=message, advice="name them in [tool.mlops.owners]")
    if not evidence.models:
        return Finding(met=False, message="no model is live", advice="mlops model promote MODEL")
    lacking = [model for model in evidence.models if model.approved is None]
    if lacking:
        message = f"{several([m.label for m in lacking])} is live without valid approvals"
        advice = f"mlops model approve {lacking[0].label} --role science"
        return Finding(met=False, message=message, advice=advice)
    return oldest([model.approved for model in evidence.models], "approved")


@criterion(
    3, why="A way back that was never walked is a hope", advice="mlops playbook drill bad-deploy"
)
def rollback_rehearsed(evidence: Evidence) -> Finding:
    """Ask for a rollback, in earnest or in a drill."""
    drilled = next((d for d in evidence.drills if d.passed and d.rolled_back), None)
    done = evidence.rollback
    if drilled is not None and (done is None or drilled.at > done.at):
        return Finding(met=True, message=f"drill of {drilled.playbook}", at=drilled.at)
    if done is not None:
        return Finding(met=True, message=f"rollback of {done.what}", at=done.at)
    return Finding(met=False, message="no rollback and no drill of one is on record of late")


@criterion(
    3, why="A playbook that nobody has followed is a text", advice="mlops playbook drill data-drift"
)
def drilled(evidence: Evidence) -> Finding:
    """Ask for drills that passed."""
    newest = {drill.playbook: drill for drill in reversed(evidence.drills)}
    failed = [drill for drill in newest.values() if not drill.passed]
    if failed:
        message = f"the last drill of {failed[0].playbook} failed"
        advice = f"mlops playbook drill {failed[0].playbook}"
        return Finding(met=False, message=message, at=failed[0].at, advice=advice)
    if not newest:
        return Finding(met=False, message="no drill of a playbook is on record of late")
    latest = max(drill.at for drill in newest.values())
    message = f"drills of {several(list(newest))} passed"
    return Finding(met=True, message=message, at=latest)
