from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy import stats

from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.monitoring import Profile, profile
from mlops_nb.monitoring.bins import choose_edges
from mlops_nb.monitoring.parts import Categories
from mlops_nb.monitoring.statistics import wasserstein


def _table(rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "normal": rng.normal(1e6, 3, rows),
        "skewed": rng.gamma(0.5, 1e-7, rows),
        "zeros": np.where(rng.random(rows) < 0.7, 0, rng.exponential(5, rows)),
        "whole": rng.poisson(4, rows),
        "wide": rng.integers(-(10**12), 10**12, rows),
        "level": rng.choice(["a", "b", "c"], rows),
        "names": [f"a person called {i} with a long name" for i in rng.zipf(1.3, rows) % 5000],
        "id": [f"{i:08x}" for i in range(rows)],
        "when": pd.to_datetime(1.7e9 + rng.integers(0, 10**6, rows), unit="s"),
        "flag": rng.random(rows) < 0.2,
        "nothing": [None] * rows,
        "constant": 5.0,
    })  # fmt: skip


def test_every_column_stays_below_2_kb_whatever_the_rows() -> None:
    for rows in (50, 20_000):
        for name, column in profile(_table(rows)).to_dict()["columns"].items():
            size = len(json.dumps(column, separators=(",", ":"), ensure_ascii=False).encode())
            assert size <= 2_000, name


def test_json_round_trip(tmp_path: Path) -> None:
    made = profile(_table(2_000))
    path = tmp_path / "p.json"
    path.write_text(made.to_json(), encoding="utf-8")
    assert Profile.read(path) == made


@pytest.mark.slow
def test_moments_are_numpys() -> None:
    table = _table(5_000)
    for name in ("normal", "skewed", "zeros", "whole"):
        found = profile(table).columns[name].numbers
        assert found is not None
        assert found.mean == pytest.approx(table[name].mean())
        assert found.sd == pytest.approx(table[name].std(ddof=0))
        assert found.count == len(table)


values = st.lists(
    st.one_of(st.none(), st.floats(-100, 100, width=32), st.sampled_from([0.0, 1.0, np.inf])),
    min_size=1,
    max_size=40,
)


@pytest.mark.slow
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(values, values, st.lists(st.sampled_from("abcd"), min_size=80, max_size=80))
def test_merged_parts_are_the_profile_of_the_whole(
    one: list[float | None], two: list[float | None], letters: list[str]
) -> None:
    parts = [
        pd.DataFrame({"x": pd.array(x, dtype="Float64"), "c": letters[: len(x)]})
        for x in (one, two)
    ]
    reference = profile(_reference())
    left, right = (profile(part, edges_from=reference) for part in parts)
    whole = profile(pd.concat(parts, ignore_index=True), edges_from=reference)
    merged = left.merge(right)
    assert merged.rows == whole.rows
    a, b = merged.columns["x"], whole.columns["x"]
    assert (a.nulls, a.infinite, a.kind) == (b.nulls, b.infinite, b.kind)
    assert a.numbers is not None
    assert b.numbers is not None
    assert a.numbers.counts == b.numbers.counts
    assert (a.numbers.minimum, a.numbers.maximum) == (b.numbers.minimum, b.numbers.maximum)
    if b.numbers.mean is not None:
        assert a.numbers.mean == pytest.approx(b.numbers.mean, abs=1e-9)
        assert a.numbers.squares == pytest.approx(b.numbers.squares, abs=1e-6, rel=1e-9)
    for left_mean, right_mean in zip(a.numbers.means, b.numbers.means, strict=True):
        assert (left_mean is None) == (right_mean is None)
        assert left_mean is None or left_mean == pytest.approx(right_mean, rel=1e-3, abs=1e-3)
    c, d = merged.columns["c"].categories, whole.columns["c"].categories
    assert c is not None
    assert d is not None
    assert (c.counts, c.other) == (d.counts, d.other)
    assert (c.distinct, c.sketch) == (d.distinct, d.sketch)


def _reference() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"x": rng.normal(0, 30, 500), "c": rng.choice(list("abc"), 500)})


def test_profiles_on_other_bins_do_not_merge() -> None:
    with pytest.raises(InputError, match="different bins"):
        profile(_table(100, 1)[["normal"]]).merge(profile(_table(100, 2)[["normal"]]))
    with pytest.raises(InputError, match="different columns"):
        profile(_table(100)[["normal"]]).merge(profile(_table(100)[["whole"]]))


@given(
    st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=1, max_size=200).map(np.array)
)
def test_edges_ascend_and_hold_all_values(x: np.ndarray) -> None:
    edges = choose_edges(x, float(x.min()), float(x.max()))
    assert list(edges) == sorted(set(edges))
    assert edges[0] <= x.min()
    assert edges[-1] >= x.max()
    assert len(edges) <= 63


def test_few_values_and_heavy_values_have_bins_of_their_own() -> None:
    table = _table(5_000)
    whole = profile(table).columns["whole"].numbers
    assert whole is not None
    assert [c for c in whole.counts if c] == table["whole"].value_counts().sort_index().tolist()
    zeros = profile(table).columns["zeros"].numbers
    assert zeros is not None
    assert (table["zeros"] == 0).sum() in zeros.counts


def test_wasserstein_from_bins_is_close_to_exact() -> None:
    rng = np.random.default_rng(0)
    for draw in (
        lambda d: rng.normal(d, 1, 20_000),
        lambda d: rng.gamma(2 + d, 1, 20_000),
        lambda d: rng.poisson(40 + 10 * d, 20_000).astype(float),
        lambda d: rng.lognormal(d, 1, 20_000),
    ):
        one, two = draw(0.0), draw(0.3)
        before = profile(pd.DataFrame({"x": one}))
        now = profile(pd.DataFrame({"x": two}), edges_from=before)
        a, b = before.columns["x"].numbers, now.columns["x"].numbers
        assert a is not None
        assert b is not None
        places = [[m if m is not None else 0.0 for m in n.means] for n in (a, b)]
        found = wasserstein(np.array(a.counts, float), np.array(b.counts, float), *places)
        assert found == pytest.approx(stats.wasserstein_distance(one, two), rel=0.05)


def test_a_test_holds_apart_what_the_rows_left_out_tell_to_be_frequent() -> None:
    some = Categories(
        distinct=9, counts={"a": 60, "b": 9}, other=31, picked={"a": 12, "b": 4}, picked_other=5
    )
    assert (some.rows, some.apart, some.rare) == (100, ("a",), ("b",))
    assert some.bins(some.apart) == [60, 40]
    assert some.left_out(some.apart) == [12, 9]
    whole = Categories(distinct=2, counts={"a": 60, "b": 9})
    assert (whole.apart, whole.rare) == (("a", "b"), ())
    assert whole.left_out(whole.apart) == [0, 0, 0]


def test_rare_values_are_not_named() -> None:
    table = pd.DataFrame({"name": ["common"] * 50 + ["Ada"] * 2 + ["Bob"]})
    assert "Ada" not in profile(table).to_json()


def test_identifiers_are_not_kept() -> None:
    column = profile(_table(3_000)).columns["id"].categories
    assert column is not None
    assert column.counts == {}
    assert (column.other, column.distinct) == (3_000, 3_000)


def test_unknown_columns_and_damaged_profiles_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no column 'whol'"):
        profile(_table(10), columns=["whol"])
    with pytest.raises(InputError, match="no profile of a version"):
        Profile.from_dict({"schema": 99})
    with pytest.raises(InputError, match="damaged"):
        Profile.from_dict({"schema": 1, "rows": 3, "columns": {"a": {"kind": "numeric"}}})
    path = tmp_path / "p.json"
    path.write_text("{")
    with pytest.raises(InputError, match="cannot read"):
        Profile.read(path)
    with pytest.raises(InputError, match="there is no file"):
        Profile.read(tmp_path / "q.json")
