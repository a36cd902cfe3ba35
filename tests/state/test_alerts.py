from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError
from mlops_nb.result import Result, Status
from mlops_nb.state.alerts import (
    Found,
    acknowledge,
    list_alerts,
    record,
)

DUE = datetime(2026, 4, 1, tzinfo=UTC)


def window(day: int, model: str = "flights") -> Found:
    due = DUE + timedelta(days=day)
    return Found(model=model, job="monitor", attempt=f"a{day}", folder=f"f{day}", due=due)


def auc(status: Status, message: str = "fell") -> Result:
    return Result(name="performance.auc", subject="all", status=status, message=message)


def news(project: Project, day: int, *results: Result, model: str = "flights") -> list[str]:
    return [kind for kind, _ in record(project, window(day, model), results)]


def test_an_alert_lives_from_the_first_window_to_the_one_that_passes(project: Project) -> None:
    assert news(project, 0, auc(Status.PASSED)) == []
    assert news(project, 1, auc(Status.FAILED, "0.6")) == ["new"]
    assert news(project, 2, auc(Status.FAILED, "0.5")) == ["ongoing"]
    (alert,) = list_alerts(project)
    assert (alert.windows, alert.message, alert.attempt, alert.folder) == (2, "0.5", "a2", "f2")
    assert alert.identity == "performance.auc/all"
    assert alert.due == DUE + timedelta(days=2)
    assert news(project, 3, auc(Status.WARNED)) == []
    assert news(project, 1, auc(Status.PASSED)) == [], "an earlier window proves nothing"
    assert news(project, 4, auc(Status.PASSED)) == ["resolved"]
    assert list_alerts(project) == []
    assert news(project, 5, auc(Status.FAILED)) == ["new"]
    assert [one.status for one in list_alerts(project, resolved=True)] == ["open", "resolved"]


def test_models_and_subjects_are_told_apart(project: Project) -> None:
    other = replace(auc(Status.FAILED), subject="carrier AA")
    assert news(project, 1, auc(Status.FAILED), other) == ["new", "new"]
    assert news(project, 1, auc(Status.FAILED), model="hotels") == ["new"]
    assert len(list_alerts(project)) == 3


def test_the_same_attempt_twice_is_one_window(project: Project) -> None:
    news(project, 1, auc(Status.FAILED))
    news(project, 1, auc(Status.FAILED))
    assert list_alerts(project)[0].windows == 1


def test_what_gets_graver_is_news_even_when_acknowledged(project: Project) -> None:
    news(project, 1, auc(Status.FAILED))
    (alert,) = list_alerts(project)
    assert acknowledge(project, alert.id, "we know").note == "we know"
    assert news(project, 2, auc(Status.FAILED)) == ["ongoing"]
    assert list_alerts(project)[0].status == "acknowledged"
    assert news(project, 3, auc(Status.ERROR)) == ["escalated"]
    assert list_alerts(project)[0].status == "open"


def test_only_a_living_alert_can_be_acknowledged(project: Project) -> None:
    with pytest.raises(NotFoundError, match="no alert 7"):
        acknowledge(project, 7)
    news(project, 1, auc(Status.FAILED))
    news(project, 2, auc(Status.PASSED))
    with pytest.raises(NotFoundError):
        acknowledge(project, list_alerts(project, resolved=True)[0].id)
