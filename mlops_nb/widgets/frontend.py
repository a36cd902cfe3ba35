"""Whether whoever executes a cell will show a widget."""

from __future__ import annotations

import sys
from typing import Any

from mlops_nb.config import current_attempt


def speaks_widgets() -> bool:
    """Whether the cell that runs was sent by a front end that shows widgets.

    JupyterLab, Notebook and VS Code name the cell that they execute. nbclient, papermill and
    consoles do not: they would keep a widget's state in the notebook, or show nothing.
    """
    module: Any = sys.modules.get("IPython")  # not imported to find out
    kernel = getattr(module and module.get_ipython(), "kernel", None)
    if kernel is None or current_attempt() is not None:
        return False
    return bool((kernel.get_parent("shell") or {}).get("metadata", {}).get("cellId"))
