from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_nb.errors import InputError
from mlops_nb.monitoring import system
from mlops_nb.result import Result, Status

NOW = datetime(2024, 3, 4, 12)  # noqa: DTZ001 - as the rows' own clock


def _rows() -> pd.DataFrame:
    return pd.DataFrame({
        "timestamp": pd.date_range("2024-03-01", "2024-03-03 23:00", freq="h"),
        "latency_ms": np.arange(72.0),
        "late": [1.0] * 48 + [np.nan] * 24,
    })  # fmt: skip


def _check(frame: pd.DataFrame, **options: Any) -> dict[str, Result]:
    return {r.name: r for r in system(frame, **{"now": NOW, **options})}


def test_all_is_well() -> None:
    found = _check(
        _rows(), expected_rows=(60, 80), max_age=timedelta(days=1), label="late",
        max_label_age=timedelta(days=2), max_latency=100,
    )  # fmt: skip
    assert len(found) == 5
    assert {r.status for r in found.values()} == {Status.PASSED}
    assert found["system.freshness"].value == pytest.approx(13)
    assert found["system.label_freshness"].value == pytest.approx(37)
    assert found["system.latency"].evidence["p50"] == pytest.approx(35.5)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"expected_rows": 200}, "system.volume"),
        ({"expected_rows": (1, 10)}, "system.volume"),
        ({"max_age": timedelta(hours=12)}, "system.freshness"),
        ({"label": "late", "max_label_age": timedelta(days=1)}, "system.label_freshness"),
        ({"label": "none", "max_label_age": timedelta(days=1)}, "system.label_freshness"),
        ({"max_latency": 50}, "system.latency"),
        ({"days": (date(2024, 2, 28), date(2024, 3, 3))}, "system.missing_days"),
    ],
)
def test_each_breach_fails_and_says_what_to_do(options: dict[str, Any], name: str) -> None:
    found = _check(_rows(), **options)
    assert found[name].status is Status.FAILED
    assert found[name].advice
    assert all(r.status is Status.PASSED for other, r in found.items() if other != name)


def test_volume_may_have_no_upper_bound() -> None:
    found = _check(_rows(), expected_rows=(10, float("inf")))["system.volume"]
    assert found.status is Status.PASSED
    assert found.message == "72 rows, 10 or more expected"
    assert found.evidence["high"] is None


def test_a_day_without_rows_is_named() -> None:
    rows = _rows()
    rows = rows[rows["timestamp"].dt.day != 2]
    assert "2024-03-02" in _check(rows)["system.missing_days"].message


def test_no_row_at_all_fails() -> None:
    days = (date(2024, 3, 1), date(2024, 3, 3))
    found = _check(_rows().head(0), expected_rows=(0, 10), max_age=timedelta(days=1), days=days)
    assert {r.status for r in found.values()} == {Status.FAILED}
    assert found["system.missing_days"].value == 3


def test_zones_are_compared_in_utc() -> None:
    rows = _rows().assign(timestamp=lambda t: t["timestamp"].dt.tz_localize("America/New_York"))
    now = datetime(2024, 3, 4, 12, tzinfo=UTC)
    found = _check(rows, now=now, max_age=timedelta(hours=12))
    assert found["system.freshness"].value == pytest.approx(8)


def test_missing_timestamps_are_named() -> None:
    with pytest.raises(InputError, match="no column 'timestamp'"):
        system(pd.DataFrame({"time": [1]}), now=NOW)


def test_errors_and_throughput() -> None:
    rows = pd.concat([_rows()] * 5, ignore_index=True)
    fine = rows.assign(error=[None] * 359 + ["timeout"])
    found = _check(fine, min_throughput=4)
    assert found["system.error_rate"].status is Status.PASSED
    assert found["system.throughput"].status is Status.PASSED
    assert found["system.throughput"].value == pytest.approx(360 / 71)
    bad = rows.assign(error=[None] * 300 + ["timeout"] * 60)
    found = _check(bad, min_throughput=10)
    assert found["system.error_rate"].status is Status.FAILED
    assert "60 of 360 rows have an error (16.67%), most often 'timeout'" in (
        found["system.error_rate"].message
    )
    assert found["system.throughput"].status is Status.FAILED
    few = _check(rows.head(10).assign(error=["timeout", *[""] * 9]))
    assert few["system.error_rate"].status is Status.PASSED
