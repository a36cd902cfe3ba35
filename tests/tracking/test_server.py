"""Tracking into a real MLflow server.

The tests of ``test_sync.py`` and ``test_kills.py`` run
against it with ``pytest tests/tracking/test_sync.py --on-server``.
"""

from __future__ import annotations

import math
import threading
import time

import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

import mlops_nb
from mlops_nb.config import Project
from mlops_nb.errors import StoreError
from mlops_nb.store import runs
from mlops_nb.store.connection import client
from mlops_nb.store.models import find_model
from mlops_nb.tracking import sync
from mlops_nb.tracking.follower import follow

pytestmark = pytest.mark.slow


def test_everything_that_can_be_logged(on_server: Project) -> None:
    frame = pd.DataFrame({"a": [0.0, 1.0], "b": ["x", "y"]})
    with mlops_nb.run("all", tags={"team": "ä"}) as run:
        for i in range(2500):
            mlops_nb.log_metric("verlust/größe", i / 3)
        mlops_nb.log_metrics({"nan": math.nan, "inf": -math.inf})
        mlops_nb.log_params({"depth": 3, "long": "x" * 6000})
        mlops_nb.log_input(frame, "training", name="frame")
        mlops_nb.log_table(frame, "tables/t.csv")
        mlops_nb.log_model(DecisionTreeClassifier().fit(frame[["a"]], [0, 1]))
        with mlops_nb.run("child", nested=True):
            mlops_nb.log_metric("x", 1)
        run_id = run.run_id
        (on_server.home / "journal" / f"{run.uid}.position").unlink()  # played again
    assert sync.sync(on_server).warnings == []
    record = runs.get_run(on_server, "all")
    assert (record.run_id, record.status, record.tags["team"]) == (run_id, "FINISHED", "ä")
    history = client(on_server).get_metric_history(run_id, "verlust/größe")
    assert sorted((m.step, m.value) for m in history) == [(i, i / 3) for i in range(2500)]
    assert math.isnan(record.metrics["nan"])
    assert record.tags["mlops.infinite"] == "inf = -inf at step 0"
    assert record.params == {"depth": "3", "long": "x" * 6000}
    assert runs.download(on_server, run_id, "tables/t.csv").read_text().startswith("a,b")
    stored = client(on_server).get_run(run_id)
    assert [found.dataset.name for found in stored.inputs.dataset_inputs] == ["frame"]
    assert len(stored.outputs.model_outputs) == 1
    assert find_model(on_server, run_id)
    assert runs.get_run(on_server, "child").tags["mlflow.parentRunId"] == run_id


def test_server_that_goes_away_in_the_middle(on_server: Project, server, request) -> None:
    outage = request.config.getoption("--outage", default=2.0)
    reports = []
    with mlops_nb.run("outage") as run:
        watcher = threading.Thread(
            target=lambda: reports.extend(follow(on_server, idle=1.0, poll=0.05))
        )
        watcher.start()
        points, slowest, stopped_at, until = 0, 0.0, 0.0, time.monotonic() + outage + 4
        while time.monotonic() < until or stopped_at == 0:
            began = time.perf_counter()
            mlops_nb.log_metric("m", points)
            slowest = max(slowest, time.perf_counter() - began)
            points += 1
            time.sleep(0.005)
            if stopped_at == 0 and points == 200:
                server.stop()
                stopped_at = time.monotonic()
                until = stopped_at + outage
        server.start()
    watcher.join(900)
    assert not watcher.is_alive()
    assert any(isinstance(report, StoreError) for report in reports)
    sync.sync(on_server)
    record = runs.get_run(on_server, run.uid)
    history = client(on_server).get_metric_history(record.run_id, "m")
    assert sorted((m.step, m.value) for m in history) == [(i, float(i)) for i in range(points)]
    assert record.status == "FINISHED"
    assert len(runs.list_runs(on_server)) == 1
    assert slowest < 1
    print(f"{points} points, server away for {outage:g} s, slowest call {slowest * 1e3:.1f} ms")
