"""What a notebook imports."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from mlops_nb.notebook import Notebook, to_python


def imported(notebook: Notebook) -> set[str]:
    """Return the first parts of all that a notebook's code cells import, anywhere in them."""
    return {name.partition(".")[0] for name in _names(notebook)}


def _names(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.kind != "code":
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(to_python(cell.source).text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # the linter says so
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module
