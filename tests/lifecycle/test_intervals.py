"""Time is neither lost nor counted twice, whatever the intervals look like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.lifecycle.intervals import (
    Interval,
    difference,
    intersection,
    lasting,
    median,
    total,
    union,
)

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
minutes = st.integers(min_value=0, max_value=60)


@st.composite
def intervals(draw: st.DrawFn) -> list[Interval]:
    pairs = draw(st.lists(st.tuples(minutes, minutes), max_size=8))
    return [Interval(start=at(a), end=at(b)) for a, b in pairs]


def at(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)


def covered(parts: list[Interval] | tuple[Interval, ...]) -> set[int]:
    """The minutes that are in any of the intervals, one by one."""
    return {m for m in range(61) for p in parts if p.start <= at(m) < p.end}


@given(intervals())
def test_a_union_is_the_same_time_in_order_and_apart(parts: list[Interval]) -> None:
    joined = union(parts)
    assert covered(joined) == covered(parts)
    assert all(one.end < two.start for one, two in pairwise(joined))
    assert total(parts) == timedelta(minutes=len(covered(parts)))
    assert union(joined) == joined


@given(intervals(), intervals())
def test_set_arithmetic(mine: list[Interval], theirs: list[Interval]) -> None:
    both, only = intersection(mine, theirs), difference(mine, theirs)
    assert covered(both) == covered(mine) & covered(theirs)
    assert covered(only) == covered(mine) - covered(theirs)
    assert total(both) + total(only) == total(mine)
    assert intersection(both, only) == ()


@given(minutes, minutes)
def test_a_clock_that_was_set_back_makes_nothing_negative(start: int, end: int) -> None:
    assert Interval(start=at(start), end=at(end)).length == timedelta(minutes=max(0, end - start))


@given(st.lists(st.timedeltas(min_value=timedelta(0)), min_size=1))
def test_half_lies_on_either_side_of_the_median(lengths: list[timedelta]) -> None:
    middle = median(lengths)
    assert middle is not None
    assert 2 * sum(one < middle for one in lengths) <= len(lengths)
    assert 2 * sum(one > middle for one in lengths) <= len(lengths)


def test_nothing_has_no_median() -> None:
    assert median([]) is None


def test_lengths_in_words() -> None:
    words = {
        timedelta(days=3, hours=4, minutes=5): "3 d 4 h", timedelta(days=2): "2 d",
        timedelta(days=1, seconds=5): "1 d", timedelta(seconds=59.7): "1 min",
        timedelta(minutes=2, seconds=5): "2 min 5 s", timedelta(milliseconds=350): "350 ms",
        timedelta(0): "0 s", -timedelta(hours=1): "-1 h", None: "-",
    }  # fmt: skip
    assert {length: lasting(length) for length in words} == words
