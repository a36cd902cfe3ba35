"""The trees of LightGBM and XGBoost, read from their own descriptions.

Both have TreeSHAP built in, and :mod:`native` asks for it; walked as :mod:`treeshap` does, the
same trees give the same values many times as fast. What is not understood here (categories of
LightGBM's own, zeros that stand for missing values, dart, linear leaves) answers None or does not
add up, and is then left to the library itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from mlops_nb.registry.explain.trees import Ensemble, Tree

_Node = Mapping[str, Any]


def lightgbm_trees(booster: Any) -> Ensemble | None:
    """Return the trees of a LightGBM booster, None where they ask what no threshold says."""
    found = booster.dump_model()
    width = int(found.get("num_tree_per_iteration", 1))
    best = booster.best_iteration * width if booster.best_iteration > 0 else None
    trees = []
    for i, info in enumerate(found["tree_info"][:best]):
        nodes = list(_walk(info["tree_structure"], ("left_child", "right_child")))
        asks = [node for node, _, _ in nodes if "split_feature" in node]
        if any(n["decision_type"] != "<=" or n["missing_type"] == "Zero" for n in asks):
            return None
        trees.append(_tree(nodes, _of_lightgbm, i % width, width))
    return Ensemble(trees=trees, offset=np.zeros(width), known={}, single=False)


def _of_lightgbm(node: _Node) -> tuple[int, float, bool, float, float]:
    if "split_feature" not in node:
        cover = float(node.get("leaf_count", 1) or 1)
        return -1, 0.0, False, cover, float(node["leaf_value"])
    threshold = float(node["threshold"])
    # Without missing values in training, a missing one counts as zero.
    missing_left = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0
    cover = float(node["internal_count"])
    return int(node["split_feature"]), threshold, bool(missing_left), cover, 0.0


def xgboost_trees(booster: Any, width: int, until: int | None) -> Ensemble | None:
    """Return the trees of an XGBoost booster without its base score, None for categories.

    Parameters
    ----------
    booster : Booster
        XGBoost's own.
    width : int
        Trees of one round: the number of outputs.
    until : int, optional
        Rounds that count; all of them when left out.
    """
    names = {name: i for i, name in enumerate(booster.feature_names or ())}
    texts = booster.get_dump(dump_format="json", with_stats=True)
    trees = []
    for i, text in enumerate(texts[: None if until is None else until * width]):
        nodes = list(_walk(json.loads(text), ("yes", "no")))
        if any(isinstance(node.get("split_condition"), list) for node, _, _ in nodes):
            return None

        def read(node: _Node) -> tuple[int, float, bool, float, float]:
            if "split" not in node:
                return -1, 0.0, False, float(node["cover"]), float(node["leaf"])
            name = str(node["split"])
            column = names[name] if name in names else int(name.removeprefix("f"))
            # It asks whether a value is less, we whether it is at most: the single before.
            below = np.nextafter(np.float32(node["split_condition"]), np.float32(-np.inf))
            missing_left = node["missing"] == node["yes"]
            return column, float(below), missing_left, float(node["cover"]), 0.0

        trees.append(_tree(nodes, read, i % width, width))
    return Ensemble(trees=trees, offset=np.zeros(width), known={}, single=True)


def _walk(root: _Node, sides: tuple[str, str]) -> Iterator[tuple[_Node, int, int]]:
    """Yield each node with the places of its children in this very order, 0 in leaves."""
    order: list[_Node] = [root]
    for node in order:
        children = _children(node, sides)
        yield node, len(order) if children else 0, len(order) + 1 if children else 0
        order.extend(children)


def _children(node: _Node, sides: tuple[str, str]) -> list[_Node]:
    if "children" in node:
        by_id = {child["nodeid"]: child for child in node["children"]}
        return [by_id[node[side]] for side in sides]
    return [node[side] for side in sides] if sides[0] in node else []


def _tree(
    nodes: list[tuple[_Node, int, int]],
    read: Callable[[_Node], tuple[int, float, bool, float, float]],
    output: int,
    width: int,
) -> Tree:
    column, threshold, missing_left, cover, answer = zip(
        *(read(n) for n, _, _ in nodes), strict=True
    )
    value = np.zeros((len(nodes), width))
    value[:, output] = answer
    return Tree(
        column=np.array(column),
        threshold=np.array(threshold),
        left=np.array([left for _, left, _ in nodes]),
        right=np.array([right for _, _, right in nodes]),
        missing_left=np.array(missing_left),
        cover=np.array(cover),
        value=value,
    )
