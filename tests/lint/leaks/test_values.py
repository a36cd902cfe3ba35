"""Rows as paths: which sets of them share a row, which certainly do not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.lint.leaks.values import (
    END,
    NOTHING,
    RANGE,
    Mark,
    Part,
    Rows,
    Value,
    combined,
    disjoint,
    joined,
    of_columns,
    overlap,
    taken,
    within,
    without_columns,
)

TABLE: Rows = frozenset({("table",)})
SPLITS = st.builds(Part, st.sampled_from("ab"), st.sampled_from(["train", "test"]))
PATHS = st.builds(
    lambda root, parts: (root, *parts), st.sampled_from("xy"), st.lists(SPLITS, max_size=3)
)
ROWS = st.frozensets(PATHS, min_size=1, max_size=3)


def mark(rows: Rows = TABLE) -> Mark:
    return Mark("fitted", "mean()", object(), 0, rows)  # type: ignore[arg-type]


@given(ROWS, ROWS)
def test_sets_of_rows_share_some_or_they_do_not(one: Rows, other: Rows) -> None:
    assert disjoint(one, other) is not overlap(one, other)
    assert disjoint(one, other) is disjoint(other, one)


@given(ROWS, SPLITS)
def test_a_part_is_within_its_whole_and_apart_from_the_other_side(rows: Rows, part: Part) -> None:
    split = Part("new", part.side)
    here = taken(Value(rows=rows), split).rows
    there = taken(Value(rows=rows), Part("new", "other")).rows
    assert within(here, rows)
    assert not within(rows, here)
    assert all(any(disjoint({a}, {b}) for b in there) for a in here)  # type: ignore[arg-type]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_ranges_of_numbers_are_compared_as_numbers(a: int, b: int, c: int, d: int) -> None:
    one, other = (min(a, b), max(a, b) + 1), (min(c, d), max(c, d) + 1)
    rows = [taken(Value(rows=TABLE), Part((RANGE, TABLE), side)).rows for side in (one, other)]
    shared = set(range(*one)) & set(range(*other))
    assert overlap(*rows) is bool(shared)


def test_ranges_of_texts_are_apart_where_one_ends_at_the_start_of_the_other() -> None:
    def rows(*side: object) -> Rows:
        return taken(Value(rows=TABLE), Part((RANGE, TABLE), side)).rows

    assert disjoint(rows(0, "n"), rows("n", END))
    assert disjoint(rows("n", "m"), rows("m", END))
    assert disjoint(rows(0, "n"), rows("m", END))
    assert overlap(rows(0, "n"), rows(0, "m"))


def test_nothing_is_disjoint_from_no_rows() -> None:
    assert not disjoint(frozenset(), TABLE)
    assert not within(frozenset(), TABLE)


def test_a_statistic_tells_on_what_it_flows_into_only() -> None:
    mean = Value(latent=frozenset({(mark(), None)}))
    table = Value(rows=TABLE)
    assert {m.what for m, _ in combined((table, mean)).marks} == {"mean()"}
    assert not combined((mean, mean)).marks
    assert combined((mean, table)).rows == TABLE
    assert combined(()) is NOTHING


def test_columns_carry_their_own_marks() -> None:
    own, of_all = mark(), mark()
    table = Value(rows=TABLE, marks=frozenset({(own, "age"), (of_all, None)}))
    assert {m for m, _ in of_columns(table, ["age"]).marks} == {own, of_all}
    assert {m for m, _ in of_columns(table, ["town"]).marks} == {of_all}
    assert {m for m, _ in without_columns(table, ["age"]).marks} == {of_all}


def test_where_branches_meet_both_values_are_possible() -> None:
    one = Value(rows=frozenset({("a",)}), things=frozenset({1}))
    other = Value(rows=frozenset({("b",)}), things=frozenset({2}))
    both = joined(one, other)
    assert both.rows == {("a",), ("b",)}
    assert both.things == {1, 2}
    assert joined(one, NOTHING) is one
    assert joined(NOTHING, other) is other
