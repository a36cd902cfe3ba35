"""Outputs of cells made fit for a page that stands alone: figures live, nothing from elsewhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from mlops_nb import plotlyjs
from mlops_nb.jobs.sanitise import sanitise

PLOTLY = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
CARTESIAN = frozenset(
    {
        "bar",
        "box",
        "contour",
        "heatmap",
        "histogram",
        "histogram2d",
        "histogram2dcontour",
        "image",
        "pie",
        "quiver",
        "scatter",
        "scatterternary",
        "violin",
    }
)
"""The trace types that the bundled plotly.js draws."""

FIGURE_HEIGHT = 450
"""Pixels of a figure that names no height."""

TEXT_LIMIT = 20_000
"""Characters of one output's text that the page shows."""

_DRAW = """
for (const data of document.querySelectorAll('script[data-figure]')) {
  const place = document.getElementById(data.dataset.figure);
  const figure = JSON.parse(data.textContent);
  Plotly.newPlot(place, figure.data, figure.layout, {responsive: true, displaylogo: false});
}
"""


def lift_figures(cells: Iterable[Any]) -> list[dict[str, Any]]:
    """Make the outputs of cells fit for the page, in place.

    Plotly figures become empty elements that :func:`scripts` fills; widgets give way to their
    HTML; HTML is sanitised; long texts are cut in the middle.

    Parameters
    ----------
    cells : iterable of NotebookNode
        The cells of a notebook.

    Returns
    -------
    list of dict
        The figures, in the order of their elements.
    """
    figures: list[dict[str, Any]] = []
    for cell in cells:
        for output in cell.get("outputs", []):
            if "data" in output:
                output["data"] = _fit(output["data"], figures)
            elif "text" in output:
                output["text"] = _short(_joined(output["text"]))
    return figures


def scripts(figures: list[dict[str, Any]], nonce: str) -> str:
    """Return the elements that draw the figures; empty when there are none.

    Parameters
    ----------
    figures : list of dict
        The answer of :func:`lift_figures`.
    nonce : str
        What the page's policy knows its own scripts by.
    """
    if not figures:
        return ""
    # `<` escaped: no text in a figure can close the element it stands in.
    data = "\n".join(
        f'<script type="application/json" data-figure="figure-{number}">'
        f"{json.dumps(figure).replace('<', chr(92) + 'u003c')}</script>"
        for number, figure in enumerate(figures)
    )
    return (
        f'{data}\n<script nonce="{nonce}">{plotlyjs.source()}</script>\n'
        f'<script nonce="{nonce}">{_DRAW}</script>'
    )


def _fit(data: Mapping[str, Any], figures: list[dict[str, Any]]) -> dict[str, Any]:
    if PLOTLY in data:
        return _figure(data, figures)
    fitted = {kind: content for kind, content in data.items() if kind != "application/javascript"}
    if WIDGET in fitted:
        del fitted[WIDGET]
        if not any(kind.startswith(("text/html", "image/")) for kind in fitted):
            fitted["text/html"] = _note("An interactive widget stands here in the notebook.")
    if "image/svg+xml" in fitted:
        # As a picture: inside of the page, an SVG could hold anything that HTML can.
        drawing = base64.b64encode(_joined(fitted.pop("image/svg+xml")).encode()).decode()
        fitted["text/html"] = f'<img alt="" src="data:image/svg+xml;base64,{drawing}">'
    if "text/plain" in fitted:
        fitted["text/plain"] = _short(_joined(fitted["text/plain"]))
    if "text/html" in fitted:
        fitted["text/html"] = sanitise(_joined(fitted["text/html"]))
        if not fitted["text/html"].strip() and len(fitted) > 1:
            del fitted["text/html"]
    return fitted


def _figure(data: Mapping[str, Any], figures: list[dict[str, Any]]) -> dict[str, Any]:
    figure = data[PLOTLY]
    foreign = sorted({trace.get("type", "scatter") for trace in figure["data"]} - CARTESIAN)
    if not foreign:
        layout = figure.get("layout", {})
        figures.append({"data": figure["data"], "layout": layout})
        height = layout.get("height")
        style = f"height: {height if isinstance(height, int | float) else FIGURE_HEIGHT}px"
        place = f'<div class="figure" id="figure-{len(figures) - 1}" style="{style}"></div>'
        return {"text/html": place}
    images = {kind: content for kind, content in data.items() if kind.startswith("image/")}
    return images or {
        "text/html": _note(
            f"This figure ({', '.join(foreign)}) is not drawn in the report: open the executed "
            "notebook to see it, or save a picture of it in the cell."
        )
    }


def _short(text: str) -> str:
    """Leave out the middle of a long text: its beginning and its end say most."""
    if len(text) <= TEXT_LIMIT:
        return text
    half = TEXT_LIMIT // 2
    left_out = f"\n… {len(text) - TEXT_LIMIT:,} characters more in the executed notebook …\n"
    return f"{text[:half]}{left_out}{text[-half:]}"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
