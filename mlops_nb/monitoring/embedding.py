"""Embeddings: a column of vectors becomes a few columns of numbers that a profile can hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb import frames

if TYPE_CHECKING:
    import pandas as pd

DIRECTIONS = 8
"""Fixed random directions that vectors are projected on (Johnson and Lindenstrauss 1984)."""
PARTS = ("dimensions", "norm", *(f"direction {i + 1}" for i in range(DIRECTIONS)))
VECTORS = 20_000
"""Vectors that are looked at; all of them in a smaller table."""


def expand(table: Any, columns: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return of each column of vectors its lengths and its projections.

    The directions depend on nothing but the number of dimensions, so that every table of the same
    model is projected alike and profiles merge. A rotation or shift of the cloud of vectors moves
    some of them; a new number of dimensions moves the column of that name.

    Parameters
    ----------
    table : ibis.Table
        The table.
    columns : sequence of str
        Its columns of vectors.

    Returns
    -------
    dict
        Column → numbers of an even sample of its vectors: `norm`, `dimensions` and
        `direction 1` to `direction 8`; missing where a vector is.
    """
    found = {}
    for name in columns:
        column = frames.sample(table, VECTORS, [name])[name]
        found[name] = _projected(column)
    return found


def _projected(column: pd.Series[Any]) -> pd.DataFrame:
    import pandas as pd

    vectors = [None if value is None else np.asarray(value, dtype=float) for value in column]
    sizes = [np.nan if vector is None else float(len(vector)) for vector in vectors]
    rows = {"dimensions": sizes, "norm": [_norm(vector) for vector in vectors]}
    known = sorted({int(size) for size in sizes if size == size and size})
    directions = {size: _directions(size) for size in known}
    projected = np.full((len(vectors), DIRECTIONS), np.nan)
    for i, vector in enumerate(vectors):
        if vector is not None and len(vector):
            projected[i] = directions[len(vector)] @ vector
    columns = {f"direction {i + 1}": projected[:, i] for i in range(DIRECTIONS)}
    return pd.DataFrame(rows | columns)


def _norm(vector: Any) -> float:
    return float("nan") if vector is None else float(np.linalg.norm(vector))


def _directions(size: int) -> Any:
    drawn = np.random.default_rng(size).normal(size=(DIRECTIONS, size))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def source_of(column: str) -> str:
    """Return the column of vectors that a profile's column was made of; else its own name."""
    name, _, part = column.rpartition(".")
    return name if part in PARTS and name else column
