from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_nb.config import CurrentAttempt, Project
from mlops_nb.errors import InputError
from mlops_nb.monitoring import PredictionsLog, predictions, predictions_log


@pytest.fixture
def log(project: Project) -> PredictionsLog:
    return predictions_log("late flights", project)


def _batch(day: str = "2013-06-01", rows: int = 4, **columns: object) -> pd.DataFrame:
    made = pd.DataFrame({
        "prediction_id": [f"{day}-{i}" for i in range(rows)],
        "timestamp": pd.Timestamp(day) + pd.to_timedelta(range(rows), unit="h"),
        "prediction": 0,
        "score": 0.1,
    })  # fmt: skip
    return made.assign(**columns)


def test_what_is_appended_is_read_with_gaps_for_labels(log: PredictionsLog) -> None:
    both = pd.concat([_batch("2013-06-01"), _batch("2013-06-02")])
    paths = log.append(both, version=3)
    assert [path.parent.parent.name for path in paths] == ["date=2013-06-01", "date=2013-06-02"]
    assert paths[0].parent.name == "model_version=3"
    assert log.days() == [date(2013, 6, 1), date(2013, 6, 2)]
    log.label(pd.DataFrame({"prediction_id": ["2013-06-01-2", "unknown"], "late": [1, 0]}))
    found = log.read("2013-06-01", date(2013, 6, 1))
    assert found["late"].isna().tolist() == [True, True, False, True]
    assert found["late"].iloc[2] == 1
    assert found["model_version"].unique().tolist() == ["3"]
    assert len(log.read("2013-06-01", "2013-06-02")) == 8


def test_the_same_rows_again_replace_their_file(log: PredictionsLog) -> None:
    assert log.append(_batch(), version=1) == log.append(_batch(), version=1)
    assert len(log.read("2013-06-01", "2013-06-01")) == 4


def test_the_newest_row_of_an_id_counts(log: PredictionsLog) -> None:
    log.append(_batch(score=0.1), version=1)
    log.append(_batch(score=0.7).head(2), version=2)
    found = log.read("2013-06-01", "2013-06-01")
    assert found["score"].tolist() == [0.7, 0.7, 0.1, 0.1]
    assert found["model_version"].tolist() == ["2", "2", "1", "1"]
    assert len(log.read("2013-06-01", "2013-06-01", version=1)) == 4
    for late in (0, 1):
        log.label(pd.DataFrame({"prediction_id": ["2013-06-01-0"], "late": [late]}))
    assert log.read("2013-06-01", "2013-06-01")["late"].iloc[0] == 1


def test_an_attempt_that_runs_again_replaces_its_own_rows(
    log: PredictionsLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = CurrentAttempt(job="score", attempt="a/1", folder=tmp_path, logical_time="2013")
    for name, value in attempt.environment().items():
        monkeypatch.setenv(name, value)
    one = log.append(_batch(score=0.1), version=1)
    assert log.append(_batch(score=0.2), version=1) == one
    # A second batch of that attempt and day stands beside the first.
    other = _batch(rows=6).tail(2)
    assert log.append(other, version=1) != one
    assert log.read("2013-06-01", "2013-06-01")["score"].tolist() == [0.2] * 4 + [0.1] * 2


def test_columns_may_come_and_change_their_type(log: PredictionsLog) -> None:
    log.append(_batch("2013-06-01", carrier=1), version=1)
    log.append(_batch("2013-06-02", carrier="UA", latency_ms=2.5), version=1)
    found = log.read("2013-06-01", "2013-06-02")
    assert set(found["carrier"]) == {1, "UA"}
    assert found["latency_ms"].isna().sum() == 4


def test_nothing_predicted_is_an_empty_table(log: PredictionsLog) -> None:
    assert log.days() == []
    found = log.read("2013-06-01", "2013-06-30")
    assert len(found) == 0
    assert {"prediction_id", "prediction", "timestamp"} <= set(found.columns)


def test_half_written_files_are_not_read(log: PredictionsLog) -> None:
    [path] = log.append(_batch(), version=1)
    (path.parent / ".half.parquet").write_bytes(b"PAR1")
    assert len(log.read("2013-06-01", "2013-06-01")) == 4
    (path.parent / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"cannot read .*broken\.parquet"):
        log.read("2013-06-01", "2013-06-01")


def test_zones_and_model_names_are_kept_apart(project: Project) -> None:
    log = predictions_log("../odd/name", project)
    assert project.home in log.predictions.resolve().parents
    zoned = _batch().assign(timestamp=lambda t: t["timestamp"].dt.tz_localize("America/New_York"))
    log.append(zoned, version="1")
    assert log.days() == [date(2013, 6, 1)]
    assert str(log.read("2013-06-01", "2013-06-01")["timestamp"].dt.tz) == "America/New_York"


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (_batch().drop(columns="prediction"), "no column 'prediction'"),
        (_batch().drop(columns="timestamp"), "no column 'timestamp'"),
        (_batch().head(0), "has no row"),
        (_batch(prediction_id="same"), "3 rows repeat a prediction_id"),
        (_batch(prediction_id=[None, "a", "b", "c"]), "1 rows have no prediction_id"),
        (_batch(timestamp="yesterday-ish"), "holds no times"),
        (_batch(timestamp=[pd.NaT, *pd.date_range("2024", periods=3)]), "1 rows have no"),
        (_batch(odd=[1, "a", np.nan, [2]]), "cannot be kept as Parquet"),
    ],
)
def test_bad_rows_are_refused(log: PredictionsLog, frame: pd.DataFrame, words: str) -> None:
    with pytest.raises(InputError, match=words):
        log.append(frame, version=1)
    assert not list(log.predictions.rglob("*.parquet"))


def test_bad_requests_are_refused(log: PredictionsLog) -> None:
    with pytest.raises(InputError, match="is no day"):
        log.read("someday", "2013-06-01")
    with pytest.raises(InputError, match="is after"):
        log.read("2013-06-02", "2013-06-01")
    with pytest.raises(InputError, match="no column beside"):
        log.label(pd.DataFrame({"prediction_id": ["a"]}))
    with pytest.raises(InputError, match="model's name"):
        predictions_log("")


def test_volume_counts_an_id_once_and_strangers_are_labels_without_prediction(
    log: PredictionsLog,
) -> None:
    log.append(_batch("2013-06-01"), version=1)
    log.append(_batch("2013-06-01", score=0.2), version=2)
    log.append(_batch("2013-06-03", rows=2), version=2)
    assert log.volume("2013-06-01", "2013-06-30") == {date(2013, 6, 1): 4, date(2013, 6, 3): 2}
    assert log.volume("2013-06-02", "2013-06-02") == {}
    assert log.strangers() == 0
    log.label(pd.DataFrame({"prediction_id": ["2013-06-01-2", "unknown"], "late": [1, 0]}))
    assert log.strangers() == 1


def test_only_label_files_that_may_hold_an_id_are_opened(
    log: PredictionsLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [f"2013-06-0{number}" for number in range(1, 6)]
    for day in days:
        log.append(_batch(day), version=1)
        log.label(pd.DataFrame({"prediction_id": [f"{day}-3", f"{day}-1"], "late": [1, 0]}))
    # One file with a bit of everything, as when ids come in no order.
    log.label(pd.DataFrame({"prediction_id": ["2013-06-01-0", "2013-06-05-0"], "late": [1, 1]}))
    opened: list[Path] = []
    read = predictions.read
    monkeypatch.setattr(predictions, "read", lambda path: (opened.append(path), read(path))[1])
    found = log.read("2013-06-03", "2013-06-03")
    assert found["late"].tolist()[1::2] == [0, 1]
    assert found["late"].isna().tolist() == [True, False, True, False]
    assert len(opened) == 2, "its own day and the mixed one"
    assert log.read("2013-06-01", "2013-06-05")["late"].notna().sum() == 12


def test_a_label_file_of_other_columns_changes_no_type(log: PredictionsLog) -> None:
    log.append(_batch(), version=1)
    ids = [f"2013-06-01-{number}" for number in range(4)]
    log.label(pd.DataFrame({"prediction_id": ids, "late": [1, 0, 1, 0]}))
    log.label(pd.DataFrame({"prediction_id": ["2013-06-01-0x"], "late": ["what"]}))
    assert log.read("2013-06-01", "2013-06-01")["late"].tolist() == [1, 0, 1, 0]
    assert log.read("2013-06-01", "2013-06-01")["late"].dtype.kind == "i"
    assert log.strangers() == 1
