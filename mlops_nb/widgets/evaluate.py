"""One call of a function as a run of its own."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from mlops_nb.tracking import context, current
from mlops_nb.tracking.active import Run
from mlops_nb.tracking.auto import is_number, is_table
from mlops_nb.tracking.executed import interactive_shell

_LOGGED = (str, int, float, bool, type(None), list, tuple)


def name_of(function: Callable[..., Any]) -> str:
    """Return what the runs of a function are called."""
    return getattr(function, "__name__", "") or type(function).__name__


def evaluate(
    function: Callable[..., Any],
    values: Mapping[str, Any],
    started: Callable[[Run], None] = lambda run: None,
) -> Any:
    """Call a function in a run and return what it returns.

    Parameters
    ----------
    function : callable
        The numbers that it returns become metrics: one, or those of a mapping, a dataclass or a
        tuple.
    values : mapping
        Its arguments, which become parameters; tables become inputs.
    started : callable
        Called with the run before the function is.

    Raises
    ------
    Exception
        What the function raises; the run is FAILED then.
    """
    opened = context.start(name_of(function), nested=current.current() is not None)
    error: BaseException | None = None
    try:
        started(opened.run)
        _log_arguments(opened.run, values)
        result = function(**values)
        for name, value in _numbers("result", result):
            opened.run.log_metric(name, value)
        return result
    except BaseException as raised:
        error = raised
        raise
    finally:
        cell, call = _code(function, values)
        context.finish(opened, error, cell=cell, call=call)


def _log_arguments(run: Run, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if is_table(value):
            run.log_input(value, name=name)
        elif _is_plain(value):
            run.log_param(name, value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, _LOGGED) or is_number(value)


def _numbers(name: str, result: Any) -> Iterator[tuple[str, Any]]:
    """Yield the numbers in what a function returned, by their names: of a mapping its keys."""
    if is_number(result):
        yield name, result
    elif is_dataclass(result) and not isinstance(result, type):
        yield from _numbers(name, asdict(result))
    elif hasattr(result, "_asdict"):
        yield from _numbers(name, result._asdict())
    elif isinstance(result, Mapping):
        for key, value in result.items():
            yield from _numbers(str(key) if name == "result" else f"{name}.{key}", value)
    elif isinstance(result, tuple):
        for number, value in enumerate(result):
            yield from _numbers(f"{name}.{number}", value)


def _code(function: Callable[..., Any], values: Mapping[str, Any]) -> tuple[str, str]:
    """Return the function with its call to read, and the cell that makes the run again."""
    try:
        source = textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):  # not written in Python, or its text is gone
        source = ""
    name = name_of(function)
    told = ", ".join(
        f"{key}={v!r}" if _is_plain(v) else f"{key}={key}" for key, v in values.items()
    )
    shell = interactive_shell()
    is_known = shell is not None and shell.user_ns.get(name) is function
    again = f"__import__('mlops_nb').panel({name}).call({told})" if is_known else ""
    return f"{source}\n\n{name}({told})".lstrip("\n"), again
