"""Charts as plotly's JSON: plain dictionaries, drawn by plotly.py or by plotly.js alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mlops_nb.monitoring.parts import Categories, Numbers
from mlops_nb.monitoring.summary import Column
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.monitoring.verdict import Verdict

Chart = dict[str, Any]

# Blue and orange are told apart in both schemes and by the colour-blind (Okabe and Ito 2008).
BEFORE, NOW = "#56a0d3", "#e08214"
COLOURS = {
    Status.PASSED: "#3a9d5d",
    Status.WARNED: "#d8a13a",
    Status.FAILED: "#d9534f",
    Status.ERROR: "#d9534f",
    Status.SKIPPED: "#98a2ad",
    Status.NOT_APPLICABLE: "#98a2ad",
}
LABEL = 24
LEVELS = 15


def distribution(name: str, before: Column, now: Column) -> Chart | None:
    """Draw the share of rows per bin or value, reference beside current; None without values.

    The bins are the reference's own: of equal weight where it has many values, so that every
    difference in height is a difference in share, in the tails as well.
    """
    found = shares(before, now)
    if found is None:
        return None
    names, one, two = found
    bars = [
        {
            "type": "bar", "name": label, "x": names, "marker": {"color": colour},
            "y": [round(count / sum(counts), 5) for count in counts],
        }
        for label, counts, colour in (("reference", one, BEFORE), ("current", two, NOW))
    ]  # fmt: skip
    return {"data": bars, "layout": detail_layout() | {"title": base_layout(name)["title"]}}


def shares(before: Column, now: Column) -> tuple[list[str], list[int], list[int]] | None:
    """Return names of bins or values and their rows before and now, None without values."""
    if before.numbers and now.numbers and before.kind == "numeric":
        found = _bins(before.numbers, now.numbers)
    elif before.categories and now.categories:
        found = _levels(before.categories, now.categories)
    else:
        return None
    return found if sum(found[1]) and sum(found[2]) else None


def detail_layout() -> Chart:
    """Return the layout of a distribution that is drawn when it is asked for."""
    layout = base_layout("")
    layout["xaxis"] |= {"type": "category", "tickangle": -35}
    layout["yaxis"] |= {"tickformat": ".0%"}
    return layout | {"barmode": "group", "bargap": 0.15}


def effects(results: Sequence[Result], count: int = 20) -> Chart | None:
    """Draw how far the columns that drifted most are beyond their threshold."""
    found = [r for r in results if r.name.startswith("drift.") and r.threshold and r.value]
    top = sorted(found, key=lambda r: (r.value or 0) / (r.threshold or 1))[-count:]
    if not top:
        return None
    bars = {
        "type": "bar", "orientation": "h", "name": "times its floor",
        "x": [round((r.value or 0) / (r.threshold or 1), 3) for r in top],
        "y": [_short(r.subject) for r in top],
        "marker": {"color": [COLOURS[r.status] for r in top]},
    }  # fmt: skip
    layout = base_layout("Size of the drift, in multiples of what begins to matter")
    layout["shapes"] = [
        {"type": "line", "x0": 1, "x1": 1, "y0": 0, "y1": 1, "yref": "paper",
         "line": {"dash": "dot", "width": 1, "color": "#98a2ad"}}
    ]  # fmt: skip
    layout["yaxis"] |= {"type": "category", "automargin": True}
    return {"data": [bars], "layout": layout | {"height": 120 + 22 * len(top)}}


def checks(verdict: Verdict) -> Chart | None:
    """Draw the number of checks of each dimension by their status."""
    counts = verdict.counts
    statuses = [s for s in Status if any(s.value in found for found in counts.values())]
    if not statuses:
        return None
    bars = [
        {
            "type": "bar", "orientation": "h", "name": status.value.replace("_", " "),
            "y": list(counts), "marker": {"color": COLOURS[status]},
            "x": [found.get(status.value, 0) for found in counts.values()],
        }
        for status in statuses
    ]  # fmt: skip
    layout = base_layout(f"{verdict.model}: checks by dimension")
    layout["yaxis"] |= {"type": "category", "automargin": True, "autorange": "reversed"}
    return {"data": bars, "layout": layout | {"barmode": "stack", "height": 120 + 34 * len(counts)}}


def timelines(series: pd.DataFrame) -> list[Chart]:
    """Draw each figure over its windows with its interval, one chart a figure.

    Parameters
    ----------
    series : DataFrame
        As of :func:`mlops_nb.monitoring.over_time`.
    """
    return [_timeline(str(name), part) for name, part in series.groupby("figure", sort=False)]


def _timeline(name: str, part: pd.DataFrame) -> Chart:
    times = [str(time) for time in part["window"]]
    known = part["low"].notna().all()
    band = [
        {
            "type": "scatter", "mode": "lines", "name": edge, "x": times, "hoverinfo": "skip",
            "y": [round(float(v), 6) for v in part[edge]], "line": {"width": 0, "color": BEFORE},
            "showlegend": False,
        }
        | ({"fill": "tonexty", "fillcolor": "rgba(86,160,211,.25)"} if edge == "high" else {})
        for edge in ("low", "high")
    ]  # fmt: skip
    line = {
        "type": "scatter", "mode": "lines+markers", "name": name, "x": times,
        "y": [round(float(v), 6) for v in part["value"]], "line": {"color": BEFORE},
        "marker": {"size": 5}, "showlegend": False,
    }  # fmt: skip
    return {"data": [*band, line] if known else [line], "layout": base_layout(name)}


def base_layout(title: str) -> Chart:
    """Return the layout that all charts begin with: any background, light grids, no markup."""
    # The title is text, not markup: plotly would read `<b>` in a column's name.
    text = title.replace("&", "&amp;").replace("<", "&lt;")
    grid = {"gridcolor": "rgba(128,128,128,.25)", "zeroline": False}
    return {
        "title": {"text": text, "font": {"size": 14}, "x": 0, "xanchor": "left"},
        "height": 300,
        "margin": {"l": 50, "r": 10, "t": 40, "b": 60},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "#808890"},
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        "xaxis": dict(grid),
        "yaxis": dict(grid),
    }


def _bins(before: Numbers, now: Numbers) -> tuple[list[str], list[int], list[int]]:
    edges = [f"{edge:.4g}" for edge in before.edges]
    names = ["all"]
    if edges:
        inner = [f"{low} – {high}" for low, high in pairwise(edges)]
        names = [f"≤ {edges[0]}", *inner, f"> {edges[-1]}"]
    # A bin that holds a single value is called by it.
    names = [
        f"{mean:.4g}" if mean is not None and _single(before, i) else name
        for i, (name, mean) in enumerate(zip(names, before.means, strict=True))
    ]
    kept = [i for i in range(len(names)) if before.counts[i] or now.counts[i]]
    unique = {i: names[i] if names.count(names[i]) == 1 else f"{names[i]} ({i})" for i in kept}
    return (
        [unique[i] for i in kept],
        [before.counts[i] for i in kept],
        [now.counts[i] for i in kept],
    )


def _single(numbers: Numbers, i: int) -> bool:
    """Whether each bin stands for one value, as when there are few of them."""
    whole = [mean for mean in numbers.means if mean is not None]
    return (
        len(numbers.edges) <= 32
        and 0 < i < len(numbers.edges)
        and all(mean == round(mean) for mean in whole)
    )


def _levels(before: Categories, now: Categories) -> tuple[list[str], list[int], list[int]]:
    order = sorted(before.counts, key=lambda name: -before.counts[name])[:LEVELS]
    novel = list(now.novel)
    names = [_short(name) for name in (*order, *novel)]
    one = [*(before.counts[name] for name in order), *(0 for _ in novel)]
    two = [*(now.counts[name] for name in order), *now.novel.values()]
    rest = [
        sum(part.counts.values()) + part.other - sum(shown)
        for part, shown in ((before, one), (now, two))
    ]
    return [*names, "other values"], [*one, rest[0]], [*two, rest[1]]


def _short(name: str) -> str:
    text = name if len(name) <= LABEL else f"{name[: LABEL - 1]}…"
    return text.replace("&", "&amp;").replace("<", "&lt;")
