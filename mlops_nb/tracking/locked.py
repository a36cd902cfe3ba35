"""An environment made anew from a run's ``environment.txt``, by uv."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlops_nb.config import Project
from mlops_nb.errors import InputError

_HEAD = re.compile(r"^# python (\d+\.\d+)\.(\S+)")


def python_of(environment: str) -> str:
    """Return the interpreter's version that an ``environment.txt`` names: ``3.11.9``."""
    found = _HEAD.match(environment)
    return f"{found[1]}.{found[2]}" if found else ""


def packages_of(environment: str) -> dict[str, str]:
    """Return name → version of the packages that an ``environment.txt`` lists."""
    pairs = (line.split("==", 1) for line in environment.splitlines() if "==" in line)
    return {name.strip(): version.strip() for name, version in pairs if not name.startswith("#")}


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
    local = {name: folder for name, folder in _local_folders().items() if name in packages}
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
    uv = find_uv()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "wanted.in").write_text("\n".join(sorted(wanted)) + "\n", encoding="utf-8")
        pins = [f"{n}=={v}" for n, v in packages.items() if v != "unknown"]
        (folder / "pins.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
        command = [
            uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header",
            "--no-annotate", "--python-version", python.rpartition(".")[0] or python,
            "--constraint", str(folder / "pins.txt"), "--output-file", str(folder / "lock.txt"),
            str(folder / "wanted.in"),
        ]  # fmt: skip
        hint = "train the version again with packages that can be had"
        _uv(command, what="the lock", hint=hint)
        return (folder / "lock.txt").read_text(encoding="utf-8")


def _build(folder: Path, wanted: list[str], local: Iterable[Path], python: str) -> None:
    uv = find_uv()
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    requirements = folder.with_suffix(".txt")
    requirements.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    here = ".".join(map(str, sys.version_info[:3]))
    # The very interpreter where it is the same; else uv finds or fetches that minor version.
    version = sys.executable if python == here else python.rpartition(".")[0] or here
    _uv([uv, "venv", "--quiet", "--python", version, str(folder)])
    install = [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(folder)]
    try:
        _uv([*install, "-r", str(requirements)])
        for path in local:
            _uv([*install, "--editable", str(path)])
    except InputError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def find_uv() -> str:
    """Return the path of uv: beside the interpreter, or on the PATH.

    Raises
    ------
    InputError
        There is none.
    """
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None:
        raise InputError(
            "the environment of a run is made by uv, which is not installed", "pip install uv"
        )
    return found


def _uv(
    command: list[str],
    *,
    what: str = "the environment",
    hint: str = "--env current uses what is here",
) -> None:
    environment = {**os.environ, "SKIP_JUPYTER_BUILDER": "1"}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, timeout=1800
    )
    if done.returncode:
        said = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise InputError(
            f"uv could not make {what}: {' '.join(said[-4:])}",
            f"a package of the record may be gone from the index: {hint}",
        )


def _local_folders() -> dict[str, Path]:
    """Return the distributions that are installed from a folder of this machine."""
    found = {}
    for distribution in metadata.distributions():
        text = distribution.read_text("direct_url.json")
        url = urlsplit(json.loads(text)["url"]) if text else None
        if url is not None and url.scheme == "file" and Path(unquote(url.path)).is_dir():
            found[distribution.metadata["Name"]] = Path(unquote(url.path))
    return found
