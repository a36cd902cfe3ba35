from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlops_nb.errors import InputError
from mlops_nb.monitoring import by_group, fairness_figures, over_time, performance, trend
from mlops_nb.result import Result, Status

pytestmark = pytest.mark.slow


def _rows(gap: float, rows: int = 4_000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    group = rng.choice(["a", "b", "tiny"], rows, p=[0.5, 0.49, 0.01])
    truth = (rng.random(rows) < 0.3).astype(float)
    score = np.clip(0.3 * truth + rng.random(rows) * 0.6 + gap * (group == "b"), 0, 1)
    return pd.DataFrame({
        "origin": group, "late": truth, "score": score, "prediction": (score > 0.5).astype(int)
    })  # fmt: skip


def _by_name(results: list[Result]) -> dict[str, Result]:
    return {result.name: result for result in results}


def test_figures_by_group_are_plain_shares() -> None:
    rows = _rows(0)
    found = _by_name(by_group(rows, ["origin"], label="late"))
    a = rows[rows["origin"] == "a"]
    groups = found["fairness.selection_rate"].evidence["groups"]
    assert set(groups) == {"a", "b"}
    assert groups["a"]["value"] == pytest.approx(a["prediction"].mean())
    assert groups["a"]["low"] < groups["a"]["value"] < groups["a"]["high"]
    tpr = found["fairness.true_positive_rate"].evidence["groups"]["a"]
    assert tpr["value"] == pytest.approx(a[a["late"] == 1]["prediction"].mean())
    assert tpr["rows"] == (a["late"] == 1).sum()
    assert {r.status for r in found.values()} == {Status.PASSED}
    assert "1 groups are too small" in found["fairness.accuracy"].message


def test_a_group_treated_otherwise_warns() -> None:
    found = _by_name(by_group(_rows(0.2), ["origin"], label="late", window="May"))
    result = found["fairness.false_positive_rate"]
    assert result.status is Status.WARNED
    assert result.value is not None
    assert result.value > 0.1
    assert 0 < result.evidence["ratio"] < 1
    assert result.advice
    assert result.window == "May"


def test_a_difference_within_noise_passes() -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({
        "group": rng.choice(list("abcdefghij"), 1_500), "late": rng.integers(0, 2, 1_500),
        "prediction": rng.integers(0, 2, 1_500),
    })  # fmt: skip
    found = by_group(rows, ["group"], label="late", minimum=50, max_difference=0.05)
    assert {result.status for result in found} == {Status.PASSED}


def test_without_labels_only_the_answers_are_compared() -> None:
    rows = _rows(0.3)
    for frame in (rows.drop(columns="late"), rows.assign(late=np.nan)):
        found = _by_name(by_group(frame, ["origin"], label="late"))
        assert found["fairness.selection_rate"].status is Status.WARNED
        assert found["fairness.true_positive_rate"].status is Status.SKIPPED


def test_bad_requests() -> None:
    with pytest.raises(InputError, match="no column 'orign'"):
        by_group(_rows(0), ["orign"], label="late")
    assert {r.status for r in by_group(_rows(0).head(0), ["origin"], label="late")} == {
        Status.SKIPPED
    }


@pytest.mark.parametrize("codes", [{"a": "a", "b": "b", "c": "c"}, {"a": 0, "b": 1, "c": 2}])
def test_many_classes_are_compared_by_accuracy(codes: dict[str, object]) -> None:
    rng = np.random.default_rng(0)
    truth, group = rng.choice(["a", "b", "c"], 900), rng.choice(["x", "y"], 900)
    wrong = (group == "y") & (rng.random(900) < 0.5)
    frame = pd.DataFrame(
        {
            "truth": pd.Series(truth).map(codes),
            "prediction": pd.Series(np.where(wrong, "a", truth)).map(codes),
            "group": group,
        }
    )
    (result,) = by_group(frame, ["group"], label="truth")
    assert (result.name, result.status) == ("fairness.accuracy", Status.WARNED)
    baseline = {"accuracy": 0.99, "macro_f1": 0.99, "rows": 900.0}
    found = performance(frame, label="truth", baseline=baseline)
    assert [result.name for result in found] == ["performance.accuracy", "performance.macro_f1"]
    assert {result.status for result in found} == {Status.FAILED}


def test_measurements_are_not_compared_by_group() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"truth": rng.normal(size=400), "group": rng.choice(["x", "y"], 400)})
    frame["prediction"] = frame["truth"] + 0.1
    (result,) = by_group(frame, ["group"], label="truth")
    assert result.status is Status.SKIPPED


def test_intersections_calibration_and_ratios() -> None:
    rng = np.random.default_rng(0)
    rows = _rows(0, 6_000).assign(sex=rng.choice(["f", "m"], 6_000))
    # Only women of b are scored too low and chosen less: neither column shows it by itself as much.
    low = (rows["sex"] == "f") & (rows["origin"] == "b")
    rows.loc[low, "score"] = rows.loc[low, "score"] * 0.5
    rows["prediction"] = (rows["score"] > 0.5).astype(int)
    found = {
        (r.name, r.subject): r
        for r in by_group(
            rows, ["sex", ("origin", "sex")], label="late", max_difference=0.3, min_ratio=0.8
        )
    }
    both = found["fairness.selection_rate", "origin × sex"]
    assert both.status is Status.WARNED
    assert (
        min(both.evidence["groups"], key=lambda g: both.evidence["groups"][g]["value"]) == "b × f"
    )
    assert both.evidence["ratio_low"] <= both.evidence["ratio"] <= both.evidence["ratio_high"] < 0.8
    difference = both.evidence["difference"]
    assert difference["low"] < difference["value"] == both.value < difference["high"]
    part = rows[low]
    gap = found["fairness.calibration", "origin × sex"].evidence["groups"]["b × f"]
    assert gap["value"] == pytest.approx((part["score"] - part["late"]).mean())
    with pytest.raises(InputError, match="no column 'age'"):
        by_group(rows, [("origin", "age")], label="late")


def test_differences_over_windows() -> None:
    before, after = _rows(0), _rows(0.2)
    times = pd.Timestamp("2013-04-01") + pd.to_timedelta(np.arange(8_000) // 400, "D")
    rows = pd.concat([before, after], ignore_index=True).assign(timestamp=times)
    series = over_time(rows, fairness_figures("origin", label="late"), every="1D")
    told = {r.subject: r for r in trend(series, "fairness.trend", better="low")}
    assert told["selection_rate"].status is Status.WARNED
    assert "since 2013-04-1" in told["selection_rate"].message


def test_groups_of_one_row() -> None:
    rows = _rows(0, 300).assign(origin=[str(i) for i in range(300)])
    found = by_group(rows, ["origin"], label="late")
    assert {r.status for r in found} == {Status.SKIPPED}
    assert "0 of 300 groups" in found[0].message
