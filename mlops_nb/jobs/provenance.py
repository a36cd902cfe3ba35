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


def fingerprint(kernel: str = "") -> dict[str, Any]:
    """Return the environment in three figures: the same digest means the same packages.

    Parameters
    ----------
    kernel : str
        The installed kernel whose environment is meant; empty: this interpreter's.
    """
    if kernel:
        from mlops_nb.kernels import interpreter_of, packages_in

        installed = packages_in(interpreter_of(kernel))
        python = installed.pop("python")
        ordered = dict(sorted(installed.items(), key=lambda item: item[0].lower()))
    else:
        ordered, python = packages(), python_version()
    text = "\n".join(f"{name}=={version}" for name, version in ordered.items())
    return {
        "python": python,
        "packages": len(ordered),
        "digest": hashlib.sha256(f"{python}\n{text}".encode()).hexdigest(),
    }


def kernel_note(spec: JobSpec) -> Iterator[str]:
    """Yield that a notebook names another kernel than the one it is run by."""
    named: Mapping[str, Any] = read_notebook(spec.notebook).metadata.get("kernelspec") or {}
    name = named.get("name", "python3")
    if name not in {"python3", "python", spec.kernel}:
        version = ".".join(map(str, sys.version_info[:3]))
        ran = f"kernel {spec.kernel!r}" if spec.kernel else f"this environment's Python {version}"
        yield f"the notebook names kernel {name!r}; it ran on {ran}"
