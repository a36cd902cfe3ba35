"""What a cell made, found without being told: settings, results, estimators and tables.

Found by what changed in the namespace and by what the cell's text says; no library is patched.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection, Iterator, Mapping
from numbers import Real
from typing import Any

from mlops_nb.errors import InputError
from mlops_nb.tracking.active import Run
from mlops_nb.tracking.celltext import CellText

NAMES_KEPT = 50
FIGURES_OF_ONE = 5  # a mapping of more numbers is data, not a result
TABLES_KEPT = 20
PARAMS_OF_ONE = 100
_PLAIN = (str, int, float, bool, type(None))


class Before:
    """The namespace as it is before a cell runs.

    Parameters
    ----------
    namespace : mapping
        The user's names; looked at now, no object is held.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._seen = {name: _identity(value) for name, value in _visible(namespace)}

    def changed(self, namespace: Mapping[str, Any]) -> set[str]:
        """Return the names that are new, are bound to another object or were trained."""
        return {n for n, v in _visible(namespace) if self._seen.get(n) != _identity(v)}

    def __contains__(self, name: str) -> bool:
        return name in self._seen


def collect_auto(
    run: Run,
    text: CellText,
    before: Before,
    namespace: Mapping[str, Any],
    *,
    named: Collection[str],
    seconds: Mapping[str, float],
    result: Any = None,
) -> None:
    """Log what a cell made that it was not asked for by name.

    Parameters
    ----------
    run : Run
        The run.
    text : CellText
        What the cell says.
    before : Before
        What was there before.
    namespace : mapping
        The user's names after the cell.
    named : collection of str
        Names that the cell's options deal with.
    seconds : mapping
        Name → seconds of the statements that trained it.
    result : object
        The value of the cell's last expression.
    """
    made = before.changed(namespace) | text.assigned | text.trained
    made = (made & namespace.keys()) - text.loops - {*named}
    for name in sorted(made)[: NAMES_KEPT * 4]:
        value = namespace[name]
        if name.startswith("_"):
            continue
        with _Quietly(name):
            if is_fitted(value):
                _log_estimator(run, name, value, seconds.get(name))
            elif name in text.settings:
                run.log_params({name: value})
            elif name in text.assigned or name not in before:
                _log_result(run, name, value)
    if text.result and is_number(result):
        with _Quietly(text.result):
            _log_number(run, text.result, result)
    _log_tables(run, text, before, namespace, named)


def is_fitted(value: Any) -> bool:
    """Whether a value is a fitted estimator with scikit-learn's interface."""
    return bool(_fitted(value))


def is_table(value: Any) -> bool:
    """Whether a value is a table of pandas or polars; neither is imported to find out."""
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    return library in {"pandas", "polars"} and kind.__name__ in {"DataFrame", "Series"}


def is_number(value: Any) -> bool:
    """Whether a value is a single number, numpy's among them, and no truth value."""
    if isinstance(value, bool) or getattr(value, "dtype", None) == "bool":
        return False
    return isinstance(value, Real) and getattr(value, "shape", ()) == ()


class _Quietly:
    """What cannot be logged by itself must not end the cell: at most a warning."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, InputError):  # logged by the cell itself with another value
            return True
        if isinstance(error, Exception):
            warnings.warn(f"--auto leaves out {self._name!r}: {error}", UserWarning, stacklevel=3)
            return True
        return False


def _visible(namespace: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    hidden = {"In", "Out", "exit", "quit", "get_ipython", "open"}
    for name, value in list(namespace.items()):
        if not name.startswith("_") and name not in hidden:
            yield name, value


def _identity(value: Any) -> tuple[int, int]:
    return id(value), hash(tuple(_fitted(value)))


def _fitted(value: Any) -> list[tuple[str, int]]:
    """Return what training has left in an estimator, empty before it."""
    if isinstance(value, type) or not (hasattr(value, "fit") and hasattr(value, "get_params")):
        return []
    found = [
        (name, id(inner))
        for name, inner in getattr(value, "__dict__", {}).items()
        if (name.endswith("_") and not name.startswith("__")) or name == "_Booster"
        if inner is not None
    ]
    for step in getattr(value, "steps", None) or ():
        found += _fitted(step[1])
    return found


def _log_estimator(run: Run, name: str, value: Any, seconds: float | None) -> None:
    kind = type(value)
    params = {"class": f"{kind.__module__}.{kind.__qualname__}"}
    features = getattr(value, "n_features_in_", None)
    if features is not None:
        params["n_features"] = features
    plain = {k: v for k, v in value.get_params().items() if isinstance(v, _PLAIN)}
    params |= dict(list(plain.items())[:PARAMS_OF_ONE])
    run.log_params({name: params})
    if seconds is not None:
        run.log_metric(f"{name}.training_seconds", seconds)


def _log_result(run: Run, name: str, value: Any) -> None:
    if is_number(value):
        _log_number(run, name, value)
    elif isinstance(value, Mapping) and len(value) <= FIGURES_OF_ONE:
        items = [(f"{name}.{key}", number) for key, number in value.items()]
        if all(is_number(number) for _, number in items):
            for key, number in items:
                _log_number(run, key, number)


def _log_number(run: Run, key: str, value: Any) -> None:
    if key not in run.metrics:  # the cell may have logged a history of it
        run.log_metric(key, value)


def _log_tables(
    run: Run, text: CellText, before: Before, namespace: Mapping[str, Any], named: Collection[str]
) -> None:
    logged = {facts["name"] for facts in run.inputs} | {*named}
    used = [name for name in sorted(text.reads - logged) if name in namespace]
    tables = [n for n in used if is_table(namespace[n]) or (n in before and _is_data(namespace[n]))]
    for name in tables[:TABLES_KEPT]:
        with _Quietly(name):
            run.log_input(namespace[name], name=name)


def _is_data(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray) and 0 < value.ndim <= 2
