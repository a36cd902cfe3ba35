"""Small charts without a script: bars of text for a terminal, SVG for a page.

A notebook keeps its outputs for ever, and plotly's script would add 1.5 MB to each: an SVG of a few
kilobytes shows in every viewer, and its titles tell the values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_BARS = "▁▂▃▄▅▆▇█"
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999")
MOST_POINTS = 300
_WIDTH, _HEIGHT = 560, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 10, 26, 24

Point = tuple[float, float]


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """Return about `most` of the points at even distances, the last among them."""
    step = max(1, math.ceil(len(points) / most))
    kept = list(points[::step])
    return kept if not points or kept[-1] == points[-1] else [*kept, points[-1]]


def bars(values: Sequence[float], scale: Sequence[float], width: int = 40) -> str:
    """Return values as bars of eight heights, all on the scale of `scale`."""
    finite = [value for value in scale if math.isfinite(value)]
    if not finite or not values:
        return ""
    low, high = min(finite), max(finite)
    step = max(1, math.ceil(len(values) / width))
    return "".join(_bar(value, low, high) for value in values[::step])


def _bar(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return "·"
    share = (value - low) / (high - low) if high > low else 0.5
    return _BARS[min(len(_BARS) - 1, int(share * len(_BARS)))]


def curves(title: str, names: Sequence[str], runs: Sequence[Sequence[Point]]) -> str:
    """Return an SVG of a metric over its steps, a line for each run."""
    finite = [p for points in runs for p in points if math.isfinite(p[1])]
    if not finite:
        return ""
    xs, ys = [p[0] for p in finite], [p[1] for p in finite]
    lines = []
    for number, (name, points) in enumerate(zip(names, runs, strict=True)):
        placed = [
            (_across(x, min(xs), max(xs)), _up(y, min(ys), max(ys)))
            for x, y in points
            if math.isfinite(y)
        ]
        last = f"{name}: {points[-1][1]:.6g}" if points else name
        lines.append(_line(placed, number, last))
    labels = [
        _text(_LEFT - 6, _up(value, min(ys), max(ys)) + 4, f"{value:.4g}", "end")
        for value in sorted({min(ys), max(ys)})
    ]
    labels += [_text(_across(x, min(xs), max(xs)), _HEIGHT - 6, f"{x:g}", "middle")
               for x in sorted({min(xs), max(xs)})]  # fmt: skip
    return _svg(title, [*lines, *labels, *_legend(names)])


def parallel(names: Sequence[str], axes: Mapping[str, Sequence[str | float | None]]) -> str:
    """Return an SVG with one axis a parameter or metric and one line a run.

    Texts stand at even distances in their order; a run without a value leaves its axis out.
    """
    used = {key: values for key, values in axes.items() if len(set(values)) > 1}
    if len(used) < 2:
        return ""
    places = {key: _LEFT + i * _gap(len(used)) for i, key in enumerate(used)}
    parts = []
    heights: dict[str, dict[str | float | None, float]] = {}
    for key, values in used.items():
        known = [value for value in values if value is not None]
        heights[key] = _heights(known)
        x = places[key]
        parts.append(f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" '
                     'stroke="currentColor" stroke-opacity=".4"/>')  # fmt: skip
        parts.append(_text(x, _HEIGHT - 6, key[:18], "middle"))
        parts += [_text(x + 3, y - 2, _label(value), "start")
                  for value, y in heights[key].items()]  # fmt: skip
    for number, name in enumerate(names):
        placed = [
            (places[key], heights[key][values[number]])
            for key, values in used.items()
            if values[number] is not None
        ]
        parts.append(_line(placed, number, name))
    return _svg("parameters and metrics", [*parts, *_legend(names)])


def _gap(count: int) -> float:
    return (_WIDTH - _LEFT - _RIGHT - 60) / max(1, count - 1)


def _heights(values: Sequence[str | float]) -> dict[str | float | None, float]:
    if all(isinstance(value, int | float) for value in values):
        numbers = [float(value) for value in values]
        return {value: _up(float(value), min(numbers), max(numbers)) for value in values}
    distinct = sorted({str(value) for value in values})
    return {value: _up(distinct.index(str(value)), 0, len(distinct) - 1) for value in values}


def _across(x: float, low: float, high: float) -> float:
    share = (x - low) / (high - low) if high > low else 0.5
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _up(y: float, low: float, high: float) -> float:
    share = (y - low) / (high - low) if high > low else 0.5
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _line(points: Sequence[Point], number: int, title: str) -> str:
    colour = _COLOURS[number % len(_COLOURS)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>'
                   for x, y in (points if len(points) == 1 else []))  # fmt: skip
    return (
        f'<g><title>{escape(title)}</title><polyline points="{path}" fill="none" '
        f'stroke="{colour}" stroke-width="1.8"/>{dots}</g>'
    )


def _legend(names: Sequence[str]) -> list[str]:
    found, x = [], _LEFT
    for number, name in enumerate(names[:6]):
        colour = _COLOURS[number % len(_COLOURS)]
        found.append(f'<circle cx="{x}" cy="12" r="4" fill="{colour}"/>')
        found.append(_text(x + 8, 16, name[:16], "start"))
        x += 24 + 7 * min(len(name), 16)
    return found


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="11" '
        f'fill="currentColor">{escape(text)}</text>'
    )


def _label(value: str | float | None) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:14]


def _svg(title: str, parts: Sequence[str]) -> str:
    return (
        f'<figure style="margin:8px 0"><figcaption>{escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img" '
        f'aria-label="{escape(title, quote=True)}">{"".join(parts)}</svg></figure>'
    )
