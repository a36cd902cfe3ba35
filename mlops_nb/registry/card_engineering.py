"""The sections of a card that the engineer on call reads, and those that both do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_nb.registry.card_layout import ENGINEERING, Section


def summary(facts: Mapping[str, Any]) -> Section:
    """Tell the card in short."""
    model = facts["model"]
    safe = "loads without running code" if model["format"] == "skops" else "LOADING IT RUNS CODE"
    jobs = facts.get("operation", {}).get("jobs", [])
    books = sorted({job["playbook"] for job in jobs if job["playbook"]})
    lines = [
        f"Owner: {facts.get('owner') or 'not stated'}.",
        f'Load it with mlops.load_model("{facts["name"]}/{facts["version"]}"); a {model["format"]} '
        f"file of {model['bytes'] / 1e6:.2f} MB that {safe}.",
        f"Scoring took {model['milliseconds_per_1000_rows']:.1f} ms per 1,000 rows when it was "
        f"registered: {_cost(model['milliseconds_per_1000_rows'])} of one core for a million.",
        f"It wants {len(model['features'])} columns; a missing one is refused by name.",
        f"Freshness: {_freshness(jobs)}.",
        f"Failure modes that were tried: {_failures(facts)}.",
        f"Playbook: {', '.join(books) or 'none is configured'}.",
        f"If it misbehaves: mlops model rollback {facts['name']}",
    ]
    return Section(title="For the engineer on call", readers=ENGINEERING, summary=True, lines=lines)


def _cost(milliseconds: float) -> str:
    seconds = milliseconds
    return f"{seconds / 60:.1f} minutes" if seconds >= 120 else f"{seconds:.1f} seconds"


def _freshness(jobs: Sequence[Mapping[str, Any]]) -> str:
    """Return how old answers may be, as the jobs that have a limit or a schedule say."""
    told = [
        f"job {job['name']} within {job['freshness'] / 3600:g} hours"
        if job["freshness"]
        else f"job {job['name']} at {job['schedule']!r}"
        for job in jobs
        if job["freshness"] or job["schedule"]
    ]
    return "; ".join(told) or "nobody stated how old its answers may be"


def _failures(facts: Mapping[str, Any]) -> str:
    tried = facts.get("behaviour") or []
    return "; ".join(f"{one['input']}: {one['answer']}" for one in tried) or "none"


def operation(facts: Mapping[str, Any]) -> Section:
    """Tell the jobs that run and watch it."""
    operation = facts.get("operation", {})
    rows = [
        [
            job["name"],
            job["schedule"] or "on demand",
            f"{job['timeout']:g} s",
            f"{job['freshness']:g} s" if job["freshness"] else "–",
            job["owner"] or "–",
            job["playbook"] or "–",
        ]
        for job in operation.get("jobs", [])
    ]
    routes = ", ".join(operation.get("routes", [])) or "none: nobody is told when it fails"
    return Section(
        title="Operation",
        readers=ENGINEERING,
        lines=[f"Alert routes: {routes}"] + ([] if rows else ["No job is configured."]),
        header=("job", "schedule", "time limit", "freshness", "owner", "playbook") if rows else (),
        rows=rows,
        note="The project's jobs when the version was registered." if rows else "",
    )


def behaviour(facts: Mapping[str, Any]) -> Section:
    """Tell what it does with odd rows."""
    return Section(
        title="Rows that are not as they should be",
        readers=ENGINEERING,
        header=("input", "what the model does"),
        rows=[[item["input"], item["answer"]] for item in facts["behaviour"]],
        note="Tried out when it was registered. A data contract refuses such rows before they "
        "reach the model: mlops data contract",
    )


def gates(facts: Mapping[str, Any]) -> Section:
    """Tell what its gates and owners said."""
    rows = [[r["name"], r["subject"], r["status"], r["message"]] for r in facts["gates"]]
    return Section(
        title="Gates and approvals", header=("gate", "subject", "status", "finding"), rows=rows
    )


def environment(facts: Mapping[str, Any]) -> Section:
    """Tell the run, code, file and packages it comes from."""
    model, found = facts["model"], facts["environment"]
    rows = [["python", found["python"]], *([n, v] for n, v in found["packages"].items())]
    types = ", ".join(model["types"]) or "none"
    return Section(
        title="Where it comes from",
        lines=[
            f"Run: {facts['run']['name']} ({facts['run']['run_id']})",
            f"Code: {facts['run']['commit'] or 'no commit known'}",
            f"Model file: {model['format']}, sha256 {model['sha256']}",
            f"Reviewed types it holds beyond the standard ones: {types}",
        ],
        header=("package", "version"),
        rows=rows,
    )
