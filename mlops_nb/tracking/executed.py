"""What this kernel has executed, and the part of it that a result depends on."""

from __future__ import annotations

import ast
import json
import sys
from functools import lru_cache
from typing import Any

from mlops_nb import environment
from mlops_nb.dataflow import CellFacts, facts, slice_cells
from mlops_nb.secrets import mask


def interactive_shell() -> Any | None:
    """Return IPython's shell when the code runs in one; IPython is not imported to find out."""
    module: Any = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def current_cell(shell: Any) -> str:
    """Return the source of the cell that is being executed, as the user wrote it."""
    history = _history(shell)
    return history[-1][1] if history else ""


def slice_notebook(shell: Any) -> str:
    """Return a notebook of the executed cells that the last one depends on, in order.

    What was executed counts, not what the file on disk holds: a cell run twice stands twice when
    both runs matter.
    """
    history = _history(shell)
    known = [(count, raw, found) for count, raw, code in history if (found := _facts(code))]
    if not known:
        return _notebook([])
    chosen = slice_cells([found for _, _, found in known], len(known) - 1)
    return _notebook([known[index][:2] for index in chosen])


def _history(shell: Any) -> list[tuple[int, str, str]]:
    """Return execution count, raw source and plain Python of every executed cell."""
    manager = getattr(shell, "history_manager", None)
    if manager is None:
        return []
    pairs = zip(manager.input_hist_raw, manager.input_hist_parsed, strict=False)
    return [(count, raw, code) for count, (raw, code) in enumerate(pairs) if raw.strip()]


@lru_cache(maxsize=2048)
def _facts(code: str) -> CellFacts | None:
    try:
        # A notebook's cell may await at its top level.
        tree = compile(code, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError):
        return None  # it never ran
    return facts(tree) if isinstance(tree, ast.Module) else None


def _notebook(cells: list[tuple[int, str]]) -> str:
    content = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{count}",
                "metadata": {"executed_as": count},
                "outputs": [],
                "source": mask(source).splitlines(keepends=True),
            }
            for count, source in cells
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "version": environment.python_version()},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
