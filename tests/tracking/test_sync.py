from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mlops_nb
from mlops_nb.config import Config, Project
from mlops_nb.errors import StoreError
from mlops_nb.store import runs
from mlops_nb.store.connection import client
from mlops_nb.tracking import journal as lines
from mlops_nb.tracking import sync as module
from mlops_nb.tracking.follower import ensure_follower, follow
from mlops_nb.tracking.sync import sync

pytestmark = pytest.mark.slow


def _history(project: Project, run_id: str, key: str) -> list[tuple[int, float]]:
    return sorted((m.step, m.value) for m in client(project).get_metric_history(run_id, key))


def test_run_comes_over_whole_and_its_journal_goes(stored: Project) -> None:
    with mlops_nb.run("parent", tags={"team": "a"}) as run:
        for i in range(1500):
            mlops_nb.log_metric("loss", i / 3)
        mlops_nb.log_param("depth", 3)
        mlops_nb.log_text("hello", "notes/a.md")
        with mlops_nb.run("child", nested=True) as child:
            mlops_nb.log_metric("x", 1)
    report = sync(stored)
    assert sorted(report.finished) == sorted([run.uid, child.uid])
    record = runs.get_run(stored, "parent")
    assert (record.status, record.params, record.tags["team"]) == ("FINISHED", {"depth": "3"}, "a")
    assert record.tags["mlflow.runName"] == "parent"
    assert _history(stored, record.run_id, "loss") == [(i, i / 3) for i in range(1500)]
    assert runs.download(stored, record.run_id, "notes/a.md").read_text() == "hello"
    parent_of_child = runs.get_run(stored, child.uid).tags["mlflow.parentRunId"]
    assert parent_of_child == record.run_id == run.run_id
    assert not module.journals(stored)
    assert not (stored.home / "journal" / run.uid).exists()
    assert not sync(stored).changed


def test_live_run_comes_over_in_parts_and_replays_exactly(stored: Project) -> None:
    with mlops_nb.run("live") as run:
        for i in range(100):
            mlops_nb.log_metric("m", i)
        assert sync(stored).live == [run.uid]
        run_id = run.run_id
        assert runs.get_run(stored, run_id).status == "RUNNING"
        assert len(_history(stored, run_id, "m")) == 100
        for i in range(100, 150):
            mlops_nb.log_metric("m", i)
        # The note of how far it got is lost: everything is played again.
        (stored.home / "journal" / f"{run.uid}.position").unlink()
        sync(stored)
        assert _history(stored, run_id, "m") == [(i, float(i)) for i in range(150)]
    sync(stored)
    assert len(runs.list_runs(stored)) == 1
    assert runs.get_run(stored, run_id).status == "FINISHED"


def test_points_before_an_end_that_is_seen_twice_come_over_once(stored: Project) -> None:
    """A pass may find the end of a run whose writer has not let go of its journal yet."""
    with mlops_nb.run("ending") as run:
        for i in range(30):
            mlops_nb.log_metric("m", i)
        run._append(lines.End("FINISHED", 1))
        reports = [sync(stored) for _ in range(2)]
        assert [report.points for report in reports] == [30, 0]
        assert module.journals(stored)
    sync(stored)
    record = runs.get_run(stored, "ending")
    assert record.status == "FINISHED"
    assert _history(stored, record.run_id, "m") == [(i, float(i)) for i in range(30)]
    assert not module.journals(stored)


def test_pass_that_breaks_off_anywhere_is_made_good(stored: Project, monkeypatch) -> None:
    with mlops_nb.run("broken off") as run:
        for i in range(2500):
            mlops_nb.log_metric("m", i)
        mlops_nb.log_text("x", "a.txt")
    real = runs.upload

    def fail(*_: object) -> None:
        raise StoreError("gone")

    monkeypatch.setattr(runs, "upload", fail)
    with pytest.raises(StoreError):
        sync(stored)
    monkeypatch.setattr(runs, "upload", real)
    assert sync(stored).finished == [run.uid]
    (record,) = runs.list_runs(stored)
    assert len(_history(stored, record.run_id, "m")) == 2500


def test_nan_stays_and_infinity_is_said(stored: Project) -> None:
    with mlops_nb.run("odd"):
        mlops_nb.log_metric("a", math.nan)
        mlops_nb.log_metric("b", math.inf)
    sync(stored)
    record = runs.get_run(stored, "odd")
    assert math.isnan(record.metrics["a"])
    assert math.isnan(record.metrics["b"])
    assert record.tags["mlops.infinite"] == "b = inf at step 0"


def test_model_becomes_the_runs_logged_model_once(stored: Project) -> None:
    import pandas as pd
    from sklearn.tree import DecisionTreeClassifier

    from mlops_nb.store.models import find_model

    frame = pd.DataFrame({"a": [0.0, 1.0], "b": [1.0, 0.0]})
    with mlops_nb.run("model") as run:
        mlops_nb.log_model(DecisionTreeClassifier().fit(frame, [0, 1]), input_example=frame)
        run_id = run.run_id
        (stored.home / "journal" / f"{run.uid}.position").unlink()
    sync(stored)
    assert find_model(stored, run_id) is not None
    outputs = client(stored).get_run(run_id).outputs.model_outputs
    assert len(outputs) == 1


_DYING = """
import time, mlops_nb
from mlops_nb.tracking import context
context.ensure_follower = lambda project: False
with mlops_nb.run("victim"):
    i = 0
    while True:
        mlops_nb.log_metric("m", i * 0.5)
        i += 1
        if i % 50 == 0:
            print(i, flush=True)
            time.sleep(0.02)
"""


def test_killed_process_loses_nothing_and_its_run_is_killed(stored: Project) -> None:
    process = subprocess.Popen([sys.executable, "-c", _DYING], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = [int(process.stdout.readline()) for _ in range(3)]
    live = sync(stored)
    assert len(live.live) == 1
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    acknowledged = int(rest[-1]) if rest else seen[-1]
    (path,) = module.journals(stored)
    written = sum(isinstance(e, lines.Metric) for e in _all(path))
    assert written >= acknowledged
    assert len(sync(stored).killed) == 1
    (record,) = runs.list_runs(stored)
    assert record.status == "KILLED"
    assert record.ended is not None
    assert _history(stored, record.run_id, "m") == [(i, i * 0.5) for i in range(written)]


def _all(path: Path) -> list[lines.Entry]:
    found: list[lines.Entry] = []
    offset = 0
    while True:
        entries, after, _ = lines.read(path, offset)
        if after == offset:
            return found
        found, offset = found + entries, after


def test_torn_last_line_is_ignored_with_a_warning(stored: Project) -> None:
    with mlops_nb.run("torn") as run:
        mlops_nb.log_metric("m", 1)
    (path,) = module.journals(stored)
    end = path.read_bytes().rindex(b'{"type":"end"')
    path.write_bytes(path.read_bytes()[: end + 9])
    report = sync(stored)
    assert report.killed == [run.uid]
    assert "torn" in report.warnings[0]


def test_unreachable_store_keeps_the_journal(project: Project) -> None:
    away = Project(root=project.root, config=Config(tracking_uri="http://127.0.0.1:9"))
    with mlops_nb.run("kept") as run:
        mlops_nb.log_metric("m", 1)
    began = time.monotonic()
    with pytest.raises(StoreError, match="cannot reach the store"):
        sync(away)
    assert time.monotonic() - began < 5
    assert [path.stem for path in module.journals(project)] == [run.uid]
    answers = follow(away, idle=0, poll=0.01)
    assert isinstance(next(answers), StoreError)
    answers.close()


def test_journal_of_a_deleted_run_goes_too(stored: Project) -> None:
    with mlops_nb.run("deleted") as run:
        client(stored).delete_run(run.run_id)
        mlops_nb.log_metric("m", 1)
    report = sync(stored)
    assert any("deleted in the store" in warning for warning in report.warnings)
    assert not module.journals(stored)


def test_journal_without_a_beginning_is_set_aside(stored: Project) -> None:
    folder = stored.home / "journal"
    folder.mkdir(parents=True)
    (folder / "x.jsonl").write_text("garbage\n")
    assert "set aside" in sync(stored).warnings[-1]
    assert (folder / "x.broken").exists()


def test_follower_works_alone_and_ends(stored: Project) -> None:
    with mlops_nb.run("followed"):
        assert ensure_follower(stored)
        deadline = time.monotonic() + 60
        assert not ensure_follower(stored)
    while module.journals(stored) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert runs.get_run(stored, "followed").status == "FINISHED"


def test_follow_ends_when_idle(stored: Project) -> None:
    with mlops_nb.run("f"):
        pass
    (report,) = follow(stored, idle=0.05, poll=0.01)
    assert len(report.finished) == 1
