from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.jobs.history import history, overview
from mlops_nb.state import attempts, claims
from mlops_nb.state.claims import Owner

DUE = datetime(2026, 4, 1, 6, tzinfo=UTC)


@pytest.fixture
def with_jobs(tmp_path: Path) -> Project:
    (tmp_path / "mlops.toml").write_text(
        '[jobs.score]\nnotebook = "score.ipynb"\nschedule = "0 6 * * *"\n'
        'timezone = "Europe/Berlin"\n'
        '[jobs.train]\nnotebook = "train.ipynb"\nafter = {job = "score", on = "alert"}\n',
        encoding="utf-8",
    )
    return load_project(tmp_path)


def begin(project: Project, attempt: str) -> None:
    attempts.begin(
        project,
        attempt,
        job="score",
        logical_time=DUE,
        origin="schedule",
        parent=None,
        folder="f",
    )


def test_the_overview_has_every_job(with_jobs: Project) -> None:
    begin(with_jobs, "a")
    attempts.end(with_jobs, "a", status="succeeded")
    score, train = overview(with_jobs, now=DUE)
    assert (score.name, score.last.status if score.last else "") == ("score", "succeeded")
    assert score.next_due == datetime(2026, 4, 2, 4, tzinfo=UTC)
    assert (train.after, train.last, train.next_due) == ("score on alert", None, None)


def test_an_attempt_whose_supervisor_was_killed_is_cancelled(
    with_jobs: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = Owner.me()
    gone = Owner(host=me.host, pid=me.pid, started=me.started - 100)
    monkeypatch.setattr(Owner, "me", classmethod(lambda cls: gone))
    claims.claim(with_jobs, "score", DUE, "a")
    monkeypatch.undo()
    begin(with_jobs, "a")
    staging = with_jobs.home / "jobs" / ".staging" / "a"
    staging.mkdir(parents=True)
    (row,) = history(with_jobs)
    assert row.status == "cancelled"
    assert "was killed" in row.message
    assert not staging.exists()
    assert history(with_jobs, "train") == []
