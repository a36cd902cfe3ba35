"""Spans of time as people write them: ``90s``, ``15m``, ``4h``, ``1d``, ``2w``."""

from __future__ import annotations

import re
from datetime import timedelta

from mlops_nb.errors import InputError

_SPAN = re.compile(r"(\d+)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def as_duration(text: str, option: str) -> timedelta:
    """Return the span that an option names.

    Parameters
    ----------
    text : str
        A whole number and one of ``s``, ``m``, ``h``, ``d``, ``w``.
    option : str
        The option, for the message.

    Raises
    ------
    InputError
        It is no span, or an empty one.
    """
    match = _SPAN.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise InputError(f"{option} wants a span of time, got {text!r}", f"{option} 4h")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
