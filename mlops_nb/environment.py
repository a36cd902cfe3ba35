"""The environment that runs the code: the interpreter and every installed package."""

from __future__ import annotations

import json
import platform
import re
import sys
import tomllib
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlops_nb.dataflow.imports import DISTRIBUTIONS

LOCKS = ("pylock.toml", "uv.lock", "requirements.lock")
"""Names of a project's lock, the first that is there counts."""

_NAME = re.compile(r"^Name: *(\S+)", re.MULTILINE)
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*==\s*([^\s;\\]+)", re.MULTILINE)
_VERSION = re.compile(r"^Version: *(\S+)", re.MULTILINE)


_HEAD = re.compile(r"^# python (\d+\.\d+\.\S+)")


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
    for name, key in ((LOCKS[0], "packages"), (LOCKS[1], "package")):
        try:
            found = tomllib.loads((root / name).read_text(encoding="utf-8")).get(key, [])
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            continue
        return {entry["name"]: entry["version"] for entry in found if "version" in entry}
    try:
        text = (root / LOCKS[2]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    return dict(_PINNED.findall(text))


def lock_file(root: Path) -> Path | None:
    """Return the lock that :func:`locked` reads, None when there is none."""
    return next((root / name for name in LOCKS if (root / name).is_file()), None)


def python_of(description: str) -> str:
    """Return the interpreter's version that a :func:`description` names, ``3.11.9``."""
    found = _HEAD.match(description)
    return found[1] if found else ""


def packages_of(description: str) -> dict[str, str]:
    """Return name → version of the packages that a :func:`description` lists."""
    pairs = (line.split("==", 1) for line in description.splitlines() if "==" in line)
    return {name.strip(): version.strip() for name, version in pairs if not name.startswith("#")}


def distribution_of(module: str) -> str:
    """Return the package that brings a module along, in the form of :func:`canonical`.

    Parameters
    ----------
    module : str
        What is imported, its first part: ``sklearn``.

    Returns
    -------
    str
        The one installed here, else the one that is known to, else the module's own name; empty
        for a module of Python itself.
    """
    if module in sys.stdlib_module_names:
        return ""
    here = _distributions(_search_path()).get(module)
    return canonical(here or DISTRIBUTIONS.get(module, module))


def local_folders() -> dict[str, Path]:
    """Return the distributions that are installed from a folder of this machine, and from where."""
    found = {}
    for distribution in metadata.distributions():
        text = distribution.read_text("direct_url.json")
        url = urlsplit(json.loads(text)["url"]) if text else None
        if url is not None and url.scheme == "file" and Path(unquote(url.path)).is_dir():
            found[distribution.metadata["Name"]] = Path(unquote(url.path))
    return found


def canonical(name: str) -> str:
    """Return a package's name as indexes compare it: ``Scikit_Learn`` is ``scikit-learn``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _search_path() -> tuple[tuple[str, int], ...]:
    folders = (Path(entry) for entry in dict.fromkeys(sys.path) if entry)
    return tuple((str(f), f.stat().st_mtime_ns) for f in folders if f.is_dir())


@lru_cache(maxsize=1)
def _distributions(_path: tuple[tuple[str, int], ...]) -> dict[str, str]:
    return {module: names[0] for module, names in metadata.packages_distributions().items()}


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
