"""Notebook files as they are on disk, read without nbformat."""

from __future__ import annotations

from mlops_nb.notebook.model import Cell, Notebook, python_source
from mlops_nb.notebook.read import UnreadableNotebookError, parse_notebook, read_notebook
from mlops_nb.notebook.syntax import Magic, PythonText, is_python, to_python

__all__ = [
    "Cell",
    "Magic",
    "Notebook",
    "PythonText",
    "UnreadableNotebookError",
    "is_python",
    "parse_notebook",
    "python_source",
    "read_notebook",
    "to_python",
]
