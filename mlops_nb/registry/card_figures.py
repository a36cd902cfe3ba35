"""The figures of a card: values once, drawn as SVG in a page and as characters in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _ROW, _LEFT, _RIGHT = 640, 22, 190, 70
_PLOT, _HEIGHT, _MARGIN = 300, 220, 42
_BLOCKS, _HEIGHTS = 24, "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Values side by side, with intervals where there are some.

    Parameters
    ----------
    title : str
        What is drawn.
    labels : sequence of str
        One for each bar.
    values : sequence of float
        Their lengths.
    lows, highs : sequence of float
        The ends of the intervals; empty: none.
    """

    title: str
    labels: Sequence[str]
    values: Sequence[float]
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line through points, with a band where there is one.

    Parameters
    ----------
    title, across, up : str
        What is drawn, and what its two axes are.
    x, y : sequence of float
        The points, from left to right.
    lows, highs : sequence of float
        The band; empty: none.
    diagonal : bool
        Whether the line on which both axes are equal is drawn as well.
    """

    title: str
    across: str
    up: str
    x: Sequence[float]
    y: Sequence[float]
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()
    diagonal: bool = False


Figure = Bars | Curve


def svg(figure: Figure) -> str:
    """Return a figure as inline SVG, coloured by the page's own variables."""
    return _bars(figure) if isinstance(figure, Bars) else _curve(figure)


def text(figure: Figure) -> str:
    """Return a figure as lines of characters, to be shown with a fixed width."""
    if isinstance(figure, Curve):
        low, high = min(figure.y), max(figure.y)
        span = (high - low) or 1.0
        line = "".join(_HEIGHTS[round((y - low) / span * (len(_HEIGHTS) - 1))] for y in figure.y)
        across = f"{figure.across} from {figure.x[0]:.4g} to {figure.x[-1]:.4g}"
        return f"{figure.title}\n{line}  {figure.up} {low:.3g} to {high:.3g}; {across}"
    width = max(map(len, figure.labels), default=0)
    longest = max((abs(value) for value in figure.values), default=0) or 1.0
    rows = [
        f"{label.ljust(width)}  {'█' * round(abs(value) / longest * _BLOCKS):{_BLOCKS}} {value:.4g}"
        for label, value in zip(figure.labels, figure.values, strict=True)
    ]
    return "\n".join([figure.title, *rows])


def _bars(figure: Bars) -> str:
    ends = [*figure.values, *figure.lows, *figure.highs, 0.0]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0
    height = _ROW * len(figure.labels) + 8

    def across(value: float) -> float:
        return _LEFT + (value - low) / span * (_WIDTH - _LEFT - _RIGHT)

    parts = []
    for i, (label, value) in enumerate(zip(figure.labels, figure.values, strict=True)):
        middle = 4 + _ROW * i + _ROW / 2
        left, right = sorted((across(0), across(value)))
        parts.append(
            f'<text class="label" x="{_LEFT - 8}" y="{middle + 4:.1f}" text-anchor="end">'
            f"{escape(_short(label))}</text>"
            f'<rect class="bar" x="{left:.1f}" y="{middle - 7:.1f}" '
            f'width="{max(right - left, 1):.1f}" height="14"/>'
            f'<text class="label" x="{_WIDTH - _RIGHT + 8}" y="{middle + 4:.1f}">{value:.3g}</text>'
        )
        if figure.lows:
            one, two = across(figure.lows[i]), across(figure.highs[i])
            parts.append(
                f'<path class="span" d="M{one:.1f} {middle:.1f}H{two:.1f}'
                f'M{one:.1f} {middle - 4:.1f}v8M{two:.1f} {middle - 4:.1f}v8"/>'
            )
    return _framed(figure.title, _WIDTH, height, "".join(parts))


def _curve(figure: Curve) -> str:
    xs, ys = [*figure.x], [*figure.y, *figure.lows, *figure.highs]
    if figure.diagonal:
        xs = ys = [0.0, 1.0]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    wide, tall = (right - left) or 1.0, (high - low) or 1.0

    def at(x: float, y: float) -> str:
        across = _MARGIN + (x - left) / wide * (_PLOT - _MARGIN - 10)
        return f"{across:.1f},{_HEIGHT - _MARGIN - (y - low) / tall * (_HEIGHT - _MARGIN - 12):.1f}"

    line = " ".join(at(x, y) for x, y in zip(figure.x, figure.y, strict=True))
    parts = []
    if figure.lows:
        there = [at(x, y) for x, y in zip(figure.x, figure.highs, strict=True)]
        back = [at(x, y) for x, y in zip(figure.x, figure.lows, strict=True)][::-1]
        parts.append(f'<polygon class="band" points="{" ".join(there + back)}"/>')
    if figure.diagonal:
        parts.append(f'<polyline class="guide" points="{at(0, 0)} {at(1, 1)}"/>')
    parts.append(f'<polyline class="line" points="{line}"/>')
    bottom, end = _HEIGHT - _MARGIN, _PLOT - 10
    parts.append(f'<path class="axis" d="M{_MARGIN} 10V{bottom}H{end}"/>')
    marks = [
        (_MARGIN, bottom + 14, "start", f"{left:.4g}"), (end, bottom + 14, "end", f"{right:.4g}"),
        (_MARGIN - 4, bottom, "end", f"{low:.3g}"), (_MARGIN - 4, 18, "end", f"{high:.3g}"),
        ((_MARGIN + end) / 2, bottom + 30, "middle", _short(figure.across, 40)),
    ]  # fmt: skip
    parts += [
        f'<text class="label" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
        for x, y, anchor, words in marks
    ]
    return _framed(figure.title, _PLOT, _HEIGHT, "".join(parts))


def _framed(title: str, width: int, height: int, inside: str) -> str:
    name = escape(title)
    return (
        f"<figure><figcaption>{name}</figcaption>"
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{name}">'
        f"{inside}</svg></figure>"
    )


def _short(label: str, most: int = 27) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"
