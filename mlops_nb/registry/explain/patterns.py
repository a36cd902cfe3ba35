"""Rows as a tree sees them: between which of its thresholds, in which of its groups of codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlops_nb.registry.explain.trees import Ensemble, Tree
from mlops_nb.registry.metrics import Array

CATEGORIES = 256
"""Codes that a category may have; one more stands for a missing or an unknown one."""
_WIDEST = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """The columns that trees ask for, in whole numbers.

    Parameters
    ----------
    columns : dict
        Matrix column → for each row the number of thresholds below its value, one more than there
        are when it has none; of a category its code, 256 when missing or unknown.
    edges : dict
        Matrix column → its thresholds in all trees, sorted; empty for a category.
    rows : int
        How many.
    """

    columns: dict[int, Array]
    edges: dict[int, Array]
    rows: int

    @staticmethod
    def edges_of(trees: list[Tree]) -> dict[int, Array]:
        """Return the thresholds of each asked column over all trees."""
        found: dict[int, list[Array]] = {}
        for tree in trees:
            for column in np.unique(tree.column[tree.column >= 0]).tolist():
                asks = [
                    n for n in np.flatnonzero(tree.column == column) if n not in tree.categories
                ]
                found.setdefault(column, []).append(tree.threshold[asks])
        return {column: np.unique(np.concatenate(parts)) for column, parts in found.items()}

    @classmethod
    def of(cls, matrix: Array, edges: dict[int, Array], ensemble: Ensemble) -> Codes:
        """Code the rows of a matrix."""
        columns = {}
        for column, known in edges.items():
            values = np.asarray(matrix[:, column], float)
            if column in ensemble.known:
                columns[column] = _categories(values, ensemble.known[column])
                continue
            if ensemble.single:
                values = values.astype(np.float32).astype(float)
            code = np.searchsorted(known, values, side="left")
            code[np.isnan(values)] = len(known) + 1
            columns[column] = code
        return cls(columns=columns, edges=edges, rows=len(matrix))

    def part(self, rows: slice | Array) -> Codes:
        """Return some of the rows."""
        columns = {column: code[rows] for column, code in self.columns.items()}
        count = len(next(iter(columns.values())))
        return Codes(columns=columns, edges=self.edges, rows=count)


def go_left(tree: Tree, node: int, codes: Codes) -> Array:
    """Tell for each row whether it goes left at a node."""
    column = int(tree.column[node])
    code, edges = codes.columns[column], codes.edges[column]
    if node in tree.categories:
        flags = np.append(tree.categories[node], tree.missing_left[node])
        taken: Array = flags[code]
        return taken
    left: Array = code <= np.searchsorted(edges, tree.threshold[node])
    if tree.missing_left[node]:
        left |= code == len(edges) + 1
    return left


def patterns(tree: Tree, codes: Codes) -> tuple[Codes, Array | None]:
    """Return one row for each way through a tree's questions, and which of them each row is.

    The second is None when the tree asks too much for that to save anything.
    """
    used = np.unique(tree.column[tree.column >= 0]).tolist()
    mine = Codes(columns={c: codes.columns[c] for c in used}, edges=codes.edges, rows=codes.rows)
    key, size = np.zeros(codes.rows, np.int64), 1
    for column in used:
        place, count = _places(tree, column, codes.edges[column])
        if size * count > _WIDEST:
            return mine, None
        key += (place * size)[mine.columns[column]]
        size *= count
    first, pattern = _distinct(key, size)
    return mine.part(first), pattern


def _places(tree: Tree, column: int, edges: Array) -> tuple[Array, int]:
    """Return for each code of a column in which of the tree's intervals or groups it is."""
    nodes = np.flatnonzero(tree.column == column).tolist()
    asks = [n for n in nodes if n in tree.categories]
    if asks:
        flags = np.stack([np.append(tree.categories[n], tree.missing_left[n]) for n in asks])
        _, place = np.unique(flags, axis=1, return_inverse=True)
        place = place.reshape(-1)
        return place.astype(np.int64), int(place.max()) + 1
    cuts = np.unique(np.searchsorted(edges, tree.threshold[nodes]))
    place = np.searchsorted(cuts, np.arange(len(edges) + 2), side="left").astype(np.int64)
    place[-1] = len(cuts) + 1
    return place, len(cuts) + 2


def _distinct(key: Array, size: int) -> tuple[Array, Array]:
    """Return a row of each distinct key, and for each row which of them it has."""
    if size <= 4 * len(key) + 1024:
        row = np.full(size, -1, np.int64)
        row[key] = np.arange(len(key))
        present = np.flatnonzero(row >= 0)
        number = np.zeros(size, np.int64)
        number[present] = np.arange(len(present))
        return row[present], number[key]
    import pandas as pd

    pattern, kept = pd.factorize(key)
    first = np.zeros(len(kept), np.int64)
    first[pattern] = np.arange(len(key))
    return first, pattern


def _categories(values: Array, known: Array) -> Array:
    code = np.full(len(values), CATEGORIES, np.int64)
    usable = (values >= 0) & (values < CATEGORIES)
    code[usable] = values[usable].astype(np.int64)
    seen = np.append(known, False)
    code[~seen[code]] = CATEGORIES
    return code
