"""Stages add up to what lies between the first and the last moment on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.lifecycle.intervals import NOTHING, Interval
from mlops_nb.lifecycle.stages import STAGES, stages
from mlops_nb.lifecycle.timeline import TO_LIVE

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


moments = st.lists(st.none() | st.integers(0, 100).map(day), min_size=8, max_size=8)
activity = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 100)).map(
        lambda pair: Interval(start=day(pair[0]), end=day(pair[1]))
    ),
    max_size=5,
)


@given(moments, activity)
def test_stages_add_up_whatever_the_clocks_say(
    passed: list[datetime | None], worked: list[Interval]
) -> None:
    found, _ = stages(passed, names=TO_LIVE, activity=worked, now=None)
    known = [moment for moment in passed if moment is not None]
    expected = max(known) - known[0] if known else NOTHING
    lengths = [stage.span.length for stage in found if stage.span]
    assert sum(lengths, NOTHING) == expected
    assert sum((s.worked + s.waited for s in found), NOTHING) == expected
    assert all(stage.worked >= NOTHING and stage.waited >= NOTHING for stage in found)
    assert len(found) == len(TO_LIVE)


@given(moments)
def test_only_the_stage_after_the_last_moment_is_open(passed: list[datetime | None]) -> None:
    now = day(200)
    found, _ = stages(passed, names=TO_LIVE, activity=[], now=now)
    is_open = [stage for stage in found if stage.is_open]
    done = passed[-1] is not None or not any(passed)
    assert len(is_open) == (0 if done else 1)
    assert all(stage.span and stage.span.end == now for stage in is_open)


def test_a_passage_in_order() -> None:
    passed = [day(0), day(2), day(3), day(5), day(5), day(6), day(9), None]
    ran = [Interval(start=day(2), end=day(3)), Interval(start=day(6), end=day(6.5))]
    found, notes = stages(passed, names=TO_LIVE, activity=ran, now=day(10))
    told = {stage.name: (stage.worked.days, stage.waited.days) for stage in found}
    assert told["explore"] == (0, 2)
    assert told["experiment"] == (1, 0)
    assert told["validate"] == (0, 2)
    assert found[5].worked == timedelta(hours=12)
    assert (found[6].name, found[6].is_open, found[6].waited.days) == ("monitor", True, 1)
    assert found[6].evidence == "waits for: first verdict of a monitor"
    assert notes == ()
    assert tuple(stage.name for stage in found) == tuple(STAGES)[:-1]


def test_a_clock_that_went_back_is_said_once() -> None:
    passed = [None, day(5), day(4), day(3), day(6), None, None, None]
    found, notes = stages(passed, names=TO_LIVE, activity=[], now=None)
    assert len(notes) == 1
    assert notes[0].startswith("experiment: end of the run that became the version at 2026-01-05")
    assert found[3].waited == timedelta(days=1)


def test_a_millisecond_is_no_clock_that_went_back() -> None:
    passed = [None, day(1), day(1) - timedelta(milliseconds=900)]
    _, notes = stages(passed, names=TO_LIVE[:2], activity=[], now=None)
    assert notes == ()
