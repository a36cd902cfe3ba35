from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.jobs.schedule import Due, latest_due, next_due
from mlops_nb.jobtable import Job


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


def test_a_job_on_demand_is_never_due() -> None:
    assert next_due(job(""), at("2026-04-01T00:00")) is None


@settings(deadline=None)
@given(
    st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 0 * * 1", "0 */6 * * *"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
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
