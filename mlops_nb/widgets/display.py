"""Values of ``%mlops`` as widgets, where a front end shows them; nothing is imported before."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from mlops_nb.widgets.frontend import speaks_widgets

_KINDS = {
    ("mlops_nb.tracking.table", "RunTable"): "runs",
    ("mlops_nb.tracking.compare", "RunComparison"): "compare",
    ("mlops_nb.monitoring.drifted", "Drift"): "drift",
    ("mlops_nb.actions.assess_lifecycle", "LifecycleMap"): "lifecycle",
}
"""Type → the module of this package that knows its data, which is the view's kind as well."""


def register(shell: Any) -> None:
    """Show the values of a shell as widgets, beside the text and HTML that they have."""
    for (module, name), kind in _KINDS.items():
        shell.display_formatter.mimebundle_formatter.for_type_by_name(
            module, name, partial(_bundle, kind)
        )


def unregister(shell: Any) -> None:
    """Undo :func:`register`; nothing happens when it was not called."""
    for module, name in _KINDS:
        shell.display_formatter.mimebundle_formatter.pop(f"{module}.{name}", None)


def _bundle(kind: str, value: Any) -> dict[str, Any] | None:
    if not speaks_widgets():
        return None
    from mlops_nb.widgets.view import View

    data = import_module(f"mlops_nb.widgets.{kind}").data(value)
    return View(kind=kind, data=data).bundle()
