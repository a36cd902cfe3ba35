"""Whether whoever executes a cell will show a widget."""

from __future__ import annotations

import sys
from typing import Any

from mlops_nb.config import current_attempt, load_project
from mlops_nb.errors import MlopsError


def speaks_widgets() -> bool:
    """Whether the cell that runs was sent by a front end that shows widgets.

    JupyterLab, Notebook and VS Code name the cell that they execute. nbclient, papermill and
    consoles do not: they would keep a widget's state in the notebook, or show nothing.
    """
    module: Any = sys.modules.get("IPython")  # not imported to find out
    kernel = getattr(module and module.get_ipython(), "kernel", None)
    if kernel is None or current_attempt() is not None:
        return False
    is_named = (kernel.get_parent("shell") or {}).get("metadata", {}).get("cellId")
    return bool(is_named) and not _switched_off()


def _switched_off() -> bool:
    try:
        return load_project().config.widgets == "off"
    except MlopsError:  # a configuration that cannot be read is said elsewhere
        return False
