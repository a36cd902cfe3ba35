"""The trees of scikit-learn's estimators, as arrays that :mod:`treeshap` walks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlops_nb.registry.metrics import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One decision tree.

    Parameters
    ----------
    column : array of int, shape (n_nodes,)
        The matrix column a node asks for; negative in leaves.
    threshold : array of float, shape (n_nodes,)
        A row goes left when its value is at most this.
    left, right : array of int, shape (n_nodes,)
        The children.
    missing_left : array of bool, shape (n_nodes,)
        Whether a row without a value goes left.
    cover : array of float, shape (n_nodes,)
        Training weight that came by.
    value : array of float, shape (n_nodes, n_outputs)
        What a leaf answers.
    categories : dict
        Node → the codes (array of bool, shape (256,)) that go left, where it asks for a category.
    """

    column: Array
    threshold: Array
    left: Array
    right: Array
    missing_left: Array
    cover: Array
    value: Array
    categories: dict[int, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """Trees whose answers are added up.

    Parameters
    ----------
    trees : list of Tree
        With their weights in their values.
    offset : array of float, shape (n_outputs,)
        What is added to their sum.
    known : dict
        Categorical matrix column → codes (array of bool, shape (256,)) that were seen in training.
    single : bool
        Whether the estimator itself looks at its values in single precision.
    """

    trees: list[Tree]
    offset: Array
    known: dict[int, Array]
    single: bool


def ensemble_of(estimator: Any) -> Ensemble | None:
    """Return the trees of a scikit-learn estimator, None when it is not made of trees alone."""
    kind = type(estimator).__name__
    if kind.startswith(("RandomForest", "ExtraTrees")) and hasattr(estimator, "estimators_"):
        members = estimator.estimators_
        return _averaged([member.tree_ for member in members], estimator)
    if kind in _SINGLE and hasattr(estimator, "tree_"):
        return _averaged([estimator.tree_], estimator)
    if kind in {"GradientBoostingClassifier", "GradientBoostingRegressor"}:
        return _boosted(estimator)
    if kind in {"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"}:
        return _histogram(estimator)
    return None


_SINGLE = {
    "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor",
}  # fmt: skip


def _averaged(found: list[Any], estimator: Any) -> Ensemble | None:
    if getattr(estimator, "n_outputs_", 1) != 1:
        return None
    is_classifier = hasattr(estimator, "classes_")
    trees = []
    for tree in found:
        value = tree.value[:, 0, :]
        if is_classifier:
            value = value / np.maximum(value.sum(axis=1, keepdims=True), 1e-300)
            value = value[:, 1:] if value.shape[1] == 2 else value
        trees.append(_plain(tree, value / len(found)))
    width = trees[0].value.shape[1]
    return Ensemble(trees=trees, offset=np.zeros(width), known={}, single=True)


def _boosted(estimator: Any) -> Ensemble:
    members = estimator.estimators_
    width = members.shape[1]
    trees = [
        _plain(member.tree_, _in_place(member.tree_.value[:, 0, 0], i, width, estimator))
        for row in members
        for i, member in enumerate(row)
    ]
    start = np.zeros((1, estimator.n_features_in_))
    # A start that depends on the row does not add up; whoever explains checks that it does.
    offset = np.asarray(estimator._raw_predict_init(start.astype(np.float32)), float)[0]
    return Ensemble(trees=trees, offset=offset, known={}, single=True)


def _in_place(value: Array, i: int, width: int, estimator: Any) -> Array:
    placed = np.zeros((len(value), width))
    placed[:, i] = value * estimator.learning_rate
    return placed


def _plain(tree: Any, value: Array) -> Tree:
    return Tree(
        column=np.where(tree.children_left < 0, -1, tree.feature),
        threshold=tree.threshold,
        left=tree.children_left,
        right=tree.children_right,
        missing_left=np.asarray(tree.missing_go_to_left, bool),
        cover=tree.weighted_n_node_samples,
        value=np.asarray(value, float),
    )


def _histogram(estimator: Any) -> Ensemble:
    predictors = estimator._predictors
    width = len(predictors[0]) if predictors else 1
    trees = []
    for row in predictors:
        for i, predictor in enumerate(row):
            nodes = predictor.nodes
            value = np.zeros((len(nodes), width))
            value[:, i] = nodes["value"]
            asks = np.flatnonzero(nodes["is_categorical"] & ~nodes["is_leaf"].astype(bool))
            bits = predictor.raw_left_cat_bitsets
            trees.append(
                Tree(
                    column=np.where(nodes["is_leaf"], -1, nodes["feature_idx"]),
                    threshold=nodes["num_threshold"],
                    left=nodes["left"].astype(int),
                    right=nodes["right"].astype(int),
                    missing_left=nodes["missing_go_to_left"].astype(bool),
                    cover=nodes["count"].astype(float),
                    value=value,
                    categories={int(n): _codes(bits[nodes["bitset_idx"][n]]) for n in asks},
                )
            )
    offset = np.asarray(estimator._baseline_prediction, float).reshape(-1)
    return Ensemble(trees=trees, offset=offset, known=_known(estimator), single=False)


def _known(estimator: Any) -> dict[int, Array]:
    bitsets, places = estimator._bin_mapper.make_known_categories_bitsets()
    flags = estimator._bin_mapper.is_categorical_
    if flags is None:
        return {}
    return {int(c): _codes(bitsets[places[c]]) for c in np.flatnonzero(flags)}


def _codes(bits: Array) -> Array:
    """Return eight words of 32 bits as 256 flags."""
    return np.unpackbits(np.ascontiguousarray(bits, "<u4").view(np.uint8), bitorder="little") > 0
