"""Following leaks holds on to nothing."""

from __future__ import annotations

import ast
import gc

from mlops_nb.lint.leaks import find_leaks

_CELL = """
X = StandardScaler().fit_transform(X)
train, test = train_test_split(X)
"""


def test_the_trees_of_a_notebook_wait_for_no_collection_of_garbage() -> None:
    gc.collect()
    gc.disable()
    try:
        assert find_leaks([ast.parse(_CELL)], {})
        assert gc.collect() == 0
    finally:
        gc.enable()
