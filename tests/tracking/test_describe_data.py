from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.tracking.data import describe


def _hash(table: object) -> str:
    return describe(table, "t")["hash"]


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=20), st.data())
def test_one_changed_cell_changes_the_hash(values: list[int], data: st.DataObject) -> None:
    frame = pd.DataFrame({"a": values, "b": [str(v) for v in values]})
    row = data.draw(st.integers(0, len(values) - 1))
    changed = frame.copy()
    changed.loc[row, "a"] += 1
    assert _hash(frame) == _hash(frame.copy())
    assert _hash(frame) != _hash(changed)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.rename(columns={"a": "z"}),
        lambda f: f.astype({"a": "float64"}),
        lambda f: f.iloc[::-1],
        lambda f: f[["b", "a"]],
        lambda f: f.set_index(pd.Index([5, 6, 7])),
        lambda f: f.iloc[:2],
    ],
    ids=["name", "type", "order", "columns", "index", "rows"],
)
def test_structure_counts(change) -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]})
    assert _hash(change(frame)) != _hash(frame)


def test_values_without_a_hash_of_their_own() -> None:
    assert _hash(pd.DataFrame({"a": [[1], [2]]})) != _hash(pd.DataFrame({"a": [[1], [3]]}))


def test_last_row_of_many_counts() -> None:
    array = np.zeros((200_000, 2))
    before = _hash(array)
    array[-1, -1] = 1
    assert _hash(array) != before


def test_series_multiindex_and_duplicate_columns() -> None:
    assert describe(pd.Series([1, 2], name="y"), "y")["columns"] == [{"name": "y", "type": "int64"}]
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert len(describe(frame, "x")["columns"]) == 2
    many = pd.DataFrame({"v": [1]}, index=pd.MultiIndex.from_tuples([(1, "a")]))
    assert describe(many, "m")["rows"] == 1
