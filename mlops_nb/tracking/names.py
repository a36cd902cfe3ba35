"""What the names and values of a run may be, checked when they are logged.

The store would refuse them too, but minutes later and in another process.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from mlops_nb.errors import InputError
from mlops_nb.tracking.hide import hide_value

PARAM_LENGTH = 6000
TAG_LENGTH = 8000
_KEY = re.compile(r"^[/\w.\- :]+$")
_KEY_LENGTH = 250


@lru_cache(maxsize=4096)
def check_key(key: str) -> str:
    """Return the name of a metric, parameter or tag, or raise InputError."""
    if not isinstance(key, str) or not _KEY.match(key) or len(key) > _KEY_LENGTH:
        raise InputError(
            f"{key!r} cannot name a metric, parameter or tag",
            f"letters, digits, spaces and _ - . : / only, at most {_KEY_LENGTH} of them",
        )
    if not _is_plain(key):
        raise InputError(f"{key!r} cannot name a metric, parameter or tag", "it reads like a path")
    return key


def check_path(path: str) -> str:
    """Return the path of an artifact, relative and without detours, or raise InputError."""
    text = str(path)
    if not text or "\\" in text or "\0" in text or not _is_plain(text):
        raise InputError(
            f"{text!r} cannot be the path of an artifact",
            "a relative path with forward slashes: plots/roc.png",
        )
    return text


def _is_plain(path: str) -> bool:
    pure = PurePosixPath(path)
    return str(pure) == path and not pure.is_absolute() and ".." not in pure.parts and path != "."


def number(key: str, value: Any) -> float:
    """Return a metric's value as a float, or raise InputError."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(
            f"metric {key!r} is a {type(value).__name__}, not a number",
            "log text with set_tag or log_param",
        ) from None


def text(key: str, value: Any, limit: int) -> str:
    """Return a value as text, without credentials, cut at the store's limit with a warning."""
    full = hide_value(key, value if isinstance(value, str) else str(value))
    if len(full) <= limit:
        return full
    warnings.warn(
        f"{key!r} has {len(full)} characters and is cut at {limit}; log_text keeps all of it",
        UserWarning,
        stacklevel=4,
    )
    return full[: limit - 1] + "…"


def flatten(name: str, value: Any) -> dict[str, Any]:
    """Return a value under its name, a mapping as dotted names: ``config.depth``."""
    if not isinstance(value, Mapping):
        return {name: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat |= flatten(f"{name}.{key}", inner)
    return flat
