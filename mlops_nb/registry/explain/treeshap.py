"""Exact Shapley values of tree ensembles, for all rows of a batch at once.

The game is that of TreeSHAP (Lundberg et al., *From local explanations to global understanding*,
2020, "path dependent"): a column that a coalition does not know sends a row down both ways, by the
share of training rows that went there. A player here is a column as the user knows it, so the
several matrix columns that a category was spread over join and leave together.

A Shapley value is the integral over t of the gain from knowing a column while each other one is
known with chance t (Owen, *Multilinear extensions of games*, 1972). For one leaf the integrand is
a product with one linear factor for each player on its path, hence a polynomial, which Gauss and
Legendre integrate exactly with half as many points as it has factors. The products are kept while
the tree is walked down and summed while it is walked up, as in Linear TreeShap (Yu et al., 2022).

Two rows that fall between the same thresholds of a tree get the same answer from it, so each tree
is walked once for each distinct pattern, not for each row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlops_nb.registry.explain.patterns import Codes, go_left, patterns
from mlops_nb.registry.explain.trees import Ensemble, Tree
from mlops_nb.registry.metrics import Array

_BLOCK = 16_384
"""Numbers that an array holds while a tree is walked: they stay in the cache."""


class TreeShap:
    """Shapley values of an ensemble.

    Parameters
    ----------
    ensemble : Ensemble
        The trees.
    owners : array of int, shape (n_matrix_columns,)
        The player that each matrix column belongs to.
    players : int
        Their number.

    Attributes
    ----------
    base : array of float, shape (n_outputs,)
        What the ensemble answers when nothing is known.
    """

    def __init__(self, ensemble: Ensemble, owners: Array, players: int) -> None:
        self._ensemble = ensemble
        self._players = players
        self._walks = [_Walk.of(tree, owners) for tree in ensemble.trees if tree.column[0] >= 0]
        self._edges = Codes.edges_of([walk.tree for walk in self._walks])
        self.base = ensemble.offset + sum(
            (_expected(tree, 0) for tree in ensemble.trees), np.zeros(len(ensemble.offset))
        )

    def values(self, matrix: Array) -> Array:
        """Return the contributions to each output.

        Parameters
        ----------
        matrix : array of float, shape (n_rows, n_matrix_columns)
            What the trees are asked with.

        Returns
        -------
        array of float, shape (n_outputs, n_players, n_rows)
        """
        found = np.zeros((len(self._ensemble.offset), self._players, len(matrix)))
        if not len(matrix):
            return found
        codes = Codes.of(matrix, self._edges, self._ensemble)
        for walk in self._walks:
            distinct, pattern = patterns(walk.tree, codes)
            for player, told in walk.told(distinct).items():
                for i, output in enumerate(walk.outputs):
                    found[output, player] += told[i] if pattern is None else told[i][pattern]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """A tree, made ready to be walked."""

    tree: Tree
    player: Array  # of each node
    share: Array  # of the parent's training rows that came to each node
    outputs: Array  # those that the tree says something of
    points: Array  # of the integration, strictly between 0 and 1
    weights: Array

    @classmethod
    def of(cls, tree: Tree, owners: Array) -> _Walk:
        player = np.where(tree.column < 0, -1, owners[tree.column])
        share = np.ones(len(tree.column))
        inner = np.flatnonzero(tree.column >= 0)
        for side in (tree.left, tree.right):
            children = side[inner]
            share[children] = tree.cover[children] / np.maximum(tree.cover[inner], 1e-300)
        longest = _longest(tree, player)
        points, weights = np.polynomial.legendre.leggauss(max(1, (longest + 1) // 2))
        return cls(
            tree=tree,
            player=player,
            share=share,
            outputs=np.flatnonzero(np.any(tree.value != 0, axis=0)),
            points=(points + 1) / 2,
            weights=weights / 2,
        )

    def told(self, codes: Codes) -> dict[int, Array]:
        """Return, for each player in the tree, an array of shape (n_told_outputs, n_patterns)."""
        players = np.unique(self.player[self.player >= 0]).tolist()
        answer = {p: np.zeros((len(self.outputs), codes.rows)) for p in players}
        block = max(64, _BLOCK // len(self.points))
        for start in range(0, codes.rows, block):
            part = codes.part(slice(start, start + block))
            here = {p: told[:, start : start + block] for p, told in answer.items()}
            _Descent(walk=self, codes=part, answer=here).run()
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Descent:
    """One walk down and up for a block of patterns.

    The state of a player on the path is the share z of training rows that passed all of its
    questions so far, and for each pattern whether it passed them, o; its factor at a point t is
    z (1 − t) + o t. Going from parent to child, o has three courses: never passed (0), no longer
    passes (1), passes still (2). What depends on the course is computed once for each of them.
    """

    walk: _Walk
    codes: Codes
    answer: dict[int, Array]

    def run(self) -> None:
        ones = np.ones((self.codes.rows, len(self.walk.points)))
        self._down(0, ones, {})

    def _down(
        self, node: int, product: Array, state: dict[int, tuple[float, Array]]
    ) -> list[Array]:
        """Return, for each output, the products of the leaves below a node, summed."""
        tree = self.walk.tree
        if tree.column[node] < 0:
            return [product * tree.value[node, output] for output in self.walk.outputs]
        left = go_left(tree, node, self.codes)
        below: list[Array] = []
        for child, passes in ((tree.left[node], left), (tree.right[node], ~left)):
            found = self._edge(node, int(child), passes, product, state)
            below = found if not below else [a + b for a, b in zip(below, found, strict=True)]
        return below

    def _edge(
        self,
        node: int,
        child: int,
        passes: Array,
        product: Array,
        state: dict[int, tuple[float, Array]],
    ) -> list[Array]:
        player = int(self.walk.player[node])
        before, passed = state.get(player, (1.0, None))
        after = before * self.walk.share[child]
        if passed is None:
            still, course = passes, passes.astype(np.intp) + 1
        else:
            still = passed & passes
            course = passed.astype(np.intp) + still
        ratios, gains = self._courses(before, after)
        grown = np.take(ratios, course, axis=0, mode="clip")
        np.multiply(grown, product, out=grown)
        below = self._down(child, grown, {**state, player: (after, still)})
        places = np.arange(len(course)) * 3 + course
        told = self.answer[player]
        for i, sums in enumerate(below):
            told[i] += np.take((sums @ gains.T).reshape(-1), places, mode="clip")
        return below

    def _courses(self, before: float, after: float) -> tuple[Array, Array]:
        """Return by course and point: the new factor over the old, and the weighted gain.

        The gain is (o − z) / factor of the child's state less that of the parent's: what an
        earlier question of the same player claimed of these leaves is taken back.
        """
        t, weights = self.walk.points, self.walk.weights
        missed = -1 / (1 - t)
        held, holds = before * (1 - t) + t, after * (1 - t) + t
        had = (1 - before) / held
        ratios = np.stack(
            [
                np.full_like(t, after / before if before else 0.0),
                after * (1 - t) / held,
                holds / held,
            ]
        )
        gains = np.stack([np.zeros_like(t), missed - had, (1 - after) / holds - had])
        return ratios, gains * weights


def _longest(tree: Tree, player: Array) -> int:
    """Return the largest number of different players on the way to a leaf."""
    longest, waiting = 0, [(0, frozenset[int]())]
    while waiting:
        node, met = waiting.pop()
        if tree.column[node] < 0:
            longest = max(longest, len(met))
            continue
        met |= {int(player[node])}
        waiting += [(int(tree.left[node]), met), (int(tree.right[node]), met)]
    return longest


def _expected(tree: Tree, root: int) -> Array:
    """Return what a tree answers on average over its training rows."""
    reach = np.zeros(len(tree.column))
    reach[root] = 1.0
    waiting: Sequence[int] = [root]
    while waiting:
        inner = [node for node in waiting if tree.column[node] >= 0]
        waiting = []
        for node in inner:
            for child in (int(tree.left[node]), int(tree.right[node])):
                reach[child] = reach[node] * tree.cover[child] / max(tree.cover[node], 1e-300)
                waiting.append(child)
    leaves = tree.column < 0
    answer: Array = reach[leaves] @ tree.value[leaves]
    return answer
