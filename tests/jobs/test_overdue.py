from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.jobs.overdue import overdue
from mlops_nb.result import Status
from mlops_nb.state import attempts

DUE = datetime(2026, 4, 1, 6, tzinfo=UTC)


@pytest.fixture
def watched(tmp_path: Path) -> Project:
    (tmp_path / "mlops.toml").write_text(
        '[jobs.score]\nnotebook = "n"\nschedule = "0 6 * * *"\ngrace = 600\n'
        '[jobs.train]\nnotebook = "n"\nfreshness = 86400\n'
        '[jobs.free]\nnotebook = "n"\nschedule = "* * * * *"\n',
        encoding="utf-8",
    )
    return load_project(tmp_path)


def ran(project: Project, job: str, due: datetime, status: str) -> None:
    attempts.begin(
        project,
        f"{job}-{status}-{due:%d%H}",
        job=job,
        logical_time=due,
        origin="schedule",
        parent=None,
        folder="f",
    )
    if status != "running":
        attempts.end(project, f"{job}-{status}-{due:%d%H}", status=status)


def status(project: Project, at: datetime, name: str) -> Status:
    (result,) = [result for result in overdue(project, at) if result.name == name]
    return result.status


def test_nobody_watches_what_names_no_limit(watched: Project, project: Project) -> None:
    assert {result.subject for result in overdue(watched, DUE)} == {"score", "train"}


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        (None, Status.ERROR),
        ("running", Status.ERROR),
        ("cancelled", Status.ERROR),
        ("succeeded", Status.PASSED),
        ("failed", Status.PASSED),  # it ran: its failure is an alert of its own
    ],
)
def test_a_run_that_did_not_come_in_time(
    watched: Project, ending: str | None, expected: Status
) -> None:
    yesterday = DUE - timedelta(days=1)
    ran(watched, "score", yesterday, "succeeded")
    if ending:
        ran(watched, "score", DUE, ending)
    assert status(watched, DUE + timedelta(seconds=599), "job.missed") is Status.PASSED
    assert status(watched, DUE + timedelta(seconds=600), "job.missed") is expected


def test_what_was_due_before_anything_ran_was_not_missed(watched: Project) -> None:
    late = DUE + timedelta(hours=1)
    assert status(watched, late, "job.missed") is Status.PASSED
    ran(watched, "free", DUE + timedelta(minutes=5), "succeeded")
    assert status(watched, late, "job.missed") is Status.PASSED
    assert status(watched, late + timedelta(days=1), "job.missed") is Status.ERROR


def test_what_is_wrong_is_said_with_the_due_time(watched: Project) -> None:
    ran(watched, "free", DUE - timedelta(minutes=5), "succeeded")
    (result, *_) = overdue(watched, DUE + timedelta(hours=1))
    assert "due at 2026-04-01 06:00 UTC" in result.message
    assert "mlops job history score" in result.advice


def test_a_success_grows_old(watched: Project) -> None:
    now = datetime.now(UTC)
    assert status(watched, now, "job.stale") is Status.ERROR
    ran(watched, "train", DUE, "failed")
    assert status(watched, now, "job.stale") is Status.ERROR
    ran(watched, "train", DUE, "succeeded")
    assert status(watched, now + timedelta(hours=23), "job.stale") is Status.PASSED
    assert status(watched, now + timedelta(hours=25), "job.stale") is Status.ERROR
