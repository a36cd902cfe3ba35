"""Finding the notebooks below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.lint.selection import matches

_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "labextension"})


def notebooks(project: Project, paths: Sequence[Path]) -> list[Path]:
    """Return the notebooks that are named, and those below the folders that are named.

    Hidden folders, virtual environments and checkpoints are not entered; `exclude` holds for
    files found in folders, not for files that are named.

    Raises
    ------
    InputError
        A path does not exist.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            below = (p for p in _walk(path) if not _excluded(project, p))
            found.update(dict.fromkeys(below))
        elif path.is_file():
            found[path] = None
        else:
            raise InputError(f"no such file or folder: {path}")
    return list(found)


def _walk(folder: Path) -> Iterator[Path]:
    # os.walk does not follow links to folders, so that a loop of links cannot hold it.
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not _is_skipped(Path(parent, f)))
        yield from (Path(parent, name) for name in sorted(files) if name.endswith(".ipynb"))


def _is_skipped(folder: Path) -> bool:
    return (
        folder.name.startswith(".") or folder.name in _SKIPPED or (folder / "pyvenv.cfg").is_file()
    )


def _excluded(project: Project, path: Path) -> bool:
    patterns: Iterable[str] = project.config.lint.exclude
    return any(matches(pattern, project.root, path) for pattern in patterns)
