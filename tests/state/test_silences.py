from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.result import Result, Status
from mlops_nb.state.alerts import Alert, Found, list_alerts, record
from mlops_nb.state.silences import is_quiet, lift, silence, silences


@pytest.fixture
def alert(project: Project) -> Alert:
    found = Found(model="flights", job="j", attempt="a", folder="f", due=datetime.now(UTC))
    record(project, found, [Result(name="drift.column", subject="x", status=Status.FAILED)])
    return list_alerts(project)[0]


@pytest.mark.parametrize(
    ("pattern", "quiet"),
    [
        ("drift.*", True),
        ("drift.column/x", True),
        ("*", True),
        ("flights:drift.*", True),
        ("hotels:drift.*", False),
        ("performance.*", False),
        ("drift", False),
        ("DRIFT.*", False),
    ],
)
def test_a_pattern_covers_findings(
    project: Project, alert: Alert, pattern: str, quiet: bool
) -> None:
    silence(project, pattern, datetime.now(UTC) + timedelta(hours=1), "moving")
    assert is_quiet(alert, silences(project, datetime.now(UTC))) is quiet


def test_a_silence_ends(project: Project, alert: Alert) -> None:
    now = datetime.now(UTC)
    made = silence(project, "drift.*", now + timedelta(hours=1), "moving")
    (held,) = silences(project, now)
    assert (held.id, held.pattern, held.note) == (made.id, "drift.*", "moving")
    assert silences(project, now + timedelta(hours=2)) == []
    lift(project, made.id)
    assert silences(project, datetime.now(UTC)) == []
    with pytest.raises(NotFoundError, match="no silence"):
        lift(project, made.id)


def test_what_is_no_silence(project: Project) -> None:
    with pytest.raises(InputError, match="has passed"):
        silence(project, "*", datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(InputError, match="wants a pattern"):
        silence(project, " ", datetime.now(UTC) + timedelta(hours=1))
