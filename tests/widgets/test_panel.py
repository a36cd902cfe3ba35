"""``mlops.panel()``, its buttons pressed as a front end does it."""

from __future__ import annotations

from typing import Any, NamedTuple

import nbformat
import numpy as np
import pandas as pd
import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError
from mlops_nb.store import runs
from mlops_nb.tracking import context
from mlops_nb.tracking.active import Run
from mlops_nb.tracking.sync import sync
from mlops_nb.widgets.evaluate import evaluate
from mlops_nb.widgets.panel import panel
from mlops_nb.widgets.sliders import controls
from mlops_nb.widgets.view import MIME as WIDGET

Notebook = Any  # as conftest.py has it

PANEL = """
def train(depth=3, lr=0.01, kind="a"):
    if kind == "broken":
        raise ValueError("<b>no</b> such kind")
    mlops.log_metric("loss", lr)
    return {"auc": 0.5 + depth / 100, "note": "text"}
mlops.panel(train, depth=(1, 10), lr=(1e-4, 1e-1), kind=["a", "b", "broken"])
"""


def train(depth: int, lr: float = 0.01, rate: float = 0.5, kind: str = "a") -> float:
    return depth * lr * rate


def test_abbreviations_are_those_of_interact_with_sliders_that_fit_the_range() -> None:
    made = controls(train, {"depth": (1, 10), "lr": (1e-4, 1e-1), "rate": (0.0, 2.0)}, "Run")
    depth, lr, rate, kind, *_ = made.kwargs_widgets
    assert (depth.min, depth.max, type(depth).__name__) == (1, 10, "IntSlider")
    assert (type(lr).__name__, lr.min, lr.max) == ("FloatLogSlider", -4, -1)
    assert lr.value == pytest.approx(0.01), "the function's own default"
    assert (type(rate).__name__, rate.step, rate.value) == ("FloatSlider", 0.02, 0.5)
    assert (type(kind).__name__, kind.value) == ("Text", "a")
    assert not any(widget.continuous_update for widget in (depth, lr, rate))


def test_mistakes_are_told_at_once() -> None:
    with pytest.raises(InputError, match="train has no argument 'deph'\n  did you mean 'depth'"):
        controls(train, {"deph": (1, 10)}, "Run")
    with pytest.raises(InputError, match="'depth'"):
        controls(lambda depth: depth, {}, "Run")
    with pytest.raises(InputError, match="no function"):
        panel(depth=(1, 2))


def test_without_a_front_end_there_is_a_text_and_no_widget() -> None:
    bundle = panel(train, depth=(1, 10))._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == "mlops.panel(train, depth=(1, 10))"


class Scores(NamedTuple):
    recall: float
    label: str


@pytest.mark.parametrize(
    ("returned", "metrics"),
    [
        (np.float32(0.5), {"result": 0.5}),
        (
            {"auc": 1, "by": {"north": 0.25}, "text": "x", "flag": True},
            {"auc": 1, "by.north": 0.25},
        ),
        (Scores(0.75, "x"), {"recall": 0.75}),
        ((1, "x", 3.0), {"result.0": 1, "result.2": 3}),
        (None, {}),
    ],
)
def test_numbers_that_are_returned_become_metrics(
    project: Project, monkeypatch: pytest.MonkeyPatch, returned: Any, metrics: dict[str, float]
) -> None:
    monkeypatch.setattr(context, "ensure_follower", lambda project: False)
    seen: list[Run] = []
    table = pd.DataFrame({"a": [1, 2]})
    answer = evaluate(
        lambda depth, table, model: returned,
        {"depth": 3, "table": table, "model": object()},
        seen.append,
    )
    assert answer is returned
    assert seen[0].metrics == metrics
    assert seen[0].params == {"depth": "3"}
    assert [facts["name"] for facts in seen[0].inputs] == ["table"]
    assert seen[0].status == "FINISHED"


def test_a_panel_without_a_function_has_nothing_to_call() -> None:
    with pytest.raises(InputError, match="no function to call"):
        panel().call()


@pytest.fixture
def opened(notebook: Notebook) -> Notebook:
    """The kernel that the tests share, with a panel that none of them has touched."""
    answer = notebook.run(PANEL)
    assert not answer.error
    assert WIDGET in answer.bundles[-1]
    assert "<pre>" in answer.bundles[-1]["text/html"]
    return notebook


def press(notebook: Notebook, button: str) -> Any:
    found = notebook.find(_model_name="ButtonModel", description=button)
    return notebook.message(found, event="click")


def said(notebook: Notebook) -> str:
    return str(notebook.states[notebook.find(_model_name="HTMLModel")]["value"])


@pytest.mark.slow
def test_every_call_is_a_run(opened: Notebook) -> None:
    press(opened, "Run train")
    depth = opened.find(_model_name="IntSliderModel", description="depth")
    opened.message(depth, state={"value": 7})
    press(opened, "Run train")
    table = opened.states[opened.find(_model_name="AnyModel", kind="runs")]["data"]
    labels = [column["label"] for column in table["columns"]]
    assert labels == [
        "call", "status", "depth", "lr", "kind", "loss", "auc", "seconds", "error", "run"
    ]  # fmt: skip
    newest, first = table["rows"]
    assert (newest[0], newest[1], newest[2]) == ("#2 train", "FINISHED", "7")
    assert newest[labels.index("auc")] == pytest.approx(0.57)
    assert first[2] == "3"
    project = load_project(opened.folder)
    sync(project)
    record = runs.get_run(project, newest[-1])
    assert (record.name, record.params["depth"]) == ("train", "7")
    assert record.metrics == pytest.approx({"auc": 0.57, "loss": 0.01})
    code = runs.download(project, record.run_id, "mlops/cell.py").read_text()
    assert code.startswith("def train(")
    assert code.endswith("train(depth=7, lr=0.01, kind='a')")


@pytest.mark.slow
def test_a_call_is_made_again_without_the_panel(opened: Notebook) -> None:
    assert not opened.run("unrelated = 1").error
    press(opened, "Run train")
    table = opened.states[opened.find(_model_name="AnyModel", kind="runs")]["data"]
    uid = table["rows"][0][-1]
    answer = opened.run(f"made = %mlops run reproduce {uid}\nprint(made.verdict)")
    assert answer.text.strip().endswith("reproduced"), answer
    project = load_project(opened.folder)
    record = runs.get_run(project, uid)
    kept = nbformat.read(runs.download(project, record.run_id, "mlops/slice.ipynb"), 4)
    assert "unrelated" not in "".join(cell.source for cell in kept.cells)
    assert kept.cells[-1].source.endswith("panel(train).call(depth=3, lr=0.01, kind='a')")


@pytest.mark.slow
def test_an_exception_is_a_failed_run_and_shown_as_text(opened: Notebook) -> None:
    kind = opened.find(_model_name="DropdownModel", description="kind")
    each = opened.find(_model_name="CheckboxModel", description="Run on every change")
    opened.message(each, state={"value": True})
    opened.message(kind, state={"index": 2})
    table = opened.states[opened.find(_model_name="AnyModel", kind="runs")]["data"]
    labels = [column["label"] for column in table["columns"]]
    assert table["rows"][0][1] == "FAILED"
    assert table["rows"][0][labels.index("error")] == "ValueError: <b>no</b> such kind"
    live = opened.states[opened.find(_model_name="AnyModel", kind="live")]
    assert live["data"]["status"] == "FAILED"
    opened.message(each, state={"value": False})


@pytest.mark.slow
def test_a_run_is_started_logged_to_by_cells_stopped_and_noted(opened: Notebook) -> None:
    name = opened.find(_model_name="TextModel", description="Run")
    opened.message(name, state={"value": "by <hand>"})
    press(opened, "Start run")
    assert "by &lt;hand&gt; is running" in said(opened)
    assert not opened.run("mlops.log_metric('auc', 0.75)").error
    press(opened, "Stop run")
    assert "finished" in said(opened)
    note = opened.find(_model_name="TextareaModel", description="Note")
    opened.message(note, state={"value": "tried by hand"})
    press(opened, "Save note")
    assert "is saved" in said(opened), said(opened)
    project = load_project(opened.folder)
    sync(project)
    record = runs.get_run(project, "by <hand>")
    assert (record.status, record.metrics) == ("FINISHED", {"auc": 0.75})
    assert record.tags["mlflow.note.content"] == "tried by hand"


@pytest.mark.slow
def test_a_model_is_registered_with_the_notebooks_own_tables(opened: Notebook) -> None:
    press(opened, "Register")
    assert "error-color" in said(opened), "nothing is chosen yet"
    assert not opened.run(
        "import numpy as np, pandas as pd\nfrom sklearn.linear_model import LogisticRegression\n"
        "x = np.arange(200.) % 17\nrows = pd.DataFrame({'x': x, 'y': (x > 8).astype(int)})\n"
        "later = rows.iloc[::2]\n"
        "def fit(C=1.0):\n"
        "    mlops.log_model(LogisticRegression(C=C).fit(rows[['x']], rows['y']))\n"
        "mlops.panel(fit)"
    ).error
    press(opened, "Run fit")
    for kind, label, value in (
        ("TextModel", "Model", "tumours"), ("TextModel", "Owner", "me"),
        ("TextModel", "Intended use", "a try"), ("TextModel", "Limits", "a toy"),
    ):  # fmt: skip
        opened.message(opened.find(_model_name=kind, description=label), state={"value": value})
    for label, choice in (("Training rows", "rows"), ("Hold-out", "later"), ("Label", "y")):
        field = opened.find(_model_name="DropdownModel", description=label)
        options = opened.states[field]["_options_labels"]
        opened.message(field, state={"index": list(options).index(choice)})
    press(opened, "Register")
    assert "registered tumours version 1" in said(opened), said(opened)
