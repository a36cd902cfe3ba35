from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.monitoring import Profile, drift, profile, variation

pytestmark = pytest.mark.slow


def _days(days: int, seed: int, *, start: str = "2030-01-01", shift: float = 0.0) -> pd.DataFrame:
    """Days that differ from each other more than sampling explains, and hold a weekday."""
    rng = np.random.default_rng(seed)
    parts = []
    for i in range(days):
        at = pd.Timestamp(start) + pd.Timedelta(days=i)
        level = rng.normal(shift, 0.3)
        parts.append(
            pd.DataFrame({
                "when": at + pd.to_timedelta(rng.integers(0, 86400, 300), unit="s"),
                "x": rng.normal(level, 1, 300),
                "weekday": str(at.weekday()),
                "gaps": np.where(rng.random(300) < abs(level) / 3, None, "a"),
            })
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def test_a_day_like_other_days_is_no_drift_though_it_is_no_sample_of_them() -> None:
    reference = _days(30, 0)
    blind = profile(reference)
    knowing = profile(reference, time="when", every="1d")
    alarms = {"blind": 0, "knowing": 0}
    for seed in range(1, 11):
        day = _days(1, seed, start=f"2030-02-{seed:02d}")
        alarms["blind"] += drift(blind, day).drifted
        alarms["knowing"] += drift(knowing, day).drifted
    assert alarms["blind"] == 10
    assert alarms["knowing"] <= 1


def test_a_day_unlike_any_other_is_found_and_the_bound_told_in_words() -> None:
    day = _days(1, 99, start="2030-02-01", shift=2.5)
    found = {
        c.column: c for c in drift(profile(_days(30, 0), time="when", every="1d"), day).columns
    }
    assert found["x"].drifted
    assert not found["weekday"].drifted
    assert found["x"].decision.threshold > 0.02
    assert "the reference's own 30 periods differ by" in found["x"].decision.reason


def test_two_raw_tables_find_their_time_order_by_themselves() -> None:
    reference, day = _days(30, 0), _days(1, 5, start="2030-02-01")
    found = drift(reference, day, classifier=False)
    assert found.reference.periods is not None
    assert (found.reference.periods.time, found.reference.periods.count) == ("when", 30)
    assert not found.drifted
    # A sample over the whole time is held against sampling noise alone.
    rows = np.random.default_rng(0).integers(0, len(reference), 2_000)
    assert drift(reference, reference.iloc[rows], classifier=False).reference.periods is None


def test_a_rare_value_that_has_its_day_is_no_news_where_others_had_theirs() -> None:
    rng = np.random.default_rng(0)
    names = np.array([f"v{i}" for i in range(60)])

    def days(count: int, start: str) -> pd.DataFrame:
        parts = []
        for i in range(count):
            at = pd.Timestamp(start) + pd.Timedelta(days=i)
            shown = np.where(rng.random(60) < 0.3, rng.choice(names), rng.choice(names, 60))
            parts.append(pd.DataFrame({"when": at, "level": shown}))
        return pd.concat(parts, ignore_index=True)

    reference, day = days(20, "2030-01-01"), days(1, "2030-02-01")
    assert profile(reference).columns["level"].categories.rare  # type: ignore[union-attr]
    assert drift(profile(reference), day).drifted
    assert not drift(profile(reference, time="when", every="1d"), day).drifted


def test_variation_is_kept_in_the_profile() -> None:
    made = profile(_days(10, 0), time="when", every="1d")
    again = Profile.from_dict(made.to_dict())
    assert again == made
    assert again.columns["x"].variation["js"].count == 10
    whole = profile(_days(10, 0).assign(year=lambda d: d["when"].dt.day), time="year")
    assert whole.periods is not None
    assert whole.periods.every == 1


def test_too_few_periods_tell_nothing() -> None:
    assert profile(_days(2, 0), time="when", every="1d").periods is None


def test_wrong_times_are_named() -> None:
    with pytest.raises(NotFoundError, match="no column 'wen'"):
        profile(_days(3, 0), time="wen")
    with pytest.raises(InputError, match="holds no time but string"):
        profile(_days(3, 0), time="weekday")
    with pytest.raises(InputError, match="no length of time"):
        variation.parse_every("a while")


def test_lengths_of_time() -> None:
    assert variation.parse_every("6h") == 6 * 3600
    assert variation.in_words(7 * 86400) == "1w"
    assert variation.as_long_as(86399) == 86400
    assert variation.as_long_as(6.9 * 86400) == 7 * 86400
    assert variation.as_long_as(3000) == 3600


def test_a_total_change_alarms_however_few_and_wild_the_periods_were() -> None:
    rng = np.random.default_rng(4)
    levels = np.repeat([0.0, 3.0, 1.0], 300)
    reference = pd.DataFrame({"when": np.repeat([1, 2, 3], 300), "x": rng.normal(levels, 1)})
    known = profile(reference, time="when")
    assert known.columns["x"].variation["js"].largest > 0.6
    other = pd.DataFrame({"when": np.repeat(4, 300), "x": rng.normal(40, 1, 300)})
    like = pd.DataFrame({"when": np.repeat(4, 300), "x": rng.normal(2.5, 1, 300)})
    assert drift(known, other, columns=["x"]).drifted
    assert not drift(known, like, columns=["x"]).drifted
