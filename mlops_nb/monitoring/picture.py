"""A verdict or a comparison as a small picture, for a chat."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_nb.monitoring.charts import COLOURS
from mlops_nb.monitoring.html import BAD, WORDS, ordered, short
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

MOST = 5
WIDTH, HEIGHT = 8.0, 4.0
"""Inches, at 110 dots each."""


def to_png(
    title: str,
    status: Status,
    headline: str,
    results: Sequence[Result],
    series: pd.DataFrame | None = None,
) -> bytes:
    """Draw verdict, gravest findings and the first timeline; under 100 kB.

    Parameters
    ----------
    title, headline : str
        What it is about, and the verdict in a sentence.
    status : Status
        The gravest status.
    results : sequence of Result
        Everything found.
    series : DataFrame, optional
        As of :func:`mlops_nb.monitoring.over_time`; its first figure is drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    FigureCanvasAgg(figure)
    banner = Rectangle((0, 0.86), 1, 0.14, color=COLOURS[status], transform=figure.transFigure)
    figure.add_artist(banner)
    # A name may hold `$`, which would start a formula.
    plain: dict[str, Any] = {"parse_math": False, "va": "top"}
    head = f"{WORDS[status]} · {short(title)}"
    figure.text(0.03, 0.965, head, color="white", weight="bold", size=14, **plain)
    figure.text(0.03, 0.825, textwrap.fill(headline, 100), size=9, color="#57606a", **plain)
    place = 0.73
    drawn = series is not None and len(series) > 1
    for result in [r for r in ordered(results) if r.status in BAD][: MOST - 2 * drawn]:
        text = f"{short(result.subject)}: {result.message}"
        lines = textwrap.wrap(text, 98)[:2]
        figure.text(0.03, place, "■", color=COLOURS[result.status], size=9, **plain)
        figure.text(0.055, place, "\n".join(lines), size=9, color="#1f2328", **plain)
        place -= 0.02 + 0.045 * len(lines)
    if series is not None and drawn:
        _draw(figure, series, place - 0.06)
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=110)
    return held.getvalue()


def _draw(figure: Any, series: pd.DataFrame, top: float) -> None:
    name = series["figure"].iloc[0]
    part = series[series["figure"] == name]
    axes = figure.add_axes((0.08, 0.1, 0.88, top - 0.1))
    axes.plot(part["window"], part["value"], color="#56a0d3", marker="o", markersize=3)
    if part["low"].notna().all():
        axes.fill_between(part["window"], part["low"], part["high"], color="#56a0d3", alpha=0.25)
    axes.set_title(short(str(name)), size=9, loc="left", parse_math=False)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
