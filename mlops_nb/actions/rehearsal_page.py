"""A rehearsal as a page and as a cell's output, in the look of the monitoring's reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape
from pathlib import Path

from mlops_nb.actions.rehearsed import Plan, Rehearsal
from mlops_nb.lifecycle.intervals import Interval, lasting
from mlops_nb.lifecycle.rehearsal import Episode
from mlops_nb.monitoring import html
from mlops_nb.monitoring.charts import Chart, base_layout
from mlops_nb.monitoring.page import boxes, page
from mlops_nb.monitoring.report import write_page
from mlops_nb.result import Result, Status

# Of Okabe and Ito (2008), as in the map of the lifecycle: apart for the colour-blind.
WORSE, UNKNOWN, TRUE, FALSE, RETRAIN = "#d55e00", "#8c96a0", "#0072b2", "#e6a000", "#3a9d5d"
PARTS = {
    "false_pages": ("false pages", FALSE),
    "retrains": ("retrainings", RETRAIN),
    "undetected": ("undetected days", WORSE),
}
HINDSIGHT = "with hindsight"


def as_fragment(found: Rehearsal) -> str:
    """Return the rehearsal as the output of a notebook cell."""
    return html.fragment(_head(found) + _table(found) + _notes(found))


def write(found: Rehearsal, path: Path) -> Path:
    """Write the rehearsal as one HTML page that needs no network, and return where it is.

    Raises
    ------
    InputError
        The file is no ``.html``, or cannot be written.
    """
    figures = [_timeline(found), _money(found)]
    missed = "".join(html.cards(_missed(plan), count=6) for plan in found.plans)
    body = _head(found) + missed + boxes(len(figures)) + _table(found) + _notes(found)
    return write_page(path, page(found.title, body, figures))


def _head(found: Rehearsal) -> str:
    worst = Status.WARNED if any(plan.outcome.missed for plan in found.plans) else Status.PASSED
    return html.heading(worst, found.title, found.verdict)


def _table(found: Rehearsal) -> str:
    rows = [tuple(escape(cell) for cell in row) for row in found.table()]
    headers = ("", *(plan.name for plan in found.plans))
    return html.table(headers, rows, numeric=tuple(range(1, len(headers))))


def _notes(found: Rehearsal) -> str:
    return "".join(f"<p class='mute'>{escape(note)}</p>" for note in found.rules())


def _missed(plan: Plan) -> Iterator[Result]:
    for episode in plan.outcome.missed:
        yield Result(
            name="rehearsal.missed",
            subject=plan.name,
            status=Status.WARNED,
            message=f"{_days(episode.span)}: no alert was open, and worse than it may be was "
            + ", ".join(episode.faults),
            advice="shorter windows, a smaller margin, or let its finding page: lifecycle.policy",
        )


def _timeline(found: Rehearsal) -> Chart:
    unknown = [tile.span for tile in found.truth if not tile.known]
    episodes = found.plans[0].outcome.episodes  # the same truth under every policy
    rows = [HINDSIGHT, *(plan.name for plan in found.plans)]
    data = [
        _bars("worse than it may be", HINDSIGHT, [(e.span, _plain(e)) for e in episodes], WORSE),
        _bars("not known", HINDSIGHT, [(s, "too few labels") for s in unknown], UNKNOWN),
    ]
    first = True
    for plan in found.plans:
        for name, symbol, colour, moments in _marks(plan):
            data.append(_points(name, symbol, colour, plan.name, moments, legend=first))
        first = False
    chart = base_layout("What was wrong, and what each policy would have done")
    margin = found.span.length / 50  # marks at either end are whole
    span = [(found.span.start - margin).isoformat(), (found.span.end + margin).isoformat()]
    chart["xaxis"] |= {"type": "date", "range": span}
    # The range names every row: a policy that did nothing is an answer too.
    chart["yaxis"] |= {"type": "category", "automargin": True, "range": [len(rows) - 0.5, -0.5]}
    chart["yaxis"] |= {"categoryorder": "array", "categoryarray": rows}
    return {"data": data, "layout": chart | {"barmode": "overlay", "height": 160 + 50 * len(rows)}}


Moments = list[tuple[datetime, str]]


def _marks(plan: Plan) -> Iterator[tuple[str, str, str, Moments]]:
    pages = plan.outcome.pages
    right = [(one.at, "page: " + ", ".join(one.findings)) for one in pages if not one.is_false]
    wrong = [(one.at, "false: " + ", ".join(one.findings)) for one in pages if one.is_false]
    begun = [(at, "a retraining") for at in plan.outcome.retrains]
    yield "page", "circle", TRUE, right
    yield "false page", "x", FALSE, wrong
    yield "retraining", "triangle-up-open", RETRAIN, begun


def _bars(name: str, row: str, spans: list[tuple[Interval, str]], colour: str) -> Chart:
    return {
        "type": "bar", "orientation": "h", "name": name, "y": [row] * len(spans),
        "base": [span.start.isoformat() for span, _ in spans],
        "x": [span.length / timedelta(milliseconds=1) for span, _ in spans],
        "hovertext": [f"{_days(span)}<br>{text}" for span, text in spans], "hoverinfo": "text",
        "marker": {"color": colour}, "width": 0.4, "showlegend": bool(spans),
    }  # fmt: skip


def _points(
    name: str, symbol: str, colour: str, row: str, moments: Moments, *, legend: bool
) -> Chart:
    return {
        "type": "scatter", "mode": "markers", "name": name, "legendgroup": name,
        "x": [at.isoformat() for at, _ in moments], "y": [row] * len(moments),
        "hovertext": [f"{at:%Y-%m-%d %H:%M}<br>{_text(text)}" for at, text in moments],
        "hoverinfo": "text", "showlegend": legend,
        "marker": {"symbol": symbol, "color": colour, "size": 11},
    }  # fmt: skip


def _money(found: Rehearsal) -> Chart:
    unit = f", {found.currency}" if found.currency else ""
    chart = base_layout(f"What it would have cost{unit}")
    names = [plan.name for plan in found.plans]
    data = [
        {
            "type": "bar", "orientation": "h", "name": title, "y": names,
            "x": [plan.outcome.parts[part] for plan in found.plans],
            "marker": {"color": colour}, "width": 0.5,
        }
        for part, (title, colour) in PARTS.items()
    ]  # fmt: skip
    chart["yaxis"] |= {"type": "category", "automargin": True, "autorange": "reversed"}
    return {"data": data, "layout": chart | {"barmode": "stack", "height": 150 + 50 * len(names)}}


def _plain(episode: Episode) -> str:
    return _text(f"{lasting(episode.span.length)}: {', '.join(episode.faults)}")


def _days(span: Interval) -> str:
    return f"{span.start:%Y-%m-%d} to {span.end:%Y-%m-%d}"


def _text(text: str) -> str:
    """Return text that plotly does not take for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
