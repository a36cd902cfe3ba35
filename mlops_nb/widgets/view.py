"""The one anywidget: a kind of view and its data, drawn by the modules in ``static/``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import anywidget
import traitlets

MIME = "application/vnd.jupyter.widget-view+json"
VIEW_MIME = "application/vnd.mlops.view+json"
MODULES = (
    "dom", "table", "chart", "parallel", "runs", "compare", "live", "drift", "job",
    "lifecycle", "view",
)  # fmt: skip
"""The modules of ``static/``, each after those that it imports."""


def source() -> str:
    """Return the modules as one: a module that is handed over as text has no neighbours."""
    return "\n".join(line for name in MODULES for line in _inlined(name))


def _inlined(name: str) -> Iterator[str]:
    for line in static(f"{name}.js").splitlines():
        if line.startswith("import "):
            continue
        yield line if line.startswith("export default") else line.removeprefix("export ")


def static(name: str) -> str:
    """Return the text of a file in ``static/``."""
    return (files("mlops_nb.widgets") / "static" / name).read_text(encoding="utf-8")


class View(anywidget.AnyWidget):
    """A table or chart.

    Attributes
    ----------
    kind : str
        ``runs``, ``compare``, ``live``, ``drift``, ``job`` or ``lifecycle``.
    data : dict
        What it shows, as JSON can hold it; another value is drawn at once.
    """

    _esm = source()
    _css = static("view.css")
    kind = traitlets.Unicode().tag(sync=True)
    data = traitlets.Dict().tag(sync=True)

    def bundle(self) -> dict[str, Any]:
        """Return what a front end finds the view by; see :func:`bundle`."""
        return bundle(self.model_id)


def bundle(model_id: str) -> dict[str, Any]:
    """Return what a front end finds a widget by; what it shows otherwise stands beside it.

    The second entry is for our own part of JupyterLab: a notebook that is opened again has
    another kernel, and the widget's own renderer would say "model not found" over the rest.
    """
    return {
        MIME: {"version_major": 2, "version_minor": 0, "model_id": model_id},
        VIEW_MIME: {"model_id": model_id, "kernel": _kernel_id()},
    }


def _kernel_id() -> str:
    from ipykernel.connect import get_connection_file

    try:
        return Path(get_connection_file()).stem.removeprefix("kernel-")
    except RuntimeError:  # not in a kernel
        return ""


def column(label: str, kind: str = "text") -> dict[str, str]:
    """Return a column of a table; its kind is text, number, time or status."""
    return {"label": label, "kind": kind}


def plain(value: Any) -> Any:
    """Return a value as JSON has a form for it: a number that is none becomes text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
