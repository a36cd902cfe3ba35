"""Values for a notebook's parameters: checked against their kind, written as Python."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any

from mlops_nb.errors import InputError
from mlops_nb.jobs.parameters import Parameter

_INTEGER = re.compile(r"[+-]?\d+")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_EXPECTED = {
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "date": "a date as YYYY-MM-DD",
    "datetime": "a time as YYYY-MM-DDTHH:MM:SS",
    "list": "a list",
    "dict": "a mapping",
    "path": "a path",
    "any": "a number, text, boolean, list or mapping",
}


class Text(str):
    """A value as it was typed on a command line: it takes the type its parameter declares."""

    __slots__ = ()


def convert(parameter: Parameter, value: object) -> Any:
    """Turn a value into what JSON can hold, checked against the parameter's kind.

    Parameters
    ----------
    parameter : Parameter
        What the notebook declares.
    value : object
        A Python value (numpy scalars, dates, paths, enumerations and decimals included), or a
        :class:`Text`.

    Returns
    -------
    None, bool, int, float, str, list or dict
        Dates and times as ISO 8601 text.

    Raises
    ------
    InputError
        The value is not of the kind; the message names parameter, expectation and value.
    """
    try:
        if isinstance(value, Text):
            return _from_text(parameter, str(value))
        plain = _plain(value)
        if plain is None and parameter.optional:
            return None
        return _check(parameter.kind, plain)
    except (ValueError, TypeError, OverflowError) as error:
        given = str(value) if isinstance(value, Text) else value
        raise InputError(
            f"parameter {parameter.name!r} wants {_EXPECTED[parameter.kind]}, got {given!r}",
            f"its default in the notebook is {parameter.default}" if parameter.default else "",
        ) from error


def as_text(parameter: Parameter, value: Any) -> Text:
    """Return a converted value as it would be typed, so that :func:`convert` gives it again."""
    if value is None:
        return Text("none")
    if isinstance(value, str) and parameter.kind != "any":
        return Text(value)
    return Text(value if value in ("nan", "inf", "-inf") else json.dumps(value))


def source(parameters: Mapping[str, Parameter], values: Mapping[str, Any]) -> str:
    """Return the Python that assigns converted values to their parameters.

    Parameters
    ----------
    parameters : mapping of str to Parameter
        What the notebook declares.
    values : mapping of str to value
        Answers of :func:`convert`, by name.
    """
    lines = [f"{name} = {_expression(parameters[name], value)}" for name, value in values.items()]
    return "\n".join(["# Parameters of this run", *lines])


def shown(value: Any) -> Any:
    """Return a converted value with nan and the infinities, which JSON lacks, as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    return value


def _expression(parameter: Parameter, value: Any) -> str:
    if value is None or not parameter.callee:
        return _literal(value)
    # The default is an object (`date(2013, 4, 1)`): build the same kind of object again.
    dated = parameter.kind in {"date", "datetime"} and not parameter.callee.endswith("Timestamp")
    return f"{parameter.callee}{'.fromisoformat' if dated else ''}({value!r})"


def _literal(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_literal(v)}" for k, v in value.items()) + "}"
    return repr(value)


def _from_text(parameter: Parameter, text: str) -> Any:
    kind = parameter.kind
    if parameter.optional and text.lower() in {"none", "null", ""}:
        return None
    read = _READERS.get(kind)
    return read(text) if read else _check(kind, text)


def _boolean(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise ValueError(text)
    return _BOOLEANS[text.lower()]


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _list(text: str) -> Any:
    if text.lstrip().startswith("["):
        return _check("list", json.loads(text))
    return [_json_or_text(part.strip()) for part in text.split(",")] if text.strip() else []


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


_READERS: Mapping[str, Callable[[str], Any]] = {
    "bool": _boolean,
    "int": _integer,
    "float": float,
    "list": _list,
    "dict": lambda text: _check("dict", json.loads(text)),
    "any": _json_or_text,
}


def _plain(value: object) -> Any:
    """Reduce a Python value to None, bool, int, float, str, list or dict."""
    if value is None or isinstance(value, bool):
        return value
    for kind, reduce in _REDUCTIONS:
        if isinstance(value, kind):
            return reduce(value)
    if type(value).__module__.partition(".")[0] == "numpy":
        return _plain(value.tolist())  # type: ignore[attr-defined]
    raise TypeError(type(value).__name__)


def _decimal(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


_REDUCTIONS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Enum, lambda value: _plain(value.value)),
    # numpy's float64 and str_ are subclasses whose repr is another.
    (int, int),
    (float, float),
    (str, str),
    (date | time, lambda value: value.isoformat()),  # datetime and pandas' Timestamp are dates
    (Decimal, _decimal),
    (PurePath, str),
    (list | tuple, lambda value: [_plain(item) for item in value]),
    (Mapping, lambda value: {str(key): _plain(item) for key, item in value.items()}),
)


def _check(kind: str, value: Any) -> Any:
    """Return the value if it is of the kind, with the few conversions that lose nothing."""
    if kind == "any":
        return value
    if kind == "date":
        moment = datetime.fromisoformat(value)
        if moment.time() != time():
            raise ValueError(value)
        return moment.date().isoformat()
    if kind == "datetime":
        return datetime.fromisoformat(value).isoformat()
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    wanted = {"int": int, "float": float, "bool": bool, "list": list, "dict": dict}.get(kind, str)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise TypeError(value)
    return value
