"""What lies around a notebook: the requirements that hold for it, the modules beside it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

_REQUIREMENT = re.compile(
    r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:==\s*([\w.]+))?"
)
_YAML = re.compile(r"^\s*-\s*[\"']?(?:[\w-]+::)?([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:=+\s*([\w.]+))?")
_FILES = (
    "pyproject.toml",
    "environment.yml",
    "environment.yaml",
    "conda.yml",
    "Pipfile",
    "setup.cfg",
)


def normalized(name: str) -> str:
    """Return a distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(folder: Path, root: Path | None) -> Mapping[str, str]:
    """Return what the nearest requirements above a notebook ask for.

    Parameters
    ----------
    folder : Path
        The notebook's folder.
    root : Path, optional
        The last folder that is looked at; without it only the notebook's own.

    Returns
    -------
    mapping of str to str
        Normalised name of a distribution → version it is pinned to, empty when it is not. No entry
        at all: no file of requirements was found.
    """
    place = declaring_folder(folder, root)
    return _of_folder(place) if place else {}


def declaring_folder(folder: Path, root: Path | None) -> Path | None:
    """Return the folder whose requirements hold for a notebook; None: there are none."""
    return next((place for place in _upwards(folder, root) if _of_folder(place)), None)


def has_module(name: str, folder: Path, root: Path | None) -> bool:
    """Tell whether a module or package of that name lies beside a notebook or above it."""
    places = [*_upwards(folder, root), *(p / "src" for p in _upwards(folder, root))]
    return any((p / name).is_dir() or (p / f"{name}.py").is_file() for p in places)


def _upwards(folder: Path, root: Path | None) -> Iterator[Path]:
    folder = folder.absolute()
    if root is None or not folder.is_relative_to(root):
        yield folder
        return
    yield from (place for place in (folder, *folder.parents) if place.is_relative_to(root))


def _of_folder(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for path in _files(folder, _changed(folder), _changed(folder / "requirements")):
            state = path.stat()
            found.update(_read(path, state.st_mtime_ns, state.st_size))
    except OSError:
        return {}
    return found


def _changed(folder: Path) -> int:
    """Return when something last came to a folder or went; 0: there is no folder."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=256)
def _files(folder: Path, _changed: int, _below: int) -> list[Path]:
    """List a folder's files of requirements once for all notebooks in it."""
    files = [*folder.glob("requirements*.txt"), *folder.glob("requirements*.in")]
    files += [*folder.glob("requirements/*.txt"), *folder.glob("requirements/*.lock")]
    return [*files, *(path for name in _FILES if (path := folder / name).is_file())]


@lru_cache(maxsize=256)
def _read(path: Path, _changed: int, _size: int) -> tuple[tuple[str, str], ...]:
    """Read a file once for all notebooks beside it, and again when it has changed."""
    return tuple(_of_file(path.name, path.read_text(encoding="utf-8", errors="replace")))


def _of_file(name: str, text: str) -> Iterator[tuple[str, str]]:
    if name.endswith((".toml", "Pipfile")):
        try:
            lines = list(_of_toml(tomllib.loads(text)))
        except tomllib.TOMLDecodeError:
            return
        pattern = _REQUIREMENT
    elif name.endswith((".yml", ".yaml")):
        lines, pattern = text.splitlines(), _YAML
    else:
        lines, pattern = text.splitlines(), _REQUIREMENT
    for line in lines:
        found = pattern.match(line)
        if found and not line.lstrip().startswith(("#", "--", "[")):
            yield normalized(found[1]), found[2] or ""


def _of_toml(document: Mapping[str, Any]) -> Iterator[str]:
    project = document.get("project", {})
    yield f"{project.get('name', '')}=={project.get('version', '0')}"
    yield from project.get("dependencies", [])
    for group in project.get("optional-dependencies", {}).values():
        yield from group
    for group in document.get("dependency-groups", {}).values():
        yield from (line for line in group if isinstance(line, str))
    poetry = document.get("tool", {}).get("poetry", {})
    groups = [poetry, *poetry.get("group", {}).values(), {"dependencies": document.get("packages")}]
    for table in groups:
        yield from table.get("dependencies") or {}
