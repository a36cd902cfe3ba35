"""Shapley values of any model, sampled by permutations, with their standard error.

Štrumbelj and Kononenko, *Explaining prediction models* (2014): the columns of a row take the place
of a usual row's one after the other, and each is credited with the step it makes. Each order is
also walked backwards (Mitchell et al., *Sampling permutations*, 2022), which halves the error at
the same cost where columns interact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mlops_nb.registry.metrics import Array

if TYPE_CHECKING:
    import pandas as pd

PERMUTATIONS = 32
"""Walks of each row: 16 orders, forwards and backwards. Even."""


class Sampled:
    """Sampled contributions.

    Parameters
    ----------
    raw : callable
        Rows → scores, shape (n_rows, n_outputs).
    background : DataFrame
        Usual rows; each order starts from one of them, the same for every row that is explained.
    permutations : int, default=32
        Walks of each row; even.
    seed : int, default=0
        Seed of orders and usual rows.

    Attributes
    ----------
    base : array of float, shape (n_outputs,)
        The mean score of the usual rows that the walks start from.
    """

    def __init__(
        self,
        raw: Callable[[pd.DataFrame], Array],
        background: pd.DataFrame,
        *,
        permutations: int = PERMUTATIONS,
        seed: int = 0,
    ) -> None:
        self._raw = raw
        self.permutations = permutations
        random = np.random.default_rng(seed)
        pairs = permutations // 2
        chosen = random.choice(len(background), pairs, replace=len(background) < pairs)
        self._starts = background.iloc[chosen]
        self._orders = [random.permutation(background.shape[1]) for _ in range(pairs)]
        self._scores = raw(self._starts)
        self.base = self._scores.mean(axis=0)

    def values(self, rows: pd.DataFrame) -> tuple[Array, Array]:
        """Return the contributions and their standard errors.

        Returns
        -------
        tuple of array
            Both of shape (n_outputs, n_features, n_rows).
        """
        pairs = len(self._orders)
        mean = np.zeros((len(self.base), rows.shape[1], len(rows)))
        square = np.zeros_like(mean)
        for i, order in enumerate(self._orders):
            both = (self._walk(rows, i, order) + self._walk(rows, i, order[::-1])) / 2
            mean += both / pairs
            square += both**2 / pairs
        spread = np.maximum(square - mean**2, 0) * pairs / max(pairs - 1, 1)
        return mean, np.sqrt(spread / pairs)

    def _walk(self, rows: pd.DataFrame, i: int, order: Array) -> Array:
        import pandas as pd

        columns = list(rows.columns)
        repeated = np.full(len(rows), i)
        current = self._starts.iloc[repeated].set_axis(rows.index, axis=0).copy()
        before = np.repeat(self._scores[i : i + 1], len(rows), axis=0)
        steps = np.zeros((len(self.base), len(columns), len(rows)))
        for place in order:
            name = columns[place]
            current = current.assign(**{name: pd.Series(rows[name])})
            after = self._raw(current[columns])
            steps[:, place] = (after - before).T
            before = after
        return steps
