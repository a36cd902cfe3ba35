"""NBH006: magics that nobody brings."""

from __future__ import annotations

import pytest
from ipykernel.zmqshell import KernelMagics
from IPython.core.interactiveshell import InteractiveShell

from mlops_nb.config import Lint
from mlops_nb.lint.engine import lint_notebook
from mlops_nb.lint.example import PYTHON, Example
from mlops_nb.lint.rules.magics import CELL_MAGICS, LINE_MAGICS
from mlops_nb.notebook import parse_notebook

from ..conftest import ELSEWHERE


def messages(*cells: str, **metadata: object) -> list[str]:
    example = Example(cells=cells, metadata={**PYTHON, **metadata})
    notebook = parse_notebook(example.to_bytes(), ELSEWHERE)
    return [d.message for d in lint_notebook(notebook, Lint(select=["NBH006"]))]


def test_the_table_holds_every_magic_of_the_installed_ipython() -> None:
    shell = InteractiveShell()
    known = shell.magics_manager.lsmagic()
    assert set(known["cell"]) - CELL_MAGICS == set()
    assert {*known["line"], *KernelMagics.magics["line"]} - LINE_MAGICS == set()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["%autoreload 2"], "%autoreload comes with %load_ext autoreload, which no cell above"),
        (["%%memit\nsum([1])"], "%%memit comes with %load_ext memory_profiler"),
        (["x = %frobnicate 1"], "IPython knows no %frobnicate"),
        (["if True:\n    %frobnicate"], "IPython knows no %frobnicate"),
        (["%frobnicate 1"], "IPython knows no %frobnicate"),
        (["%%matplotlib inline\n1"], "no %%matplotlib, only a line magic of that name"),
        (["%writefile a.py"], "no %writefile, only a cell magic of that name"),
        (["%autoreload 2", "%load_ext autoreload"], "no cell above loads"),
    ],
)
def test_what_nobody_brings_is_said(cells: list[str], said: str) -> None:
    (message,) = messages(*cells)
    assert said in message


@pytest.mark.parametrize(
    "cells",
    [
        ["%load_ext autoreload\n%autoreload 2"],
        ["%load_ext ours", "%frobnicate"],
        ["%run magics.py", "%frobnicate"],
        ["@register_line_magic\ndef f(line): pass", "%f"],
        ["import ipytest", "%%ipytest\nassert 1"],
        ["%%time\n%matplotlib inline\n%pip list\n!ls"],
        ["%cat a.txt\n%store -r x\n%less a.txt"],
        ["%matplotlib?"],
    ],
)
def test_what_may_be_there_is_not_said(cells: list[str]) -> None:
    assert messages(*cells) == []


def test_platforms_have_magics_of_their_own() -> None:
    assert messages("%%sql\nselect 1", **{"application/vnd.databricks.v1+notebook": {}}) == []
    assert messages("%%shell\nls", colab={}) == []
