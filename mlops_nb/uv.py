"""The door to uv: makes environments and resolves locks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mlops_nb.errors import InputError

SECONDS = 1800


def run_uv(words: Sequence[str], *, what: str, hint: str, given: str | None = None) -> None:
    """Run uv.

    Parameters
    ----------
    words : sequence of str
        Its arguments.
    what : str
        What it is to do, as in "uv could not make the environment".
    hint : str
        What to do when it cannot.
    given : str, optional
        What it reads from its standard input.

    Raises
    ------
    InputError
        uv is not installed, or could not do it.
    """
    environment = {**os.environ, "SKIP_JUPYTER_BUILDER": "1"}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        [find_uv(), *words],
        capture_output=True,
        text=True,
        env=environment,
        input=given or "",
        check=False,
        timeout=SECONDS,
    )
    if done.returncode:
        said = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise InputError(f"uv could not {what}: {' '.join(said[-4:])}", hint)


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
        raise InputError("environments are made by uv, which is not installed", "pip install uv")
    return found
