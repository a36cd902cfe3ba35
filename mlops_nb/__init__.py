"""Carry machine-learning work from a Jupyter notebook into production and keep it healthy there."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_nb.actions.evaluate import evaluate as evaluate
    from mlops_nb.actions.load_run_model import load_run_model as load_run_model
    from mlops_nb.actions.promote import promote as promote
    from mlops_nb.actions.reference import load_baseline as load_baseline
    from mlops_nb.actions.reference import load_holdout as load_holdout
    from mlops_nb.actions.reference import load_reference as load_reference
    from mlops_nb.actions.register import register_model as register_model
    from mlops_nb.frames import read_table as read_table
    from mlops_nb.jobs.checkpoint import checkpoint as checkpoint
    from mlops_nb.registry.explain.explainer import explain as explain
    from mlops_nb.registry.scoring import load_model as load_model
    from mlops_nb.sinks.send import send as send
    from mlops_nb.tracking.api import log_artifact as log_artifact
    from mlops_nb.tracking.api import log_artifacts as log_artifacts
    from mlops_nb.tracking.api import log_dict as log_dict
    from mlops_nb.tracking.api import log_figure as log_figure
    from mlops_nb.tracking.api import log_input as log_input
    from mlops_nb.tracking.api import log_metric as log_metric
    from mlops_nb.tracking.api import log_metrics as log_metrics
    from mlops_nb.tracking.api import log_model as log_model
    from mlops_nb.tracking.api import log_param as log_param
    from mlops_nb.tracking.api import log_params as log_params
    from mlops_nb.tracking.api import log_table as log_table
    from mlops_nb.tracking.api import log_text as log_text
    from mlops_nb.tracking.api import runs as runs
    from mlops_nb.tracking.api import set_tag as set_tag
    from mlops_nb.tracking.api import set_tags as set_tags
    from mlops_nb.tracking.context import run as run
    from mlops_nb.tracking.current import last_run as last_run
    from mlops_nb.widgets.live import live as live
    from mlops_nb.widgets.panel import panel as panel

# Imported when first used, so that `import mlops_nb` costs nothing.
_PUBLIC = {
    "run": "tracking.context",
    "last_run": "tracking.current",
    "log_param": "tracking.api",
    "log_params": "tracking.api",
    "log_metric": "tracking.api",
    "log_metrics": "tracking.api",
    "log_figure": "tracking.api",
    "log_table": "tracking.api",
    "log_text": "tracking.api",
    "log_dict": "tracking.api",
    "log_artifact": "tracking.api",
    "log_artifacts": "tracking.api",
    "log_model": "tracking.api",
    "log_input": "tracking.api",
    "set_tag": "tracking.api",
    "set_tags": "tracking.api",
    "runs": "tracking.api",
    "register_model": "actions.register",
    "evaluate": "actions.evaluate",
    "promote": "actions.promote",
    "load_baseline": "actions.reference",
    "load_holdout": "actions.reference",
    "load_reference": "actions.reference",
    "load_model": "registry.scoring",
    "explain": "registry.explain.explainer",
    "load_run_model": "actions.load_run_model",
    "read_table": "frames",
    "send": "sinks.send",
    "checkpoint": "jobs.checkpoint",
    "live": "widgets.live",
    "panel": "widgets.panel",
}

__all__ = [*_PUBLIC]  # noqa: PLE0604 - the keys are names


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'mlops_nb' has no attribute {name!r}")
    module = importlib.import_module(f"mlops_nb.{_PUBLIC[name]}")
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return what there is to be used."""
    return sorted([*__all__, "load_ipython_extension"])


def load_ipython_extension(shell: Any) -> None:
    """Add ``%mlops`` and ``%%mlops`` to a notebook: ``%load_ext mlops_nb``."""
    from mlops_nb.magics import register

    register(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take ``%mlops`` away again: ``%unload_ext mlops_nb``."""
    from mlops_nb.magics import unregister

    unregister(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the built front end is."""
    return [{"src": "labextension", "dest": "mlops-nb"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter Server which module holds the handlers."""
    return [{"module": "mlops_nb.server"}]
