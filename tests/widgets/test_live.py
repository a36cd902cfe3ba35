"""The chart that grows while a cell trains."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

import mlops_nb
from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.tracking import context
from mlops_nb.widgets.live import Curve, RunReader, live
from mlops_nb.widgets.view import MIME as WIDGET

Notebook = Any  # as conftest.py has it

TRAINING = """
import time
with mlops.run("<b>net</b>") as run:
    mlops.live()
    end = time.monotonic() + 1.6
    step = 0
    while time.monotonic() < end:
        mlops.log_metric("loss", 1 / (step + 1))
        step += 1
    mlops.log_metric("accuracy", 0.9)
"""


def test_a_curve_keeps_its_shape_and_its_last_point() -> None:
    curve = Curve()
    for step in range(100_001):
        curve.add(step, float(step))
    points = curve.points()
    assert len(points) <= 302
    assert points[0] == (0, 0.0)
    assert points[-1] == (100_000, 100_000.0)
    gaps = {two[0] - one[0] for one, two in pairwise(points[:-1])}
    assert len(gaps) == 1, "the points stand at even distances"


def test_what_is_read_is_what_was_logged(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "ensure_follower", lambda project: False)
    with mlops_nb.run("a<b>") as run:
        reader = RunReader(run)
        run.log_metric("loss", 0.5)
        run.log_metric("loss", math.inf)
        assert reader.read()
        assert not reader.read()
        assert reader.status == "RUNNING"
    assert reader.read()
    assert reader.status == "FINISHED"
    assert reader.curves["loss"].points() == [(0.0, 0.5), (1.0, math.inf)]
    assert "<svg" in reader.html()
    assert "a&lt;b&gt;" in reader.html()
    assert "a<b>" in reader.text()


def test_outside_of_a_notebook_nothing_happens_and_without_a_run_it_is_said(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(context, "ensure_follower", lambda project: False)
    with pytest.raises(InputError, match="no run is active"):
        live()
    with mlops_nb.run("script"):
        live()
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_the_front_end_is_told_while_the_cell_blocks_and_not_too_often(notebook: Notebook) -> None:
    notebook.sent.clear()
    answer = notebook.run(TRAINING)
    assert not answer.error
    (bundle,) = [bundle for bundle in answer.bundles if WIDGET in bundle]
    model = bundle[WIDGET]["model_id"]
    times = [at for at, which in notebook.sent if which == model]
    assert len(times) >= 3, "the chart grows before the cell has ended"
    assert len(times) <= 1 + 1.6 * 4 + 2, "four messages a second, and the last one"
    data = notebook.states[model]["data"]
    assert data["status"] == "FINISHED"
    assert data["curves"]["accuracy"] == [[0.0, 0.9]]
    assert len(data["curves"]["loss"]) <= 302
    (saved,) = [bundle for bundle in notebook.displays.values() if WIDGET in bundle]
    assert "<svg" in saved["text/html"], (
        "the finished curves are what a reader without widgets sees"
    )
    assert "<b>" not in saved["text/html"]
    assert len(saved["text/html"]) < 50_000


@pytest.mark.slow
def test_without_widgets_the_finished_curves_are_shown(notebook: Notebook) -> None:
    before = dict(notebook.displays)
    answer = notebook.run(TRAINING.replace("1.6", "0.1"), shows_widgets=False)
    assert not answer.error
    (saved,) = [bundle for key, bundle in notebook.displays.items() if key not in before]
    assert set(saved) == {"text/plain", "text/html"}
    assert "finished" in saved["text/html"]
    assert "<svg" in saved["text/html"]


@pytest.mark.slow
def test_a_run_that_has_ended_is_refused(notebook: Notebook) -> None:
    notebook.run("with mlops.run('over') as over: pass\n%mlops run list")
    assert "run 'over' has ended" in notebook.run("mlops.live(over)").error
