"""Controls for a function's arguments, by the abbreviations that ``ipywidgets.interact`` knows."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets
from ipywidgets import interactive

from mlops_nb.errors import InputError, did_you_mean

WIDE = 100
"""A range of floats whose ends differ by this factor is gone through by orders of magnitude."""

STEPS = 100
"""Steps of a slider over floats that names none."""


def controls(function: Callable[..., Any], given: Mapping[str, Any], run: str) -> interactive:
    """Return the controls of a function with a button that calls it; it is not called yet.

    Parameters
    ----------
    function : callable
        What is called with the values.
    given : mapping
        Argument → an abbreviation: ``(1, 10)``, ``(0.0, 1.0, 0.1)``, ``[…]``, ``True``, a text,
        a widget, or ``ipywidgets.fixed(value)``. An argument that is left out is read off its
        default.
    run : str
        What the button says.

    Raises
    ------
    InputError
        An argument is unknown, or nothing says what its values may be.
    """
    arguments = _arguments(function, given)
    ready = {
        name: _range(
            value, arguments[name].default if name in arguments else inspect.Parameter.empty
        )
        for name, value in given.items()
    }
    try:
        made = interactive(
            function, {"manual": True, "manual_name": run, "auto_display": True}, **ready
        )
    except (TypeError, ValueError) as error:
        raise InputError(
            f"mlops.panel: {error}", "name the values: depth=(1, 10), kind=['a', 'b']"
        ) from error
    for widget in made.kwargs_widgets:
        if hasattr(widget, "continuous_update"):
            widget.continuous_update = False  # one run where the slider is let go
        if hasattr(widget, "style"):
            widget.style.description_width = "8em"
    return made


def _arguments(
    function: Callable[..., Any], given: Mapping[str, Any]
) -> Mapping[str, inspect.Parameter]:
    parameters = inspect.signature(function).parameters
    if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        for name in given:
            if name not in parameters:
                called = getattr(function, "__name__", "the function")
                problem = f"mlops.panel: {called} has no argument {name!r}"
                raise InputError(problem, did_you_mean(name, list(parameters)))
    return parameters


def _range(value: Any, default: Any) -> Any:
    """Return a slider for two floats; interact's own has steps of 0.1, whatever the range."""
    is_pair = isinstance(value, tuple) and len(value) == 2
    if not is_pair or not all(isinstance(end, int | float) for end in value):
        return value
    low, high = value
    if not any(isinstance(end, float) for end in value) or not low < high:
        return value
    known = isinstance(default, int | float) and low <= default <= high
    if low > 0 and high / low >= WIDE:
        start = float(default) if known else math.sqrt(low * high)
        ends = {"min": math.log10(low), "max": math.log10(high)}
        step = (ends["max"] - ends["min"]) / STEPS
        return ipywidgets.FloatLogSlider(
            value=start, base=10, step=step, readout_format=".2e", **ends
        )
    start = float(default) if known else (low + high) / 2
    step = (high - low) / STEPS
    return ipywidgets.FloatSlider(value=start, min=low, max=high, step=step, readout_format=".4g")
