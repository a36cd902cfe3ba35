"""What ruff finds, at the right cells, also in notebooks that ruff itself passes over.

ruff gets a copy through its standard input and never a file: code cells only, outputs left out,
IPython's syntax replaced as for our own rules, the language named, and cells that are no Python
empty, because one of them would silence most of ruff's rules for the whole notebook.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from mlops_nb.errors import InputError
from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.rule import Rule, Severity
from mlops_nb.notebook.syntax import OPAQUE_MODULE

_SECONDS = 60
_INFO = frozenset({"F401"})
# NBH004, and NBX001 to NBX005, which know cells, magics and the names of IPython.
_OURS = frozenset({None, "invalid-syntax", "F821", "E902", "E999"})


def find_ruff() -> str:
    """Return the ruff beside this Python, or on the PATH.

    Raises
    ------
    InputError
        There is none.
    """
    beside = Path(sys.executable).parent
    found = shutil.which("ruff", path=str(beside)) or shutil.which("ruff")
    if found is None:
        raise InputError("--with-ruff: ruff is not installed", "pip install ruff")
    return found


def ruff_findings(context: Context, ruff: str) -> list[tuple[Rule, Finding]]:
    """Return what ruff finds in a notebook, each with a rule that stands for ruff's own.

    Parameters
    ----------
    context : Context
        The notebook.
    ruff : str
        The program. It reads its own configuration, as for a file at the notebook's path.

    Raises
    ------
    InputError
        ruff failed; what it said is in the message.
    """
    path = context.notebook.path
    command = [ruff, "check", "--quiet", "--no-cache", "--no-fix", "--output-format=json"]
    done = subprocess.run(
        [*command, "--stdin-filename", str(path), "-"],
        input=_copy(context.code),
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    try:
        rows = json.loads(done.stdout or b"[]")
    except ValueError:
        rows = None
    if done.returncode not in (0, 1) or rows is None:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise InputError(f"ruff failed on {path}: {said}", "run `ruff check` to see all of it")
    found = (_finding(context, row) for row in rows if row["code"] not in _OURS)
    return [one for one in found if one is not None]


def _copy(cells: list[CodeCell]) -> bytes:
    document = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{cell.cell.index}",
                "metadata": {},
                "outputs": [],
                "source": cell.python.text if cell.tree is not None else "",
            }
            for cell in cells
        ],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document).encode()


def _finding(context: Context, row: dict[str, Any]) -> tuple[Rule, Finding] | None:
    number, place, end = row.get("cell"), row["location"], row["end_location"]
    if number is None or not 1 <= number <= len(context.code) or OPAQUE_MODULE in row["message"]:
        return None
    code = context.code[number - 1]
    line, end_line = place["row"], end["row"]
    if any(magic.line == line for magic in code.python.magics):
        return None  # about what stands there in place of the magic
    shifts = code.python.shifts
    finding = Finding(
        message=row["message"],
        cell=code.cell.index,
        line=line,
        column=place["column"] + shifts.get(line, 0),
        end_line=end_line,
        end_column=end["column"] + shifts.get(end_line, 0),
    )
    return _rule(row["code"]), finding


@cache
def _rule(code: str) -> Rule:
    return Rule(
        code=code,
        name=code,
        severity=Severity.INFO if code in _INFO else Severity.WARNING,
        summary="A rule of ruff.",
        why="",
        bad=Example(),
        good=Example(),
        check=lambda _: (),
    )
