from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlops_nb import frames
from mlops_nb.errors import InputError
from mlops_nb.frames import moments, query, stream


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": [1.0, 2.0, np.nan, np.inf, -np.inf, 3e200, 4.0],
            "whole": range(7),
            "text": ["a", "a", "b", "b", "c", None, "x"],
            "mixed": [1, "x", None, 2.5, b"q", "z", [1]],
            "nothing": [None] * 7,
            "zoned": pd.date_range("2024-01-01", periods=7, tz="Europe/Berlin"),
            "day": pd.date_range("2024-01-01", periods=7),
            "span": pd.to_timedelta(range(7), unit="h"),
            "flag": [True, False, True, False, True, False, True],
            "level": pd.Categorical(list("xyxyxyx")),
        }
    )


def test_kinds_of_columns(table: pd.DataFrame) -> None:
    found = {name: kind for name, (kind, _) in frames.kinds(frames.open_table(table)).items()}
    assert found == {
        "number": "numeric", "whole": "numeric", "text": "categorical", "mixed": "categorical",
        "nothing": "categorical", "zoned": "datetime", "day": "datetime", "span": "numeric",
        "flag": "boolean", "level": "categorical",
    }  # fmt: skip


def test_moments_leave_out_what_is_not_finite(table: pd.DataFrame) -> None:
    summary = frames.summarise(frames.open_table(table), {"number": [0.0, 1.5], "whole": [2.5]})
    moments, counts = summary.moments, summary.counts
    found = moments["number"]
    assert (found.nulls, found.infinite, found.finite) == (1, 3, 3)
    assert (found.minimum, found.maximum) == (1.0, 4.0)
    assert found.variance == pytest.approx(np.var([1.0, 2.0, 4.0]))
    assert moments["text"].nulls == 1
    assert (moments["nothing"].nulls, moments["nothing"].finite) == (7, 0)
    assert counts == {"number": [0, 1, 2], "whole": [3, 4]}
    assert moments["day"].minimum == pd.Timestamp("2024-01-01").timestamp()


def test_what_streams_by_is_what_the_engine_answers() -> None:
    rows = stream.CELLS // 2 + 1_000  # in more than one batch
    random = np.random.default_rng(3)
    number = random.lognormal(0, 2, rows) * 1e6
    number[4::9], number[5::1001], number[6::2003] = np.nan, np.inf, -1e200
    null = np.arange(rows) % 7 == 0  # what lies beneath is no value
    table = frames.open_table(pa.table({"x": pa.array(number, mask=null), "n": range(rows)}))
    usable = number[(np.abs(number) <= frames.FINITE) & ~null]
    edges = {"x": np.quantile(usable, [0, 0.3, 0.8]).tolist()}
    edges["n"] = [10.0, rows - 0.5]
    found = frames.summarise(table, edges, drawn=["x"], size=5_000)
    x, asked = found.moments["x"], moments._asked(table, edges, {})
    assert found.counts == asked.counts
    assert (x.finite, x.minimum) == (len(usable), usable.min())
    for name, of in asked.moments.items():
        for key in ("nulls", "infinite", "finite", *moments.FIGURES):
            assert getattr(found.moments[name], key) == pytest.approx(getattr(of, key), rel=1e-12)
    assert frames.extremes(table, ["x", "n"]) == {"x": (x.minimum, x.maximum), "n": (0, rows - 1)}
    sampled = frames.sample_numbers(table, 5_000, ["x"], rows)["x"]
    np.testing.assert_array_equal(found.drawn["x"], sampled)


def test_a_column_of_mixed_types_is_read_as_text(table: pd.DataFrame) -> None:
    found = dict(frames.value_counts(frames.open_table(table), "mixed", limit=10))
    assert found == dict.fromkeys(["1", "x", "2.5", "b'q'", "z", "[1]"], 1)


def test_value_counts_are_in_a_fixed_order_and_limited(table: pd.DataFrame) -> None:
    opened = frames.open_table(table)
    assert frames.value_counts(opened, "text", limit=3) == [("a", 2), ("b", 2), ("c", 1)]
    assert frames.distinct(opened, "text") == 4


def test_a_sample_is_always_the_same_and_evenly_spread() -> None:
    table = frames.open_table(pd.DataFrame({"row": np.arange(100_000)}))
    one, two = frames.sample(table, 5_000), frames.sample(table, 5_000)
    assert one.equals(two)
    assert len(one) == pytest.approx(5_000, rel=0.05)
    assert one["row"].mean() == pytest.approx(50_000, rel=0.02)
    # Not in step with anything periodic in the data.
    assert (one["row"] % 24).value_counts(normalize=True).max() < 0.06


def test_one_thread_reads_a_sample_and_the_others_come_back() -> None:
    table = frames.open_table(pd.DataFrame({"row": np.arange(1_000)}))
    engine = table.get_backend()

    def threads() -> int:
        return int(engine.con.sql("SELECT current_setting('threads')").fetchall()[0][0])

    engine.con.execute("SET threads = 3")
    with query.one_thread(table):
        assert threads() == 1
    frames.sample(table, 100)
    frames.extremes(table, ["row"])
    with pytest.raises(InputError):
        frames.sample(table.mutate(row=table.row.cast("string").cast("date")), 100)
    assert threads() == 3


def test_a_small_table_is_sampled_whole(table: pd.DataFrame) -> None:
    assert len(frames.sample(frames.open_table(table), 7)) == 7


@pytest.mark.parametrize("ending", ["parquet", "csv", "csv.gz"])
def test_files_of_every_kind(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"day-1.{ending}"
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    frame.to_parquet(path) if ending == "parquet" else frame.to_csv(path, index=False)
    for source in (path, str(path), str(tmp_path / "day-*") + f".{ending}"):
        assert frames.rows(frames.open_table(source)) == 2


def test_arrow_and_ibis_tables() -> None:
    opened = frames.open_table(pa.table({"a": [1, 2, 3]}))
    assert frames.open_table(opened) is opened
    assert frames.to_pandas(opened)["a"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("missing.parquet", "there is no file"),
        ("missing-*.csv", "there is no file"),
        ([1, 2], "is no table"),
        (pd.DataFrame({"a": []}), "has no row"),
        (pd.DataFrame(), "has no column"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns are called 'a'"),
    ],
)
def test_bad_sources_are_named(source: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        frames.open_table(source)


def test_broken_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    path.write_text("hello")
    with pytest.raises(InputError, match=r"cannot read .*broken\.parquet"):
        frames.open_table(path)
    other = tmp_path / "page.html"
    other.write_text("hello")
    with pytest.raises(InputError, match="neither Parquet nor CSV"):
        frames.open_table(other)


def test_reading_a_file_names_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("one,two\n1,2\n")
    assert frames.read_table(path, required=["one"])["two"].tolist() == [2]
    with pytest.raises(InputError, match="has no column 'onn'"):
        frames.read_table(path, required=["onn"])
