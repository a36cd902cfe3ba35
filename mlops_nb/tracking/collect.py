"""What a cell made: the variables it was asked to log, and the figures it showed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.tracking.active import Run
from mlops_nb.tracking.evidence import open_figures
from mlops_nb.tracking.options import RunOptions
from mlops_nb.tracking.render import is_matplotlib, is_plotly

FIGURES_KEPT = 20
_PLOTLY = "application/vnd.plotly.v1+json"
_PNG = "image/png"


class Displays:
    """The figures that are shown while a cell runs, seen on their way to the notebook.

    Parameters
    ----------
    shell : InteractiveShell
        The kernel's shell; in a plain terminal only the last value and open figures are seen.
    """

    def __init__(self, shell: Any) -> None:
        self._publisher = shell.display_pub
        self._before = {id(figure) for figure in open_figures()}
        self._shown: list[Any] = []
        if hasattr(self._publisher, "register_hook"):
            self._publisher.register_hook(self._look)

    def stop(self) -> None:
        """Look no longer."""
        if hasattr(self._publisher, "unregister_hook"):
            self._publisher.unregister_hook(self._look)

    def figures(self, value: Any) -> list[Any]:
        """Return what was shown: figures, plotly's JSON as dict, PNG as bytes.

        Parameters
        ----------
        value : object
            The cell's last value, which is displayed after this.
        """
        found = [*self._shown]
        found += [figure for figure in open_figures() if id(figure) not in self._before]
        known = {id(figure) for figure in found}
        if (is_plotly(value) or is_matplotlib(value)) and id(value) not in known:
            found.append(value)
        return found[:FIGURES_KEPT]

    def _look(self, message: dict[str, Any]) -> dict[str, Any]:
        data = message.get("content", {}).get("data", {})
        if _PLOTLY in data:
            self._shown.append(data[_PLOTLY])
        elif isinstance(data.get(_PNG), str):
            self._shown.append(base64.b64decode(data[_PNG]))
        return message


def collect(
    run: Run, options: RunOptions, namespace: Mapping[str, Any], figures: Iterable[Any]
) -> None:
    """Log the variables that a cell names, and its figures.

    Raises
    ------
    NotFoundError
        A name is not there after the cell; everything else has been logged.
    InputError
        A variable is of the wrong kind.
    """
    if options.auto:
        _log_figures(run, figures)
    missing = [n for n in options.names if n not in namespace]
    for name in _present(options.params, namespace):
        run.log_params({name: _parameter(name, namespace[name])})
    for name in _present(options.metrics, namespace):
        _log_metric(run, name, namespace[name])
    for name in _present(options.data, namespace):
        run.log_input(namespace[name], name)
    models = _present(options.models, namespace)
    for name in models:
        estimator = namespace[name]
        example = _example(estimator, [namespace[n] for n in _present(options.data, namespace)])
        run.log_model(estimator, "model" if len(models) == 1 else name, example)
    if missing:
        raise _not_there(missing, namespace)


def _present(names: Iterable[str], namespace: Mapping[str, Any]) -> list[str]:
    return [name for name in names if name in namespace]


def _not_there(missing: list[str], namespace: Mapping[str, Any]) -> NotFoundError:
    known = [name for name in namespace if not name.startswith("_")]
    near = [match for name in missing for match in get_close_matches(name, known, n=1)]
    names = ", ".join(repr(name) for name in missing)
    what = "variable" if len(missing) == 1 else "variables"
    hint = f"did you mean {', '.join(map(repr, near))}?" if near else "set it in the cell"
    return NotFoundError(f"no {what} {names} after the cell", hint)


def _parameter(name: str, value: Any) -> Any:
    if len(getattr(value, "shape", ())) > 0:
        raise InputError(f"{name!r} is a {type(value).__name__}, not a parameter", "use --data")
    if hasattr(value, "get_params") and hasattr(value, "fit"):
        return value.get_params()
    return value


def _log_metric(run: Run, name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        run.log_metrics({name: value})
    elif isinstance(value, Iterable) and not isinstance(value, str) and _has_length(value):
        for step, point in enumerate(value):
            run.log_metric(name, point, step)
    else:
        run.log_metric(name, value)


def _has_length(value: Any) -> bool:
    shape = getattr(value, "shape", None)
    return shape is None or len(shape) == 1


def _example(estimator: Any, tables: list[Any]) -> Any:
    """Return the rows of the first table that has every column the model was fitted on."""
    wanted = list(getattr(estimator, "feature_names_in_", ()))
    for table in tables:
        columns = getattr(table, "columns", None)
        if wanted and columns is not None and set(wanted) <= set(columns):
            return table[wanted]
    return None


def _log_figures(run: Run, figures: Iterable[Any]) -> None:
    for number, figure in enumerate(figures, 1):
        if isinstance(figure, bytes):
            run.log_image(figure, f"figure-{number}")
        elif isinstance(figure, dict):
            import plotly.graph_objects as go

            made = go.Figure(json.loads(json.dumps(figure)), skip_invalid=True)
            run.log_figure(made, f"figure-{number}")
        else:
            run.log_figure(figure, f"figure-{number}")
