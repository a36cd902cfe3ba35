from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.config import Project
from mlops_nb.state import attempts

DUE = datetime(2026, 4, 1, 6, tzinfo=UTC)


def begin(project: Project, attempt: str, job: str = "train", **more: object) -> None:
    values: dict[str, object] = {
        "job": job,
        "logical_time": DUE,
        "origin": "demand",
        "parent": None,
        "folder": f"f/{attempt}",
    }
    attempts.begin(project, attempt, **{**values, **more})  # type: ignore[arg-type]


def test_an_attempt_from_beginning_to_end(project: Project) -> None:
    begin(project, "a", parent="p", origin="after")
    (row,) = attempts.list_attempts(project)
    assert (row.status, row.ended, row.parent, row.origin) == ("running", None, "p", "after")
    assert row.logical_time == DUE
    attempts.end(project, "a", status="failed", message="why", run_id="r")
    (row,) = attempts.list_attempts(project, "train")
    assert (row.status, row.message, row.run_id) == ("failed", "why", "r")
    assert row.ended is not None
    assert row.ended >= row.started
    assert attempts.list_attempts(project, "score") == []


def test_the_newest_come_first_and_one_of_each_job(project: Project) -> None:
    for number in range(5):
        begin(project, f"a{number}")
    begin(project, "b", job="score", origin="schedule")
    begin(project, "c", job="score", origin="schedule", logical_time=DUE - timedelta(days=1))
    assert [row.attempt for row in attempts.list_attempts(project, limit=3)] == ["c", "b", "a4"]
    latest = attempts.latest_by_job(project)
    assert {job: row.attempt for job, row in latest.items()} == {"train": "a4", "score": "c"}
    assert attempts.last_scheduled(project) == {"score": DUE}


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.integers(-12, 14))  # noqa: DTZ001
def test_stamps_sort_by_time_and_come_back(naive: datetime, hours: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert attempts.moment(attempts.stamp(moment)) == moment
    assert (attempts.stamp(moment) < attempts.stamp(DUE)) == (moment < DUE)
