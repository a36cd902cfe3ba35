"""The one copy of plotly.js that reports carry inside, so that their charts need no network.

The file is npm's `plotly.js-cartesian-dist-min` (MIT; licence beside it), of the version that
plotly.py writes figures for. It draws bars, lines, points, histograms and heat maps.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

VERSION = "4.1.1"
"""Version of the bundled plotly.js."""


@cache
def source() -> str:
    """Return the JavaScript of the bundle, 1.5 MB."""
    bundle = files("mlops_nb") / "static" / "plotly-cartesian.min.js"
    return bundle.read_text(encoding="utf-8")


def script() -> str:
    """Return a ``<script>`` element that defines ``window.Plotly``, once a page."""
    return f"<script>{source()}</script>"
