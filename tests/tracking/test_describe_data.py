from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.tracking import content
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


@pytest.mark.parametrize(
    "values",
    [
        ["a", None, "ccc"],
        pd.array([1, None, 3], dtype="Int64"),
        pd.Categorical(["x", "y", "x"]),
        [1, "two", {"three": 3}],
        pd.to_datetime(["2026-01-01", None, "2026-01-03"], utc=True),
        [True, False, None],
    ],
    ids=["text", "nullable", "categories", "mixed", "times", "truth"],
)
def test_every_kind_of_column(values) -> None:
    frame = pd.DataFrame({"c": values})
    assert _hash(frame) == _hash(frame.copy())
    assert _hash(frame) == _hash(pd.concat([frame.iloc[:1], frame.iloc[1:]]))
    assert len({_hash(frame), _hash(frame.iloc[[1, 0, 2]]), _hash(frame.iloc[:2])}) == 3


def test_the_same_text_cut_otherwise_is_another_table() -> None:
    one, other = pd.DataFrame({"c": ["ab", "c"]}), pd.DataFrame({"c": ["a", "bc"]})
    assert _hash(one) != _hash(other)


def test_arrow_tables_whatever_their_chunks() -> None:
    import pyarrow as pa

    whole = pa.table({"a": [1, None, 3, 4], "t": ["x", "y", None, "z"]})
    chunked = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    assert chunked.column("a").num_chunks == 2
    assert _hash(whole) == _hash(chunked) != _hash(whole.slice(1))
    assert describe(whole, "t")["columns"][1] == {"name": "t", "type": "string"}


def test_large_tables_are_sampled_by_a_rule_that_is_stated(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(content, "HASH_BYTES", 100_000)
    array = np.arange(100_000.0)
    facts = describe(pd.DataFrame({"a": array}), "big")
    assert facts["sampled"]["rule"].startswith("64 evenly spaced blocks of rows")
    assert facts["rows"] == 100_000
    assert facts["sampled"]["hashed"] < 12_500
    for row in (0, 99_999):
        changed = array.copy()
        changed[row] = -1
        assert describe(pd.DataFrame({"a": changed}), "big")["hash"] != facts["hash"]
        assert _hash(changed) != _hash(array)
    file = tmp_path / "big.bin"
    file.write_bytes(bytes(1_000_000))
    before = describe(file, "file")
    assert before["sampled"] is not None
    file.write_bytes(bytes(999_999) + b"x")
    assert describe(file, "file")["hash"] != before["hash"]
    assert describe(np.arange(3), "small")["sampled"] is None


def test_datasets_of_mlflow() -> None:
    class PandasDataset:
        df = pd.DataFrame({"a": [1]})
        source = None

    PandasDataset.__module__ = "mlflow.data.pandas_dataset"
    assert _hash(PandasDataset()) == _hash(PandasDataset.df)


def test_order_of_memory_does_not_count() -> None:
    array = np.arange(400_000.0).reshape(100_000, 4)
    assert _hash(array) == _hash(np.asfortranarray(array)) == _hash(array[::-1][::-1])
    assert _hash(array) != _hash(array.T)
    assert describe(np.array(3.5), "scalar")["rows"] == 1
