"""The sections of a model card: what the facts say, in the words of its two readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a card.

    Parameters
    ----------
    title : str
        Its heading.
    lines : sequence of str
        Sentences, one paragraph or bullet each.
    header : sequence of str
        Column titles of its table; empty: no table.
    rows : sequence of sequence of str
        Cells of the table.
    note : str
        What the reader must know of the table.
    """

    title: str
    lines: Sequence[str] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    note: str = ""


def sections(facts: Mapping[str, Any]) -> list[Section]:
    """Tell a card's facts as sections, for the two readers first and then in detail."""
    told = [
        _for_science(facts),
        _for_engineering(facts),
        Section(
            title="Use",
            lines=[
                f"Intended use: {facts.get('intended_use') or 'not stated'}",
                f"Limits: {facts.get('limits') or 'not stated'}",
                *([str(facts["notes"])] if facts.get("notes") else []),
            ],
        ),
        _data(facts),
        _metrics(facts),
    ]
    told += [_groups(facts)] if facts["groups"] else []
    told += [_importance(facts)] if facts["importance"]["features"] else []
    told += [_gates(facts)] if facts["gates"] else []
    told.append(_environment(facts))
    gaps = facts["gaps"] or ["none known"]
    told.append(Section(title="Gaps: what could not be captured", lines=gaps))
    return told


def _for_science(facts: Mapping[str, Any]) -> Section:
    model, shown = facts["model"], list(facts["metrics"].items())[:2]
    figures = "; ".join(f"{n} {_span(v)}" for n, v in shown) or "no metric"
    top = ", ".join(item["feature"] for item in facts["importance"]["features"][:3])
    lines = [
        f"A {model['type']} for a {model['task']} task on {len(model['features'])} features.",
        f"On {facts['data']['holdout_rows']:,} rows it was not fitted on: {figures}.",
    ]
    if top:
        lines.append(f"It relies most on: {top}.")
    worst = _worst_group(facts)
    if worst:
        lines.append(worst)
    return Section(title="For the data scientist", lines=lines)


def _for_engineering(facts: Mapping[str, Any]) -> Section:
    model = facts["model"]
    safe = "loads without running code" if model["format"] == "skops" else "LOADING IT RUNS CODE"
    lines = [
        f"Owner: {facts.get('owner') or 'not stated'}.",
        f'Load it with mlops.load_model("{facts["name"]}/{facts["version"]}"); a {model["format"]} '
        f"file of {model['bytes'] / 1e6:.2f} MB that {safe}.",
        f"Scoring took {model['milliseconds_per_1000_rows']:.1f} ms per 1,000 rows when it was "
        "registered.",
        f"It wants {len(model['features'])} columns; a missing one is refused by name.",
        f"If it misbehaves: mlops model rollback {facts['name']}",
    ]
    return Section(title="For the engineer on call", lines=lines)


def _data(facts: Mapping[str, Any]) -> Section:
    data = facts["data"]
    lines = [
        f"Reference (training) rows: {data['reference_rows']:,}",
        f"Hold-out rows: {data['holdout_rows']:,}, label {data['label']!r}",
        f"Period: {facts.get('period') or 'not stated'}",
    ]
    rows = [
        [str(item.get(key, "")) for key in ("name", "source", "rows", "hash")]
        for item in data["inputs"]
    ]
    header = ("input", "source", "rows", "content hash") if rows else ()
    return Section(title="Data", lines=lines, header=header, rows=rows)


def _metrics(facts: Mapping[str, Any]) -> Section:
    rows = [
        [name, f"{item['value']:.4f}", f"{item['low']:.4f}", f"{item['high']:.4f}"]
        for name, item in facts["metrics"].items()
    ]
    threshold = facts["model"].get("threshold")
    note = f"Intervals: {facts['confidence']:.0%}, bootstrap over the rows of the hold-out."
    if threshold is not None:
        note += (
            f" A row is predicted {facts['model']['positive']} from a score of {threshold:g} on."
        )
    return Section(
        title="Metrics on the hold-out",
        header=("metric", "value", "low", "high"),
        rows=rows,
        note=note,
    )


def _groups(facts: Mapping[str, Any]) -> Section:
    names = list(facts["metrics"])
    rows = [
        [
            group["column"],
            group["level"],
            f"{group['rows']:,}",
            *(_span(group["metrics"][n]) if n in group["metrics"] else "–" for n in names),
        ]
        for group in facts["groups"]
    ]
    return Section(title="By group", header=("column", "group", "rows", *names), rows=rows)


def _importance(facts: Mapping[str, Any]) -> Section:
    importance = facts["importance"]
    rows = [
        [item["feature"], f"{item['drop']:.4f}", f"{item['spread']:.4f}"]
        for item in importance["features"][:20]
    ]
    return Section(
        title="What it relies on",
        header=("feature", f"loss of {importance['metric']}", "± sd"),
        rows=rows,
        note="Permutation importance: how much worse the metric becomes when the column is "
        "shuffled. Of columns that say the same, each looks unimportant.",
    )


def _gates(facts: Mapping[str, Any]) -> Section:
    rows = [[r["name"], r["subject"], r["status"], r["message"]] for r in facts["gates"]]
    return Section(
        title="Gates and approvals", header=("gate", "subject", "status", "finding"), rows=rows
    )


def _environment(facts: Mapping[str, Any]) -> Section:
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


def _span(item: Mapping[str, float]) -> str:
    return f"{item['value']:.3f} [{item['low']:.3f}, {item['high']:.3f}]"


def _worst_group(facts: Mapping[str, Any]) -> str:
    from mlops_nb.registry.metrics import direction

    name = next((n for n in facts["metrics"] if direction(n)), None)
    measured = [group for group in facts["groups"] if name in group["metrics"]]
    if name is None or not measured:
        return ""
    worst = min(measured, key=lambda g: direction(name) * g["metrics"][name]["value"])
    figures = f"{name} {_span(worst['metrics'][name])}"
    return f"Weakest group: {worst['column']} = {worst['level']}, {figures}."
