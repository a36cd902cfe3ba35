"""Rows on their way into the log: off the path, none lost, none twice."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.monitoring import predictions_log, recorder, shadow
from mlops_nb.monitoring.recorder import Recorder
from mlops_nb.result import Status

MOMENT = pd.Timestamp("2026-03-01 06:00")


def rows(*ids: str, **columns: object) -> pd.DataFrame:
    values = {"prediction_id": ids, "timestamp": MOMENT, "prediction": 1, "score": 0.5} | columns
    return pd.DataFrame(values, index=range(len(ids)))


def until(condition: object) -> None:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.005)


def test_rows_are_written_many_at_a_time_in_a_thread_of_its_own(project: Project) -> None:
    threads: list[str] = []
    written: list[pd.DataFrame] = []

    def write(frame: pd.DataFrame) -> None:
        threads.append(threading.current_thread().name)
        written.append(frame)

    taken = Recorder(write, seconds=0.05)
    for number in range(20):
        taken.add(rows(f"p{number}"))
    until(lambda: sum(map(len, written)) == 20)
    assert sum(map(len, written)) == 20
    assert set(threads) == {"mlops-recorder"}
    taken.close()
    taken.add(rows("late"))
    assert written[-1]["prediction_id"].tolist() == ["late"], "after the end nothing waits"


def test_a_full_buffer_does_not_wait_for_its_time() -> None:
    written: list[int] = []
    taken = Recorder(lambda frame: written.append(len(frame)), seconds=60, rows=10)
    taken.add(rows(*map(str, range(10))))
    until(lambda: written)
    assert written == [10]
    taken.close()


def test_a_log_that_cannot_be_written_keeps_the_rows(project: Project) -> None:
    log = predictions_log("m")
    log.predictions.parent.mkdir(parents=True)
    log.predictions.write_text("no folder", encoding="utf-8")
    taken = Recorder(lambda frame: log.append(frame, version=1), seconds=60)
    taken.add(rows("a"))
    taken.flush()
    taken.add(rows("b"))
    log.predictions.unlink()
    taken.close()
    found = log.read("2026-03-01", "2026-03-01")
    assert sorted(found["prediction_id"]) == ["a", "b"]


def test_an_id_asked_twice_and_a_row_that_fits_no_column(project: Project) -> None:
    log = predictions_log("m")
    taken = Recorder(lambda frame: log.append(frame, version=1), seconds=60)
    taken.add(rows("a", age=3))
    taken.add(rows("b", age="three"))
    taken.add(rows("a", age=4, score=0.7))
    taken.add(rows("c", timestamp=None))
    taken.close()
    found = log.read("2026-03-01", "2026-03-01").set_index("prediction_id")
    assert set(found.index) == {"a", "b"}
    assert found.loc["a", "score"] == 0.7


def test_the_oldest_are_given_up_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recorder, "MOST_ROWS", 3)
    written: list[str] = []
    down = [True]

    def write(frame: pd.DataFrame) -> None:
        if down[0]:
            raise OSError("no space left")
        written.extend(frame["prediction_id"])

    taken = Recorder(write, seconds=60)
    for name in "abcde":
        taken.add(rows(name))
        taken.flush()
    assert "2 predictions were given up" not in caplog.text
    assert caplog.text.count("1 predictions were given up") == 2
    down[0] = False
    taken.close()
    assert written == ["c", "d", "e"]


def test_the_shadow_is_apart_and_compared(project: Project) -> None:
    live, dark = predictions_log("m"), predictions_log("m", shadow=True)
    assert shadow("m", "2026-03-01", "2026-03-01")[0].status is Status.SKIPPED
    ids = [f"p{n}" for n in range(100)]
    truth = pd.Series([n % 2 for n in range(100)])
    wrong = truth.where(truth.index >= 30, 1 - truth)
    live.append(rows(*ids, prediction=truth, score=0.5), version=1)
    dark.append(rows(*ids, prediction=wrong, score=0.25), version=2)
    live.label(pd.DataFrame({"prediction_id": ids, "late": truth}))
    found = live.read("2026-03-01", "2026-03-01")
    assert found["model_version"].unique().tolist() == ["1"], "what is monitored was answered"
    by_name = {r.name: r for r in shadow("m", "2026-03-01", "2026-03-01", label="late")}
    assert by_name["shadow.agreement"].value == pytest.approx(0.7)
    assert by_name["shadow.agreement"].subject == "m/2"
    assert by_name["shadow.score"].value == pytest.approx(0.25)
    gain = by_name["shadow.gain"]
    assert (gain.status, gain.value) == (Status.WARNED, pytest.approx(-0.3))
    assert gain.evidence["low"] < -0.3 < gain.evidence["high"] < 0


def test_numbers_are_compared_by_their_distance(project: Project) -> None:
    live, dark = predictions_log("m"), predictions_log("m", shadow=True)
    ids = ["a", "b", "c", "d"]
    live.append(rows(*ids, prediction=[1.0, 2.0, 3.0, 4.0]).drop(columns="score"), version=1)
    dark.append(rows(*ids, prediction=[1.5, 2.5, 3.5, 4.5]).drop(columns="score"), version=2)
    live.label(pd.DataFrame({"prediction_id": ids, "cost": [1.5, 2.5, 3.0, 4.5]}))
    by_name = {r.name: r for r in shadow("m", "2026-03-01", "2026-03-01", label="cost")}
    assert by_name["shadow.agreement"].value == pytest.approx(0.5)
    assert by_name["shadow.gain"].value == pytest.approx((0.5 + 0.5 - 0.5 + 0.5) / 4)


def test_a_shadow_of_other_rows_says_so(project: Project, tmp_path: Path) -> None:
    predictions_log("m").append(rows("a"), version=1)
    predictions_log("m", shadow=True).append(rows("b"), version=2)
    [found] = shadow("m", "2026-03-01", "2026-03-01")
    assert "none of these rows" in found.message
    with pytest.raises(InputError, match="after the last day"):
        shadow("m", "2026-03-02", "2026-03-01")
