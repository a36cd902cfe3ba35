"""The environment that runs the code: the interpreter and every installed package."""

from __future__ import annotations

import platform
import re
import sys
import tomllib
from functools import lru_cache
from importlib import metadata
from pathlib import Path

_NAME = re.compile(r"^Name: *(\S+)", re.MULTILINE)
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*==\s*([^\s;\\]+)", re.MULTILINE)
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


def locked(root: Path) -> dict[str, str]:
    """Return the names and versions of a project's lock, empty when it has none.

    Parameters
    ----------
    root : Path
        The project's folder; ``pylock.toml``, ``uv.lock`` and ``requirements.lock`` are looked
        for in it, in this order.
    """
    for name, key in (("pylock.toml", "packages"), ("uv.lock", "package")):
        try:
            found = tomllib.loads((root / name).read_text(encoding="utf-8")).get(key, [])
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            continue
        return {entry["name"]: entry["version"] for entry in found if "version" in entry}
    try:
        text = (root / "requirements.lock").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    return dict(_PINNED.findall(text))


def canonical(name: str) -> str:
    """Return a package's name as indexes compare it: ``Scikit_Learn`` is ``scikit-learn``."""
    return re.sub(r"[-_.]+", "-", name).lower()


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
