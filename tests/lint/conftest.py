"""Small notebooks for the linter's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.lint.engine import lint_notebook
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Diagnostic
from mlops_nb.notebook import parse_notebook

# Not in this repository, whose requirements would hold for it.
ELSEWHERE = Path("elsewhere", "n.ipynb")
Lint = Callable[..., list[Diagnostic]]


@pytest.fixture(scope="session")
def lint() -> Lint:
    """Lint cells, or an example with other metadata; the findings."""

    def run(*cells: Any, **more: Any) -> list[Diagnostic]:
        example = Example(cells=cells, **more)
        return lint_notebook(parse_notebook(example.to_bytes(), ELSEWHERE), job=example.job)

    return run
