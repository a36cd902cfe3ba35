"""The environment that runs the code: the interpreter and every installed package."""

from __future__ import annotations

import platform
import re
import sys
from functools import lru_cache
from importlib import metadata
from pathlib import Path

_NAME = re.compile(r"^Name: *(\S+)", re.MULTILINE)
_VERSION = re.compile(r"^Version: *(\S+)", re.MULTILINE)


def packages() -> dict[str, str]:
    """Return every installed distribution's name and version, in the order of the names.

    Read again only when a folder of ``sys.path`` has changed, as ``%pip install`` does.
    """
    return dict(_packages(_search_path()))


def python_version() -> str:
    """Return the interpreter's version as ``3.11.9``."""
    return platform.python_version()


def description() -> str:
    """Return the environment as a requirements file, the interpreter in its first line."""
    head = f"# python {python_version()} on {platform.system()} {platform.machine()}"
    return "\n".join([head, *(f"{name}=={version}" for name, version in packages().items())]) + "\n"


def _search_path() -> tuple[tuple[str, int], ...]:
    folders = (Path(entry) for entry in dict.fromkeys(sys.path) if entry)
    return tuple((str(f), f.stat().st_mtime_ns) for f in folders if f.is_dir())


@lru_cache(maxsize=1)
def _packages(_path: tuple[tuple[str, int], ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        # Two lines of the header; parsing all of it as e-mail takes ten times as long.
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        name = _NAME.search(text)
        version = _VERSION.search(text)
        if name:  # a half-removed distribution has none; the first on the path is the one imported
            found.setdefault(name[1], version[1] if version else "unknown")
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))
