"""The lifecycle as a page and as a cell's output, in the look of the monitoring's reports."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from mlops_nb.lifecycle.intervals import lasting
from mlops_nb.lifecycle.overview import Overview
from mlops_nb.lifecycle.stages import STAGES, Stage
from mlops_nb.lifecycle.text import EMPTY, HEADERS, heading, row, shown, title
from mlops_nb.lifecycle.timeline import ModelLife
from mlops_nb.monitoring import html
from mlops_nb.monitoring.charts import NOW, Chart, base_layout
from mlops_nb.monitoring.page import boxes, page
from mlops_nb.monitoring.report import write_page
from mlops_nb.result import Result, Status

# Eight hues that stay apart for the colour-blind (Okabe and Ito 2008), black and yellow replaced
# by a grey and an ochre that show on dark and on light.
COLOURS = dict(
    zip(
        STAGES,
        (
            "#8c96a0", "#56a0d3", "#2a9d8f", "#b08d00", "#c06fa8", "#0072b2", "#3a9d5d", "#d55e00",
        ),
        strict=True,
    )
)  # fmt: skip
MOST = 40
"""Versions drawn in the timeline, the newest of them; the table below has all."""


def as_fragment(overview: Overview) -> str:
    """Return the map as the output of a notebook cell."""
    return html.fragment(_head(overview) + "".join(map(_model, overview.models)))


def write(overview: Overview, path: Path) -> Path:
    """Write the map as one HTML page that needs no network, and return where it is.

    Raises
    ------
    InputError
        The file is no ``.html``, or cannot be written.
    """
    figures = [_timeline(overview), _funnel(overview)] if dict(overview.funnel)["begun"] else []
    drawn = [figure for figure in figures if figure is not None]
    body = _head(overview) + boxes(len(drawn)) + "".join(map(_model, overview.models))
    return write_page(path, page(f"{overview.project}: lifecycle", body, drawn))


def _head(overview: Overview) -> str:
    found = overview.bottleneck
    if not dict(overview.funnel)["begun"]:
        return html.heading(Status.SKIPPED, overview.project, EMPTY)
    at = f"{overview.at:%Y-%m-%d %H:%M} UTC"
    counts = " → ".join(f"{stage} {count}" for stage, count in overview.funnel)
    body = html.heading(_status(overview), f"{overview.project}, {at}", counts)
    results = [*_warnings(overview)]
    if found is not None:
        results.insert(
            0,
            Result(
                name="lifecycle.bottleneck", subject=found.stage, status=Status.WARNED,
                message=found.message, advice=found.remedy,
            ),
        )  # fmt: skip
    body += html.cards(results, count=6)
    return body + "".join(f"<p class='mute'>{escape(note)}</p>" for note in overview.notes)


def _status(overview: Overview) -> Status:
    return Status.WARNED if any(_warnings(overview)) else Status.PASSED


def _warnings(overview: Overview) -> list[Result]:
    lives = [
        Result(
            name="lifecycle.live", subject=model.facts.name, status=Status.WARNED, message=warning
        )
        for model in overview.models
        for warning in model.warnings
    ]
    return lives + [
        Result(
            name="lifecycle.stranded",
            subject=notebook.path or "a notebook without a name",
            status=Status.WARNED,
            message=f"{notebook.models} of {len(notebook.runs)} runs logged a model, none of which "
            "left the notebook",
            advice="mlops.register_model(...) the one that is worth it, or mlops run delete",
        )
        for notebook in overview.stranded
    ]


def _model(model: ModelLife) -> str:
    parts = [f"<h3>{escape(heading(model))}</h3>"]
    for number, passage in enumerate(model.passages):
        stages = shown(passage, first=not number)
        parts.append(_table(title(passage, first=not number), stages))
    if model.repairs:
        parts.append(_table("after alerts", [repair.stage for repair in model.repairs]))
    return "".join(parts)


def _table(caption: str, stages: Any) -> str:
    rows = [tuple(escape(cell) for cell in row(stage)) for stage in stages]
    body = html.table(HEADERS, rows, numeric=(1, 2))
    return f"<p><b>{escape(caption)}</b></p><div class='wide'>{body}</div>"


def _timeline(overview: Overview) -> Chart | None:
    rows = [
        (f"{model.facts.name} {passage.version}", stage)
        for model in overview.models
        for passage in model.passages[-MOST:]
        for stage in passage.stages
        if stage.span is not None
    ]
    rows += [
        (f"{model.facts.name}: alerts", repair.stage)
        for model in overview.models
        for repair in model.repairs[-MOST:]
    ]
    if not rows:
        return None
    chart = base_layout("Timeline: pale is waiting, full is runs and jobs at work")
    labels = list(dict.fromkeys(label for label, _ in rows))
    chart["xaxis"] |= {"type": "date"}
    chart["yaxis"] |= {"type": "category", "automargin": True, "autorange": "reversed"}
    chart["yaxis"] |= {"categoryorder": "array", "categoryarray": labels}
    height = 150 + 34 * len(labels)
    bars = [bar for stage in STAGES for bar in _bars(stage, rows)]
    return {"data": bars, "layout": chart | {"barmode": "overlay", "height": height}}


def _bars(name: str, rows: list[tuple[str, Stage]]) -> list[Chart]:
    own = [(label, stage) for label, stage in rows if stage.name == name]
    if not own:
        return []
    common = {"type": "bar", "orientation": "h", "legendgroup": name, "name": name}
    base = [stage.span.start.isoformat() for _, stage in own if stage.span]
    names = [_plain(label) for label, _ in own]
    told = [
        f"{name}: worked {lasting(stage.worked)}, waited {lasting(stage.waited)}<br>"
        f"{_plain(stage.evidence)}"
        for _, stage in own
    ]
    whole = [stage.span.length.total_seconds() * 1000 for _, stage in own if stage.span]
    worked = [stage.worked.total_seconds() * 1000 for _, stage in own]
    look = {"base": base, "y": names, "hovertext": told, "hoverinfo": "text"}
    colour = COLOURS[name]
    return [
        {**common, **look, "x": whole, "marker": {"color": colour, "opacity": 0.4}},
        {**common, **look, "x": worked, "marker": {"color": colour}, "showlegend": False,
         "width": 0.35},
    ]  # fmt: skip


def _funnel(overview: Overview) -> Chart:
    chart = base_layout("Funnel: how many notebooks and models came through each stage")
    names = [stage for stage, _ in overview.funnel]
    counts = [count for _, count in overview.funnel]
    bar = {
        "type": "bar", "orientation": "h", "y": names, "x": counts, "text": counts,
        "base": [-count / 2 for count in counts], "textposition": "auto",
        "insidetextanchor": "middle",
        "hoverinfo": "text",
        "marker": {"color": NOW}, "showlegend": False,
    }  # fmt: skip
    chart["yaxis"] |= {"type": "category", "automargin": True, "autorange": "reversed"}
    chart["xaxis"] |= {"visible": False}
    return {"data": [bar], "layout": chart | {"height": 340}}


def _plain(text: str) -> str:
    """Return text that plotly does not take for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
