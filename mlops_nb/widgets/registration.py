"""A form that registers the model of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets

from mlops_nb.errors import InputError
from mlops_nb.tracking.active import Run
from mlops_nb.tracking.auto import is_table
from mlops_nb.tracking.executed import interactive_shell

_WIDE = {"description_width": "8em"}


class Registration:
    """Fields for what :func:`mlops_nb.register_model` wants, tables chosen among the notebook's.

    Parameters
    ----------
    chosen : callable
        Returns the run whose model it is, None when there is none yet.
    guarded : callable
        Wraps what a button does, so that an error is told.
    """

    def __init__(
        self,
        chosen: Callable[[], Run | None],
        guarded: Callable[[Callable[[], str]], Callable[[Any], None]],
    ) -> None:
        self._chosen = chosen
        self._name = ipywidgets.Text(description="Model", placeholder="churn", style=_WIDE)
        self._reference = ipywidgets.Dropdown(description="Training rows", style=_WIDE)
        self._holdout = ipywidgets.Dropdown(description="Hold-out", style=_WIDE)
        self._label = ipywidgets.Dropdown(description="Label", style=_WIDE)
        self._card = {
            key: ipywidgets.Text(description=text, style=_WIDE)
            for key, text in (
                ("owner", "Owner"), ("intended_use", "Intended use"), ("limits", "Limits")
            )
        }  # fmt: skip
        self._button = ipywidgets.Button(description="Register", button_style="primary")
        self._button.on_click(guarded(self._register))
        self._reference.observe(self._columns, names="value")
        self.box = ipywidgets.VBox(
            [self._name, self._reference, self._holdout, self._label, *self._card.values(),
             self._button]
        )  # fmt: skip
        self.refresh()

    def refresh(self) -> None:
        """Look for the tables that the notebook has by now."""
        names = sorted(name for name, value in _namespace().items() if _is_frame(name, value))
        for field in (self._reference, self._holdout):
            kept = field.value
            field.options = names
            if kept in names:
                field.value = kept

    def _columns(self, _change: object) -> None:
        table = _namespace().get(self._reference.value)
        columns = [str(name) for name in table.columns] if table is not None else []
        # The label is the last column more often than any other.
        self._label.options = columns[::-1]

    def _register(self) -> str:
        from mlops_nb.actions.register import register_model

        run = self._chosen()
        if run is None:
            raise InputError("there is no run yet whose model could be registered")
        if not self._reference.value:
            raise InputError("the notebook has no table of training rows", "a pandas DataFrame")
        namespace = _namespace()
        version = register_model(
            run,
            self._name.value.strip(),
            reference=namespace[self._reference.value],
            holdout=namespace[self._holdout.value],
            label=self._label.value,
            card={key: field.value for key, field in self._card.items() if field.value.strip()},
            project=run.project,
        )
        return f"registered {version.name} version {version.version} ({', '.join(version.aliases)})"


def _namespace() -> Mapping[str, Any]:
    shell = interactive_shell()
    return shell.user_ns if shell is not None else {}


def _is_frame(name: str, value: Any) -> bool:
    return not name.startswith("_") and is_table(value) and hasattr(value, "columns")
