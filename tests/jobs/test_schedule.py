from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.config import Job
from mlops_nb.errors import InputError
from mlops_nb.jobs.schedule import Due, due_times, latest_due, next_due, times_between


def job(schedule: str, timezone: str = "UTC") -> Job:
    return Job(notebook="n.ipynb", schedule=schedule, timezone=timezone)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_job_is_due_at_its_minute_and_until_it_has_run() -> None:
    daily = job("0 6 * * *")
    today, yesterday = at("2026-04-02T06:00"), at("2026-04-01T06:00")
    assert latest_due(daily, today, last=None) == Due(time=today, missed=0)
    assert latest_due(daily, at("2026-04-02T05:59:59"), last=yesterday) is None
    assert latest_due(daily, at("2026-04-02T23:00"), last=yesterday) == Due(time=today, missed=0)
    assert latest_due(daily, at("2026-04-02T23:00"), last=today) is None
    assert latest_due(daily, today, last=at("2026-05-01T06:00")) is None


def test_only_the_latest_of_several_counts() -> None:
    hourly = job("0 * * * *")
    due = latest_due(hourly, at("2026-04-01T09:30"), last=at("2026-04-01T05:00"))
    assert due == Due(time=at("2026-04-01T09:00"), missed=3)


def test_summer_time_neither_doubles_nor_drops_a_day() -> None:
    berlin = job("30 2 * * *", "Europe/Berlin")
    autumn = [at("2026-10-24T12:00") + timedelta(days=n) for n in range(3)]
    fired = {latest_due(berlin, moment, last=None) for moment in autumn}
    assert len(fired) == 3
    # Half past two does not exist on the last Sunday of March; the job runs nevertheless.
    spring = next_due(berlin, at("2026-03-28T12:00"))
    assert spring is not None
    assert spring.date() == at("2026-03-29T00:00").date()


def test_catching_up() -> None:
    last, now = at("2026-04-01T05:00"), at("2026-04-01T09:30")
    hours = [at(f"2026-04-01T{hour:02}:00") for hour in (6, 7, 8, 9)]

    def times(catch_up: str, moment: datetime = now, **more: float) -> list[datetime]:
        one = Job(notebook="n", schedule="0 * * * *", catch_up=catch_up, **more)  # type: ignore[arg-type]
        return [due.time for due in due_times(one, moment, last=last)]

    assert times("all") == hours
    assert times("latest") == hours[-1:]
    assert times("none") == []
    assert times("none", at("2026-04-01T09:00:59")) == hours[-1:]
    assert times("none", grace=3600) == hours[-1:]
    assert times("all", last) == []


def test_catching_up_over_both_changes_of_the_clock() -> None:
    berlin = Job(notebook="n", schedule="30 2 * * *", timezone="Europe/Berlin", catch_up="all")
    for first, days in (("2026-03-27T12:00", 4), ("2026-10-23T12:00", 4)):
        start = latest_due(berlin, at(first), last=None)
        assert start is not None
        due = due_times(berlin, at(first) + timedelta(days=days), last=start.time)
        local = [one.time.astimezone(ZoneInfo("Europe/Berlin")) for one in due]
        # One a day: none is lost in the hour that is left out, none doubled in the one repeated.
        assert len({moment.date() for moment in local}) == len(local) == days


def test_the_due_times_of_a_period() -> None:
    found = times_between(job("0 */6 * * *"), at("2026-04-01T06:00"), at("2026-04-02T00:00"))
    assert [moment.hour for moment in found] == [6, 12, 18]
    with pytest.raises(InputError, match="more than 10,000"):
        times_between(job("* * * * *"), at("2026-01-01T00:00"), at("2026-12-01T00:00"))


def test_a_job_on_demand_is_never_due() -> None:
    assert next_due(job(""), at("2026-04-01T00:00")) is None


@settings(deadline=None)
@given(
    st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 0 * * 1", "0 */6 * * *"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001
)
def test_the_latest_due_time_is_one_that_counting_forward_meets(
    schedule: str, zone: str, moment: datetime
) -> None:
    now = moment.replace(tzinfo=UTC)
    latest = latest_due(job(schedule, zone), now, last=None)
    assert latest is not None
    start = (now - timedelta(days=8)).astimezone(ZoneInfo(zone))
    forward = start.astimezone(UTC)
    for due in CronSim(schedule, start):
        if due.astimezone(UTC) > now:
            break
        forward = due.astimezone(UTC)
    assert latest.time == forward


def test_a_shift_of_half_an_hour_hides_no_due_time() -> None:
    """Counting forward, cronsim passes over six o'clock on this morning; backwards it does not."""
    now = datetime(2026, 4, 4, 23, tzinfo=UTC)
    latest = latest_due(job("0 */6 * * *", "Australia/Lord_Howe"), now, last=None)
    assert latest is not None
    assert latest.time == datetime(2026, 4, 4, 19, 30, tzinfo=UTC)
