"""What the names and values of a run may be, checked when they are logged.

The store would refuse them too, but minutes later and in another process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from mlops_nb.errors import InputError

PARAM_LENGTH = 6000
TAG_LENGTH = 8000
_KEY = re.compile(r"[/\w.\- :]+")
_KEY_LENGTH = 250


@lru_cache(maxsize=4096)
def check_key(key: str) -> str:
    """Return the name of a metric, parameter or tag, or raise InputError."""
    if not isinstance(key, str) or not _KEY.fullmatch(key) or len(key) > _KEY_LENGTH:
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


def text(value: Any) -> str:
    """Return a value as text that every store takes: no NUL, no half of a character."""
    full = value if isinstance(value, str) else str(value)
    if full.isascii():
        return full.replace("\0", "\\0") if "\0" in full else full
    return full.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def cut(full: str, limit: int) -> str:
    """Return a text within the store's limit, its end replaced by an ellipsis."""
    return full if len(full) <= limit else full[: limit - 1] + "…"


def flatten(name: str, value: Any) -> dict[str, Any]:
    """Return a value under its name, a mapping as dotted names: ``config.depth``."""
    if not isinstance(value, Mapping):
        return {name: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat |= flatten(f"{name}.{key}", inner)
    return flat
