from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mlops_nb.config import Project
from mlops_nb.monitoring import pipeline
from mlops_nb.result import Result, Status
from mlops_nb.state import attempts

NOW = datetime.now(UTC)


def enter(project: Project, name: str, job: str, hours_ago: float, status: str) -> None:
    """Enter an attempt of a due time some hours ago; it starts now."""
    attempts.begin(
        project, name, job=job, logical_time=NOW - timedelta(hours=hours_ago),
        origin="schedule", parent=None, folder="x",
    )  # fmt: skip
    attempts.end(project, name, status=status, message="" if status == "succeeded" else "no data")


def told(project: Project, **options: object) -> dict[str, Result]:
    moment = datetime.now(UTC) + timedelta(seconds=5)
    return {r.identity: r for r in pipeline(project=project, now=moment, **options)}  # type: ignore[arg-type]


def test_a_retry_that_worked_counts_and_the_newest_due_time_decides(project: Project) -> None:
    for hour in range(3, 30):
        enter(project, f"a{hour}", "score", hour, "succeeded")
    enter(project, "b1", "score", 2, "failed")
    enter(project, "b2", "score", 2, "findings")
    enter(project, "c", "score", 1, "cancelled")
    found = told(project)
    assert found["system.job_success/score"].status is Status.PASSED
    assert found["system.job_success/score"].value == 1
    assert "28 of 28 due times were done" in found["system.job_success/score"].message
    enter(project, "d", "score", 0.5, "timeout")
    failed = told(project)["system.job_success/score"]
    assert failed.status is Status.FAILED
    assert "last failure: no data" in failed.message
    assert failed.advice == "mlops job history score"


def test_too_many_failures_and_late_starts_warn(project: Project) -> None:
    for hour in range(1, 5):
        enter(project, f"a{hour}", "train", hour, "failed" if hour > 2 else "succeeded")
    found = told(project)
    assert found["system.job_success/train"].status is Status.WARNED
    late = found["system.job_lateness/train"]
    assert late.status is Status.WARNED
    assert 240 <= late.value < 300, "in minutes; this module was imported some minutes ago"
    assert told(project, max_late=timedelta(hours=9))["system.job_lateness/train"].status is (
        Status.PASSED
    )


def test_a_job_that_never_ran_is_said(project: Project) -> None:
    [never] = told(project, jobs=["monitor"]).values()
    assert never.status is Status.SKIPPED
    assert told(project) == {}
