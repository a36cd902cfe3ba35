from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from mlops_nb.errors import InputError
from mlops_nb.monitoring import seasonal_volume
from mlops_nb.result import Status

MONDAY = date(2024, 1, 1)


def weeks(count: int, seed: int = 0) -> dict[date, int]:
    """A thousand rows on weekdays, a hundred on Saturdays and Sundays."""
    rng = np.random.default_rng(seed)
    days = [MONDAY + timedelta(days=i) for i in range(7 * count)]
    return {day: int(rng.poisson(100 if day.weekday() > 4 else 1_000)) for day in days}


def test_a_sunday_is_held_against_sundays() -> None:
    history = weeks(8)
    sunday, monday = date(2024, 3, 3), date(2024, 3, 4)
    assert seasonal_volume(history, {sunday: 105, monday: 1_030}).status is Status.PASSED
    found = seasonal_volume(history, {sunday: 1_000, monday: 110}, window="March")
    assert (found.status, found.value, found.window) == (Status.FAILED, 2, "March")
    assert "Sun 2024-03-03 has 1,000, " in found.message
    assert found.advice


def test_no_alarm_by_chance_over_a_year() -> None:
    everything = weeks(52)
    days = list(everything)
    alarms = 0
    for place in range(28, len(days)):
        history = {day: everything[day] for day in days[place - 28 : place]}
        found = seasonal_volume(history, {days[place]: everything[days[place]]})
        alarms += found.status is Status.FAILED
    assert alarms <= 3


def test_a_day_without_rows_is_always_an_outage_and_too_little_history_is_said() -> None:
    quiet = {MONDAY + timedelta(days=i): 3 for i in range(20)}
    assert seasonal_volume(quiet, {date(2024, 3, 4): 0}).status is Status.FAILED
    assert seasonal_volume({MONDAY: 5}, {date(2024, 3, 4): 0}).status is Status.SKIPPED
    # The days looked at are no history of themselves.
    assert seasonal_volume({MONDAY: 5}, {MONDAY: 5}).status is Status.SKIPPED
    with pytest.raises(InputError, match="no day"):
        seasonal_volume(quiet, {})
