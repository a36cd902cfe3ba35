"""Which values a parameter may take, held against the notebook's own defaults as well."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlops_nb.config import Bounds, Job
from mlops_nb.errors import ConfigError, InputError, NotFoundError, did_you_mean
from mlops_nb.jobs.parameters import Parameter
from mlops_nb.jobs.values import convert

_ORDERED = ("int", "float", "date", "datetime")


def check_bounds(
    job: Job, where: str, known: Mapping[str, Parameter], values: Mapping[str, Any]
) -> None:
    """Check converted values, and the notebook's defaults where none is given.

    Parameters
    ----------
    job : Job
        The job's table.
    where : str
        Its name, for messages.
    known : mapping of str to Parameter
        What the notebook declares.
    values : mapping of str to value
        Answers of :func:`mlops_nb.jobs.values.convert`.

    Raises
    ------
    NotFoundError
        Bounds are set for a parameter that the notebook does not have.
    ConfigError
        A bound is no value of its parameter.
    InputError
        A value lies outside.
    """
    for name, bounds in job.bounds.items():
        if name not in known:
            raise NotFoundError(
                f"{where}: bounds for {name!r}, which the notebook does not declare",
                did_you_mean(name, known),
            )
        if name in values:
            _check(known[name], bounds, values[name], where, "")
        elif (default := default_of(known[name])) is not None:
            _check(known[name], bounds, default, where, " (the notebook's default)")


def check_defaults(notebook: object, known: Mapping[str, Parameter]) -> None:
    """Raise :class:`InputError` for a default that its own annotation does not allow."""
    for parameter in known.values():
        try:
            default_of(parameter)
        except InputError as error:
            raise InputError(
                f"{notebook}: {parameter.name} is annotated as {parameter.kind}, "
                f"but its default is {parameter.default}",
                "correct one of the two in the parameters cell",
            ) from error


def default_of(parameter: Parameter) -> Any:
    """Return a parameter's default as a converted value, None when only running it would tell.

    Raises
    ------
    InputError
        It is not of the parameter's kind.
    """
    try:
        value = ast.literal_eval(parameter.default)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return None if value is None else convert(parameter, value)


def _check(parameter: Parameter, bounds: Bounds, value: Any, where: str, whose: str) -> None:
    if value is None:
        return
    name = f"parameter {parameter.name!r}"
    if bounds.choices:
        item_kind = "any" if parameter.kind == "list" else parameter.kind
        one = replace(parameter, kind=item_kind)
        allowed = [_bound(one, choice, where) for choice in bounds.choices]
        for item in value if parameter.kind == "list" else [value]:
            if item not in allowed:
                shown = ", ".join(map(repr, allowed))
                raise InputError(
                    f"{name} must be one of {shown}, got {item!r}{whose}",
                    did_you_mean(str(item), map(str, allowed)),
                )
    least, most = bounds.minimum, bounds.maximum
    if (least is not None or most is not None) and parameter.kind not in _ORDERED:
        raise ConfigError(f"{where}: {name} is a {parameter.kind}, it has no least or greatest")
    if least is not None and value < (floor := _bound(parameter, least, where)):
        raise InputError(f"{name} must be at least {floor!r}, got {value!r}{whose}")
    if most is not None and value > (ceiling := _bound(parameter, most, where)):
        raise InputError(f"{name} must be at most {ceiling!r}, got {value!r}{whose}")


def _bound(parameter: Parameter, value: object, where: str) -> Any:
    try:
        return convert(parameter, value)
    except InputError as error:
        raise ConfigError(f"{where}: a bound does not fit: {error.message}", error.hint) from error
