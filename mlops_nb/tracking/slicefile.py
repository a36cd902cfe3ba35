"""``slice.ipynb``: the cells that a run depends on, and what else it needs, as one notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_nb import environment
from mlops_nb.notebook import read_notebook
from mlops_nb.secrets import mask

PATH = "mlops/slice.ipynb"
"""Where it stands among a run's artifacts."""


@dataclass(frozen=True, slots=True)
class SliceCell:
    """A cell of a slice.

    Parameters
    ----------
    source : str
        Its text.
    count : int
        The execution count it had.
    cell_id : str, optional
        The id of the cell in the notebook it was run from.
    """

    source: str
    count: int
    cell_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A slice as it was kept.

    Parameters
    ----------
    cells : tuple of SliceCell
        In the order in which they ran; the last one made the run.
    surroundings : mapping
        ``folder`` (where the kernel was started), ``files`` and ``modules`` (path, bytes, hash,
        changed), ``unseeded`` (libraries), ``hosts``, ``commands``.
    """

    cells: tuple[SliceCell, ...]
    surroundings: Mapping[str, Any]


def write_slice(cells: Sequence[SliceCell], surroundings: Mapping[str, Any]) -> str:
    """Return the text of the notebook; credentials in it are masked."""
    content = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{position}-{cell.count}",
                "metadata": {"executed_as": cell.count, "cell_id": cell.cell_id},
                "outputs": [],
                "source": mask(cell.source).splitlines(keepends=True),
            }
            for position, cell in enumerate(cells)
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "version": environment.python_version()},
            "mlops": dict(surroundings),
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_slice(path: Path) -> Slice:
    """Read a slice back.

    Raises
    ------
    InputError
        The file cannot be read.
    UnreadableNotebookError
        It is no notebook.
    """
    book = read_notebook(path)
    cells = [
        SliceCell(c.source, int(c.metadata.get("executed_as") or 0), c.metadata.get("cell_id"))
        for c in book.code_cells
    ]
    surroundings = book.metadata.get("mlops")
    return Slice(
        cells=tuple(cells),
        surroundings=surroundings if isinstance(surroundings, dict) else {},
    )
