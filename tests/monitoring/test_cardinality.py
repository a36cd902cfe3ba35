from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb import frames
from mlops_nb.monitoring import profile
from mlops_nb.monitoring.cardinality import ERROR, KEPT, estimate, sketch, sketch_of, union

texts = st.sets(st.text(max_size=5).filter(lambda t: t.isprintable()), max_size=150)


@given(texts, texts, texts)
def test_parts_merge_to_the_whole_in_any_order(
    one: set[str], two: set[str], more: set[str]
) -> None:
    a, b, c = sketch(one), sketch(two), sketch(more)
    assert union(a, b) == union(b, a) == sketch(one | two)
    assert union(union(a, b), c) == union(a, union(b, c)) == sketch(one | two | more)
    assert union(a, a) == union(a, sketch(())) == a


@given(texts)
def test_few_values_are_counted_exactly(values: set[str]) -> None:
    if len(values) < KEPT:
        assert estimate(sketch(values)) == len(values)
    digests = sorted(hashlib.md5(v.encode(), usedforsecurity=False).hexdigest() for v in values)
    assert sketch_of(digests[:KEPT]) == sketch(values)


@pytest.mark.slow
@pytest.mark.parametrize("distinct", [100, 1_000, 20_000])
def test_many_values_are_estimated_within_the_error_that_is_stated(distinct: int) -> None:
    off = [
        estimate(sketch(f"{seed} {i}" for i in range(distinct))) / distinct - 1
        for seed in range(100 if distinct <= 1_000 else 20)
    ]
    assert abs(np.mean(off)) < 4 * ERROR / np.sqrt(len(off))
    assert np.std(off) < 1.3 * ERROR


def test_days_that_share_most_of_their_values_are_not_added_up() -> None:
    names = [f"customer {i}" for i in range(3_000)]
    days = [pd.DataFrame({"who": names[i * 500 : i * 500 + 2_000]}) for i in range(3)]
    reference = profile(days[0])
    merged = reference
    for day in days[1:]:
        merged = merged.merge(profile(day, edges_from=reference))
    found = merged.columns["who"].categories
    assert found is not None
    assert found.distinct == pytest.approx(3_000, rel=3 * ERROR)
    assert found.distinct < merged.rows


def test_the_engine_hashes_as_python_does(monkeypatch: pytest.MonkeyPatch) -> None:
    values = ["ä", "", "b c", None, "ä", *(f"id {i}" for i in range(200))]
    table = frames.open_table(pd.DataFrame({"x": values}))
    counted = sketch(value for value in values if value is not None)
    assert sketch_of(frames.least_hashes(table, "x", KEPT)) == counted
    monkeypatch.setattr("mlops_nb.monitoring.levels.LEVELS", 100)
    found = profile(table).columns["x"].categories
    assert found is not None
    assert (found.distinct, found.sketch) == (203, counted)
