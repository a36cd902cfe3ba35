"""A lifecycle map as data of a view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_nb.actions.assess_lifecycle import LifecycleMap
from mlops_nb.actions.lifecycle_page import COLOURS
from mlops_nb.lifecycle.intervals import lasting
from mlops_nb.lifecycle.stages import Stage
from mlops_nb.lifecycle.text import EMPTY, heading
from mlops_nb.lifecycle.timeline import ModelLife
from mlops_nb.widgets.view import column

SPANS = 500
"""At most so many stages are drawn, those of each model's newest versions; all in ``to_dict()``."""

_COLUMNS = [
    column("stage"),
    column("of"),
    column("from", "time"),
    column("worked, h", "number"),
    column("waited, h", "number"),
    column("evidence"),
]


def data(found: LifecycleMap) -> dict[str, Any]:
    """Return the bottleneck, the funnel and every stage with what it took."""
    overview = found.overview
    slow = overview.bottleneck
    spans = [one for model in overview.models for one in _spans(model)]
    left_out = [f"{len(spans) - SPANS} older stages are not shown"] if len(spans) > SPANS else []
    warnings = [f"{m.facts.name}: {warning}" for m in overview.models for warning in m.warnings]
    stranded = [
        f"{notebook.path or 'a notebook without a name'}: {notebook.models} of "
        f"{len(notebook.runs)} runs logged a model, none is registered"
        for notebook in overview.stranded
    ]
    return {
        "project": overview.project,
        "begun": bool(dict(overview.funnel)["begun"]),
        "empty": EMPTY,
        "bottleneck": {"message": slow.message, "remedy": slow.remedy} if slow else None,
        "headings": [heading(model) for model in overview.models],
        "warnings": [*warnings, *stranded, *overview.notes, *left_out],
        "funnel": [[stage, count] for stage, count in overview.funnel],
        "colours": COLOURS,
        "columns": _COLUMNS,
        "spans": spans[-SPANS:],
    }


def _spans(model: ModelLife) -> Iterator[dict[str, Any]]:
    name = model.facts.name
    for passage in model.passages:
        for stage in passage.stages:
            yield from _span(f"{name} {passage.version}", stage)
    for repair in model.repairs:
        yield from _span(f"{name}: alerts", repair.stage)


def _span(label: str, stage: Stage) -> Iterator[dict[str, Any]]:
    if stage.span is None:
        return
    begin, end = (round(m.timestamp() * 1000) for m in (stage.span.start, stage.span.end))
    hours = [round(took.total_seconds() / 3600, 2) for took in (stage.worked, stage.waited)]
    still = ", and still waits" if stage.is_open else ""
    yield {
        "label": label,
        "stage": stage.name,
        "start": begin,
        "end": end,
        "worked": round(stage.worked.total_seconds() * 1000),
        "told": f"{label}, {stage.name}: worked {lasting(stage.worked)}, "
        f"waited {lasting(stage.waited)}{still}",
        "row": [stage.name, label, begin, *hours, stage.evidence],
    }
