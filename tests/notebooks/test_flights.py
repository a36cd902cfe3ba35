"""The example's data hold nothing that was not known at the cut-off."""

from __future__ import annotations

from types import ModuleType

import pandas as pd
import pytest

pytestmark = pytest.mark.slow


def test_every_scheduled_departure_is_there_once(flights: ModuleType) -> None:
    year = flights.batch("2013-01-01", "2013-12-31")
    assert len(year) == 336_776
    assert year["prediction_id"].is_unique
    assert list(year.columns) == ["prediction_id", "timestamp", *flights.FEATURES]
    assert year["timestamp"].is_monotonic_increasing
    assert year["scheduled_minutes"].between(0, 24 * 60 - 1).all()


def test_days_add_up_to_their_range(flights: ModuleType) -> None:
    days = [flights.batch(f"2013-02-0{d}", f"2013-02-0{d}") for d in (3, 4, 5)]
    pd.testing.assert_frame_equal(
        pd.concat(days, ignore_index=True), flights.batch("2013-02-03", "2013-02-05")
    )


def test_a_flight_that_never_arrived_is_scored_and_has_no_label(flights: ModuleType) -> None:
    day = ("2013-02-08", "2013-02-09")  # the snowstorm
    batch, labels = flights.batch(*day), flights.labels(*day)
    assert labels["prediction_id"].isin(batch["prediction_id"]).all()
    share = 1 - len(labels) / len(batch)
    assert share == pytest.approx(flights.never_arrived(*day))
    assert share > 0.2
    assert set(labels["late"]) == {0, 1}


@pytest.mark.parametrize("day", ["2013-03-10", "2013-07-04", "2013-11-03"])
def test_weather_ends_at_the_cut_off(flights: ModuleType, day: str) -> None:
    """Recompute one airport's evening from the raw observations, by the clock on the wall."""
    raw = flights._read("weather.csv", ["origin", "temp", "precip", "time_hour"])
    observed = pd.to_datetime(raw["time_hour"], utc=True)
    cut_off = (pd.Timestamp(day) - pd.Timedelta(hours=4)).tz_localize(flights.NEW_YORK)
    seen = raw[(raw["origin"] == "JFK") & (observed < cut_off)]
    seen = seen[observed[seen.index] >= cut_off - pd.Timedelta(hours=6)]
    batch = flights.batch(day, day)
    row = batch[batch["origin"] == "JFK"].iloc[0]
    assert row["temperature"] == pytest.approx(seen["temp"].mean())
    assert row["rain"] == pytest.approx(seen["precip"].sum())


def test_nothing_of_the_actual_flight_is_read(flights: ModuleType) -> None:
    read = set(flights._flights().columns)
    assert not read & {"dep_time", "dep_delay", "arr_time", "air_time"}
    assert "arr_delay" not in flights.FEATURES
