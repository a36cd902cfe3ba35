from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mlops_nb.config import Project
from mlops_nb.jobs.alerts import compose, is_news, raise_alerts
from mlops_nb.jobs.attempt import AttemptRecord, AttemptStatus, attempt_folder
from mlops_nb.result import Result, Status
from mlops_nb.state.alerts import list_alerts

DUE = datetime(2026, 4, 1, tzinfo=UTC)


def attempt(project: Project, status: AttemptStatus, *results: Result) -> AttemptRecord:
    return AttemptRecord(
        job="monitor",
        attempt="a",
        logical_time=DUE,
        status=status,
        started=DUE,
        ended=DUE,
        parameters={},
        notebook=project.root / "n.ipynb",
        folder=attempt_folder(project, "monitor", DUE, "a"),
        message="why",
        results=results,
    )


def failed(subject: str) -> Result:
    return Result(
        name="drift.column",
        subject=subject,
        status=Status.FAILED,
        message=f"{subject} moved",
        advice="look at it",
    )


def test_one_message_for_all_that_is_news(project: Project) -> None:
    first = attempt(project, AttemptStatus.FINDINGS, failed("x"))
    raise_alerts(project, first, {"model": "flights"})
    second = attempt(project, AttemptStatus.FINDINGS, failed("x"), failed("y"), failed("z"))
    touched = raise_alerts(project, second, {"model": "flights"})
    news = [alert for kind, alert in touched if is_news(kind, alert)]
    message = compose(project, news, source="job monitor", ongoing=1)
    assert message is not None
    assert message.title == "test: 2 alerts for flights from job monitor"
    assert message.body.splitlines() == [
        "FAILED drift.column/y: y moved",
        "  what to do: look at it",
        "FAILED drift.column/z: z moved",
        "  what to do: look at it",
        "1 known already, still there",
    ]
    again = raise_alerts(project, second, {"model": "flights"})
    assert [alert for kind, alert in again if is_news(kind, alert)] == []
    assert compose(project, [], source="job monitor") is None


@pytest.mark.parametrize("status", list(AttemptStatus))
def test_a_job_that_does_not_run_is_an_alert_of_its_own(
    project: Project, status: AttemptStatus
) -> None:
    raise_alerts(project, attempt(project, status), {})
    fine = {AttemptStatus.SUCCEEDED, AttemptStatus.FINDINGS, AttemptStatus.CANCELLED}
    assert [one.identity for one in list_alerts(project)] == (
        [] if status in fine else ["job.completed/monitor"]
    )
    raise_alerts(project, attempt(project, AttemptStatus.SUCCEEDED), {})
    assert list_alerts(project) == []
