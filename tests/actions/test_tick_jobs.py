from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_nb.actions.tick_jobs import tick
from mlops_nb.config import load_project
from mlops_nb.errors import ConfigError
from mlops_nb.state.alerts import list_alerts
from mlops_nb.state.attempts import list_attempts


def write(folder: Path, source: str, config: str) -> None:
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": source,
    }
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    (folder / "n.ipynb").write_text(json.dumps(book), encoding="utf-8")
    (folder / "mlops.toml").write_text(config, encoding="utf-8")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_tick_without_jobs(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="no job is declared"):
        tick(load_project(tmp_path), at("2026-04-01T06:00"))


def test_a_job_that_cannot_start_is_history_and_the_next_one_still_runs(tmp_path: Path) -> None:
    write(
        tmp_path,
        "print(1)",
        '[jobs.gone]\nnotebook = "missing.ipynb"\nschedule = "0 6 * * *"\n'
        '[jobs.wrong]\nnotebook = "n.ipynb"\nschedule = "0 6 * * *"\nparameters = {x = 1}\n',
    )
    project = load_project(tmp_path)
    done = tick(project, at("2026-04-01T07:00"))
    assert [one.record.status if one.record else None for one in done] == ["refused", "refused"]
    assert {row.status for row in list_attempts(project)} == {"refused"}
    assert tick(project, at("2026-04-01T08:00")) == []


def test_a_day_without_a_tick_is_told_although_it_is_caught_up_with(tmp_path: Path) -> None:
    # The job is refused, which takes no kernel: that it came too late is another matter.
    table = 'notebook = "missing.ipynb"\nschedule = "0 6 * * *"\ngrace = 3600\ncatch-up = "all"\n'
    route = '[alerts.routes]\nlocal = "local"\n'
    write(tmp_path, "print(1)", f"[jobs.daily]\n{table}{route}")
    project = load_project(tmp_path)
    tick(project, at("2026-04-01T09:00"))  # its first run: it was not expected before
    tick(project, at("2026-04-02T06:30"))
    log = project.home / "alerts.log"
    assert "job.missed" not in log.read_text(encoding="utf-8")

    done = tick(project, at("2026-04-04T06:30"))  # the machine was off on the third
    assert [one.due.day for one in done] == [3, 4]
    (told,) = [line for line in log.read_text(encoding="utf-8").splitlines() if "missed" in line]
    assert "job.missed/daily: job daily was due at 2026-04-03 06:00 UTC" in told
    (alert,) = [one for one in list_alerts(project, resolved=True) if "missed" in one.identity]
    assert (alert.status, alert.told is not None) == ("resolved", True)
    tick(project, at("2026-04-05T06:30"))
    assert log.read_text(encoding="utf-8").count("job.missed") == 1


@pytest.mark.slow
def test_ticks_run_each_due_time_once_and_only_the_latest(tmp_path: Path) -> None:
    write(
        tmp_path,
        "open('count', 'a').write('x')",
        '[jobs.hourly]\nnotebook = "n.ipynb"\nschedule = "0 * * * *"\n'
        '[jobs.manual]\nnotebook = "n.ipynb"\n',
    )
    project = load_project(tmp_path)
    (first,) = tick(project, at("2026-04-01T06:30"))
    assert (first.due, first.missed) == (at("2026-04-01T06:00"), 0)
    assert tick(project, at("2026-04-01T06:59")) == []
    (late,) = tick(project, at("2026-04-01T10:00"))
    assert (late.due, late.missed) == (at("2026-04-01T10:00"), 3)
    assert tick(project, at("2026-04-01T08:00")) == []
    assert (tmp_path / "count").read_text(encoding="utf-8") == "xx"
    assert [row.logical_time.hour for row in list_attempts(project)] == [10, 6]


@pytest.mark.slow
def test_ticks_of_two_processes_run_a_due_time_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        "open('count', 'a').write('x')",
        '[jobs.hourly]\nnotebook = "n.ipynb"\nschedule = "0 * * * *"\n',
    )
    command = [
        str(Path(sys.executable).parent / "mlops"),
        "job",
        "tick",
        "--at",
        "2026-04-01T06:30",
    ]
    both = [subprocess.Popen(command, cwd=tmp_path, env=os.environ) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert (tmp_path / "count").read_text(encoding="utf-8") == "x"
