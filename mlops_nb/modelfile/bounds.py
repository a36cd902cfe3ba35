"""Check that the nodes of loaded decision trees point inside of their arrays.

scikit-learn follows a node's children and its feature number without looking, so a crafted file
could read foreign memory or never come back (github.com/scikit-learn/scikit-learn/pull/34558).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_nb.errors import MlopsError

# Estimators that check the rows once and then hand them to their trees unseen.
_OWNERS = (
    "sklearn.tree._classes",
    "sklearn.ensemble._forest",
    "sklearn.ensemble._gb",
    "sklearn.ensemble._iforest",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting",
)


def check_trees(estimator: object, where: str) -> None:
    """Refuse an estimator with a tree whose nodes point astray.

    Parameters
    ----------
    estimator : object
        What was loaded; everything reachable from it is looked at.
    where : str
        How to call it in the error.

    Raises
    ------
    MlopsError
        A child lies outside of the tree or before its parent, or a node asks for a feature the
        model does not have.
    """
    for tree, features in _trees(estimator):
        problem = _histogram(tree, features) if hasattr(tree, "nodes") else _plain(tree, features)
        if problem:
            raise MlopsError(
                f"{where}: a decision tree is damaged or forged: {problem}",
                "do not use the file; register the model again from its run",
            )


def _trees(root: object) -> Iterator[tuple[Any, int | None]]:
    """Yield each tree with the number of features its owner checks the rows for."""
    seen: set[int] = set()
    stack: list[tuple[Any, int | None]] = [(root, None)]
    while stack:
        value, limit = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        kind = type(value)
        if kind.__name__ in {"Tree", "TreePredictor"} and kind.__module__.startswith("sklearn."):
            yield value, limit
            continue
        if kind.__module__ in _OWNERS:
            own = getattr(value, "n_features_in_", None)
            limit = min(filter(None, (own, limit)), default=None)
        elif hasattr(value, "get_params"):
            limit = None
        stack.extend((child, limit) for child in _children(value))


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple | set):
        yield from value
    elif getattr(getattr(value, "dtype", None), "kind", "") == "O":
        yield from value.ravel().tolist()
    else:
        yield from getattr(value, "__dict__", {}).values()


def _plain(tree: Any, features: int | None) -> str:
    import numpy as np

    count = tree.node_count
    if count < 1 or count > tree.capacity or tree.value.shape[0] != count:
        return "its number of nodes is wrong"
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    inner = left != -1
    # A child is always written after its parent: anything else could be a circle.
    parents = np.flatnonzero(inner)
    for child in (left[inner], right[inner]):
        if ((child <= parents) | (child >= count)).any():
            return "a child points outside of the tree"
    limit = tree.n_features if features is None else min(features, tree.n_features)
    if ((feature[inner] < 0) | (feature[inner] >= limit)).any():
        return "a node asks for a feature the model does not have"
    return ""


def _histogram(tree: Any, features: int | None) -> str:
    import numpy as np

    nodes = tree.nodes
    inner = nodes["is_leaf"] == 0
    parents = np.flatnonzero(inner)
    if not len(nodes):
        return "it has no node"
    for side in ("left", "right"):
        child = nodes[side][inner].astype(np.int64)
        if ((child <= parents) | (child >= len(nodes))).any():
            return "a child points outside of the tree"
    feature = nodes["feature_idx"][inner].astype(np.int64)
    if (feature < 0).any() or (features is not None and (feature >= features).any()):
        return "a node asks for a feature the model does not have"
    categorical = inner & (nodes["is_categorical"] != 0)
    wanted = nodes["bitset_idx"][categorical].astype(np.int64)
    if (wanted >= len(tree.raw_left_cat_bitsets)).any():
        return "a node asks for a set of categories that is not there"
    return ""
