from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlops_nb.errors import InputError
from mlops_nb.monitoring.attribution import attribute
from mlops_nb.monitoring.timeline import change_point, over_time, performance_figures, trend
from mlops_nb.result import Status

FEATURES = ["hour", "origin", "idle"]


def rows(count: int, seed: int, *, evening: float = 0.3, broken: bool = False) -> pd.DataFrame:
    """Evenings are hard to predict; `broken` makes LGA hard from the eleventh day on."""
    rng = np.random.default_rng(seed)
    hour = np.where(
        rng.random(count) < evening, rng.integers(18, 24, count), rng.integers(6, 18, count)
    )
    origin = rng.choice(["JFK", "LGA", "EWR"], count)
    day = np.sort(rng.integers(0, 20, count))
    noise = np.where(hour >= 18, 6.0, 2.0)
    if broken:
        noise = np.where((origin == "LGA") & (day >= 10), 12.0, noise)
    prediction = rng.normal(0, 10, count)
    return pd.DataFrame({
        "hour": hour, "origin": origin, "idle": rng.normal(seed, 1, count),
        "prediction": prediction,
        "delay": prediction + rng.normal(0, noise),
        "timestamp": pd.Timestamp("2013-04-01") + pd.to_timedelta(day, "D"),
    })  # fmt: skip


def test_rows_that_moved_are_named_and_columns_that_do_not_matter_are_not() -> None:
    now = rows(4_000, 1, evening=0.7)
    for frame in (now, now.drop(columns="delay")):
        found = attribute(rows(8_000, 0), frame, label="delay", features=FEATURES)
        assert found.causes[0].column == "hour"
        assert found.causes[0].sure
        # `idle` moved by a whole standard deviation and explains nothing.
        idle = next(cause for cause in found.causes if cause.column == "idle")
        assert abs(idle.effect) < found.causes[0].effect / 5
        assert "hour" in found.sentence
        assert found.shifted == pytest.approx(found.causes[0].effect, rel=0.35)
    full = attribute(rows(8_000, 0), now, label="delay", features=["hour", "origin"])
    assert full.shifted == pytest.approx(full.change, rel=0.3)
    assert "other rows than before explain" in full.sentence


def test_where_and_since_when() -> None:
    found = attribute(
        rows(8_000, 0), rows(6_000, 1, broken=True), label="delay", features=["hour", "origin"]
    )
    assert found.slices
    assert "origin is LGA" in found.slices[0].rule
    assert found.since == "2013-04-11"
    assert "what is true of them" in found.sentence
    assert "since 2013-04-11" in found.sentence
    result = found.result(window="April")
    assert result.status is Status.PASSED
    assert result.evidence["since"] == "2013-04-11"


def test_without_a_change_nothing_is_blamed() -> None:
    quiet = 0
    for seed in range(1, 9):
        found = attribute(rows(4_000, 0), rows(3_000, seed), label="delay", features=FEATURES[:2])
        quiet += not found.slices and not found.since and "as before" in found.sentence
    assert quiet >= 7


def test_a_step_is_found_where_it_is_and_a_lively_series_has_none() -> None:
    rng = np.random.default_rng(0)
    false = 0
    for _ in range(200):
        series = rng.normal(0.7, 0.02, 20)
        false += change_point(series, [0.01] * 20) is not None
    assert false <= 10
    step = np.r_[rng.normal(0.7, 0.01, 12), rng.normal(0.65, 0.01, 8)]
    for errors in ([0.01] * 20, [float("nan")] * 20):
        found = change_point(step, errors)
        assert found is not None
        assert found.place == 12
    assert change_point([1, 1, 1, 1, 1], [0.0] * 5) is None
    assert change_point([1, 2], [1, 1]) is None


def test_figures_over_windows_and_their_trend() -> None:
    frame = rows(6_000, 1, broken=True)
    series = over_time(frame, performance_figures(label="delay", only=["mae"]), every="2D")
    assert len(series) == 10
    assert (series["low"] < series["value"]).all()
    [found] = trend(series, "performance.trend", better="low")
    assert found.status is Status.WARNED
    assert "since 2013-04-11" in found.message
    [fine] = trend(series, "performance.trend", better="high")
    assert fine.status is Status.PASSED
    assert over_time(frame.head(0), performance_figures(label="delay")).empty
    with pytest.raises(InputError, match="is no length"):
        over_time(frame, performance_figures(label="delay"), every="soon")
    with pytest.raises(InputError, match="no column 'tiem'"):
        over_time(frame, performance_figures(label="delay"), timestamp="tiem")


def test_classification_and_bad_requests() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, 4_000)
    chance = 1 / (1 + np.exp(-2 * x))
    frame = pd.DataFrame({
        "x": x, "score": chance, "late": (rng.random(4_000) < chance).astype(float),
        "prediction": (chance > 0.5).astype(int),
    })  # fmt: skip
    near = frame.assign(score=np.clip(chance, 0.35, 0.65))
    found = attribute(frame, near, label="late", features=["x"])
    assert found.loss == "log loss"
    assert "worse" in found.sentence
    alone = attribute(
        frame.drop(columns="score"), frame.drop(columns="score"), label="late", features=["x"]
    )
    assert alone.loss == "share of errors"
    with pytest.raises(InputError, match="no column 'y'"):
        attribute(frame, frame, label="late", features=["y"])
    with pytest.raises(InputError, match="too few"):
        attribute(frame.head(10), frame, label="late", features=["x"])
