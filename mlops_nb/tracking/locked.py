"""An environment made anew from a run's ``environment.txt``, by uv."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from mlops_nb.config import Project
from mlops_nb.environment import local_folders
from mlops_nb.errors import InputError
from mlops_nb.uv import run_uv


def make_environment(project: Project, packages: Mapping[str, str], python: str) -> Path:
    """Return the interpreter of an environment that holds exactly these packages.

    Made once below ``.mlops/environments`` and used again; packages that are installed from a
    folder here, as the project's own is, are installed from that folder.

    Parameters
    ----------
    project : Project
        Where the environment is kept.
    packages : mapping
        Name → version.
    python : str
        Version of the interpreter.

    Raises
    ------
    InputError
        uv is not installed, or could not make the environment.
    """
    local = {name: folder for name, folder in local_folders().items() if name in packages}
    wanted = sorted(f"{n}=={v}" for n, v in packages.items() if n not in local and v != "unknown")
    digest = hashlib.sha256("\n".join([python, *wanted, *map(str, local.values())]).encode())
    folder = project.home / "environments" / digest.hexdigest()[:16]
    interpreter = folder / "bin" / "python"
    if not (folder / ".ready").exists():
        _build(folder, wanted, local.values(), python)
        (folder / ".ready").touch()
    return interpreter


def hashed_lock(wanted: Iterable[str], packages: Mapping[str, str], python: str) -> str:
    """Return a lock of some requirements, with hashes and without the address of any index.

    Parameters
    ----------
    wanted : iterable of str
        Requirements, such as ``pandas>=2.2``.
    packages : mapping
        Name → version; each of them that is needed is pinned to its version here.
    python : str
        Version of the interpreter, such as ``3.11.9``.

    Raises
    ------
    InputError
        uv is not installed, or a package of that version cannot be had.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "wanted.in").write_text("\n".join(sorted(wanted)) + "\n", encoding="utf-8")
        pins = [f"{n}=={v}" for n, v in packages.items() if v != "unknown"]
        (folder / "pins.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
        command = [
            "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header",
            "--no-annotate", "--python-version", python.rpartition(".")[0] or python,
            "--constraint", str(folder / "pins.txt"), "--output-file", str(folder / "lock.txt"),
            str(folder / "wanted.in"),
        ]  # fmt: skip
        hint = "train the version again with packages that can be had"
        run_uv(command, what="make the lock", hint=hint)
        return (folder / "lock.txt").read_text(encoding="utf-8")


def _build(folder: Path, wanted: list[str], local: Iterable[Path], python: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    requirements = folder.with_suffix(".txt")
    requirements.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    here = ".".join(map(str, sys.version_info[:3]))
    # The very interpreter where it is the same; else uv finds or fetches that minor version.
    version = sys.executable if python == here else python.rpartition(".")[0] or here
    _uv("venv", "--quiet", "--python", version, str(folder))
    install = ["pip", "install", "--quiet", "--no-deps", "--python", str(folder)]
    try:
        _uv(*install, "-r", str(requirements))
        for path in local:
            _uv(*install, "--editable", str(path))
    except InputError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _uv(*words: str) -> None:
    hint = "a package of the record may be gone from the index: --env current uses what is here"
    run_uv(words, what="make the environment", hint=hint)
