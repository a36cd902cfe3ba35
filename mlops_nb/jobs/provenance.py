"""What an attempt was made of: the bytes it read by name, and the packages it ran with."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlops_nb.config import Project
from mlops_nb.environment import packages, python_version
from mlops_nb.jobs.attempt import relative
from mlops_nb.jobs.spec import JobSpec
from mlops_nb.notebook import read_notebook

_BLOCK = 1 << 20


def hashed_inputs(project: Project, spec: JobSpec) -> dict[str, str]:
    """Return the SHA-256 of the notebook and of every file that a parameter names.

    Parameters
    ----------
    project : Project
        From whose root the paths are told.
    spec : JobSpec
        What is about to run; relative paths start from the notebook's folder.
    """
    named = [spec.notebook]
    for value in spec.parameters.values():
        if isinstance(value, str) and value and "\0" not in value:
            path = spec.notebook.parent / value
            try:
                if path.is_file():
                    named.append(path.resolve())
            except OSError:  # a long text is no path
                continue
    return {relative(project, path): _sha256(path) for path in named}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def fingerprint() -> dict[str, Any]:
    """Return the environment in three figures: the same digest means the same packages."""
    installed = packages()
    text = "\n".join(f"{name}=={version}" for name, version in installed.items())
    return {
        "python": python_version(),
        "packages": len(installed),
        "digest": hashlib.sha256(f"{python_version()}\n{text}".encode()).hexdigest(),
    }


def kernel_note(notebook: Path) -> Iterator[str]:
    """Yield that a notebook names another kernel than the one it is run by."""
    spec: Mapping[str, Any] = read_notebook(notebook).metadata.get("kernelspec") or {}
    name = spec.get("name", "python3")
    if name not in {"python3", "python"}:
        version = ".".join(map(str, sys.version_info[:3]))
        yield f"the notebook names kernel {name!r}; it ran on this environment's Python {version}"
