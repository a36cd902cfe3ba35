from __future__ import annotations

import signal
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from mlops_nb.cli.job import command
from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.jobs.attempt import staging_folder
from mlops_nb.jobs.progress import cancel, clear, progress_of, written
from mlops_nb.jobs.supervisor import Progress, Stop
from mlops_nb.state import attempts


def begin(project: Project, attempt: str) -> None:
    attempts.begin(
        project, attempt, job="train", logical_time=datetime.now(UTC), origin="demand", parent=None,
        folder=f".mlops/jobs/train/{attempt}",
    )  # fmt: skip


def test_progress_is_read_by_others_and_told_on(project: Project) -> None:
    staging = staging_folder(project, "a1")
    staging.mkdir(parents=True)
    heard: list[Progress] = []
    tell = written(staging, heard.append)
    one = Progress(job="train", cell=2, cells=5, seconds=1.5, peak=1000)
    tell(one)
    tell(Progress(job="train", cell=3, cells=5, seconds=1.5))
    assert progress_of(project, "a1") == one, "cells that are over in no time are left out"
    assert [progress.cell for progress in heard] == [2, 3]
    clear(staging)
    assert list(staging.iterdir()) == []
    assert progress_of(project, "a1") is None


def test_a_damaged_file_tells_nothing(project: Project) -> None:
    staging = staging_folder(project, "a1")
    staging.mkdir(parents=True)
    (staging / "progress.json").write_text('{"job": "train", "cell":', encoding="utf-8")
    assert progress_of(project, "a1") is None


def test_a_word_for_one_attempt_stops_that_one_alone(project: Project) -> None:
    begin(project, "a1")
    staging = staging_folder(project, "a1")
    staging.mkdir(parents=True)
    whole = Stop()
    own = whole.or_when(staging / "cancel")
    other = whole.or_when(staging_folder(project, "a2") / "cancel")
    assert not own.requested
    assert cancel(project, "a1").job == "train"
    assert (own.requested, own.reason) == (True, "cancelled on request")
    assert not own.urgent
    assert not other.requested
    assert not whole.requested
    whole.signals.append(signal.SIGTERM)
    assert (other.requested, other.reason) == (True, "cancelled by SIGTERM")


def test_what_cannot_be_cancelled_says_why(project: Project) -> None:
    with pytest.raises(NotFoundError, match="no attempt 'gone'"):
        cancel(project, "gone")
    begin(project, "a1")
    with pytest.raises(InputError, match="does not run on this machine"):
        cancel(project, "a1")
    attempts.end(project, "a1", status="failed")
    with pytest.raises(InputError, match="has ended already: failed"):
        cancel(project, "a1")


def test_the_command_asks_for_it(project: Project) -> None:
    begin(project, "a1")
    staging_folder(project, "a1").mkdir(parents=True)
    done = CliRunner().invoke(command, ["cancel", "a1"], catch_exceptions=False)
    assert "attempt a1 of job train is asked to end" in done.output
    assert (staging_folder(project, "a1") / "cancel").exists()
