"""What a front end gets for the values of ``%mlops``: a widget, and what is shown without it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlops_nb.widgets.view import MIME as WIDGET
from mlops_nb.widgets.view import VIEW_MIME

pytestmark = pytest.mark.slow

Notebook = Any  # as conftest.py has it

NASTY = "<img src=x onerror=alert(1)>"
RUN = """
with mlops.run({name!r}) as run:
    value = {number}
    run.log_params({{"depth": value, "kind": f"k{{value}}"}})
    for step in range(200):
        run.log_metric("loss", 1 / (step + 1 + value))
    run.log_metric("auc", 0.5 + value / 10)
    run.log_metric("odd", float("nan"))
"""


@pytest.fixture(scope="module")
def with_runs(notebook: Notebook) -> Notebook:
    """The kernel after two runs; several processes may share the tests of this module."""
    for number, name in enumerate(("first", NASTY)):
        assert not notebook.run(RUN.format(name=name, number=number)).error
    return notebook


def view(notebook: Notebook, bundle: dict[str, Any]) -> dict[str, Any]:
    return notebook.states[bundle[WIDGET]["model_id"]]


def saved_bytes(bundle: dict[str, Any]) -> int:
    return len(json.dumps(bundle, ensure_ascii=False).encode())


def test_before_anything_is_shown_nothing_is_imported(fresh: Notebook) -> None:
    code = "import sys; print([m for m in ('ipywidgets', 'anywidget') if m in sys.modules])"
    assert fresh.run(code).text.strip() == "[]"


def test_runs_are_a_widget_with_a_table_beside_it(with_runs: Notebook) -> None:
    notebook = with_runs
    (bundle,) = notebook.run("%mlops run list").bundles
    assert set(bundle) == {WIDGET, VIEW_MIME, "text/plain", "text/html"}
    assert NASTY not in bundle["text/html"]
    assert "&lt;img" in bundle["text/html"]
    state = view(notebook, bundle)
    assert state["kind"] == "runs"
    labels = [column["label"] for column in state["data"]["columns"]]
    assert labels == [
        "name", "status", "started", "seconds", "auc", "loss", "odd", "depth", "kind", "run"
    ]  # fmt: skip
    # Other tests of this kernel may have made runs of their own before.
    newest, older = (row for row in state["data"]["rows"] if row[0] in (NASTY, "first"))
    assert (newest[0], older[0]) == (NASTY, "first")
    assert newest[1] == "FINISHED"
    assert newest[labels.index("odd")] == "nan"
    assert newest[labels.index("depth")] == "1"


def test_a_comparison_is_a_widget_with_drawings_beside_it(with_runs: Notebook) -> None:
    notebook = with_runs
    (bundle,) = notebook.run(f"%mlops run compare first '{NASTY}'").bundles
    assert "<svg" in bundle["text/html"]
    state = view(notebook, bundle)
    assert state["kind"] == "compare"
    data = state["data"]
    assert data["names"] == ["first", NASTY]
    assert ["params.depth", "0", "1"] in data["rows"]
    assert len(data["curves"]["loss"][0]) == 200
    assert "+    value = 1" in data["diffs"][0]
    assert {axis["label"] for axis in data["axes"]} >= {"depth", "auc"}


def test_drift_is_a_widget_with_the_distributions(notebook: Notebook) -> None:
    code = (
        "import numpy as np, pandas as pd\nrng = np.random.default_rng(7)\n"
        "before = pd.DataFrame({'a': rng.normal(size=2000), 'b': rng.choice(['<x>', 'y'], 2000)})\n"
        "after = before.assign(a=before.a + 2)\n"
        "%mlops data drift before after"
    )
    (bundle,) = notebook.run(code).bundles
    assert "data drift" in bundle["text/html"]
    data = view(notebook, bundle)["data"]
    assert data["drifted"]
    assert [row[0] for row in data["rows"]] == ["a", "b"]
    assert "<x>" in data["details"]["b"]["names"]
    shares = data["details"]["a"]["shares"]
    assert sum(before for before, _ in shares) == pytest.approx(1)
    assert sum(after for _, after in shares) == pytest.approx(1)


def test_a_lifecycle_is_a_widget_with_its_stages(with_runs: Notebook) -> None:
    notebook = with_runs
    code = """
import pandas as pd
from sklearn.dummy import DummyClassifier
rows = pd.DataFrame({"a": [0, 1] * 20, "late": [0, 1] * 20})
with mlops.run("fit") as run:
    mlops.log_model(DummyClassifier().fit(rows[["a"]], rows["late"]))
mlops.register_model(run, "late", reference=rows, holdout=rows, label="late")
%mlops lifecycle"""
    answer = notebook.run(code)
    assert not answer.error
    bundle = answer.bundles[-1]
    assert "late: no version is live" in bundle["text/plain"]
    assert "<h3>late: no version is live" in bundle["text/html"]
    state = view(notebook, bundle)
    assert state["kind"] == "lifecycle"
    data = state["data"]
    assert data["begun"]
    assert dict(data["funnel"])["validate"] == 1
    spans = {span["stage"]: span for span in data["spans"]}
    tried = spans["experiment"]
    assert tried["label"] == "late 1"
    assert tried["told"].startswith("late 1, experiment: worked ")
    assert 0 <= tried["worked"] <= tried["end"] - tried["start"] + 1  # rounded
    assert len(tried["row"]) == len(data["columns"])
    assert set(spans) <= set(data["colours"])


def test_who_shows_no_widgets_gets_none(notebook: Notebook) -> None:
    before = len(notebook.states)
    (bundle,) = notebook.run("%mlops run list", shows_widgets=False).bundles
    assert set(bundle) == {"text/plain", "text/html"}
    assert len(notebook.states) == before


def test_they_can_be_switched_off(notebook: Notebook) -> None:
    assert not notebook.run("import os; os.environ['MLOPS_WIDGETS'] = 'off'").error
    (bundle,) = notebook.run("%mlops run list").bundles
    assert WIDGET not in bundle
    assert not notebook.run("del os.environ['MLOPS_WIDGETS']").error


def test_what_is_kept_in_the_notebook_stays_small(notebook: Notebook) -> None:
    """The bundle is what a front end saves; the data of the view stay in the kernel."""
    code = """
from datetime import UTC, datetime
from mlops_nb.store.runs import RunRecord
from mlops_nb.tracking.compare import RunComparison
from mlops_nb.tracking.table import RunTable
def record(i, settings):
    return RunRecord(
        run_id=f"{i:032x}", uid=f"{i:020x}", name=f"gradient boosting, try {i}", status="FINISHED",
        started=datetime(2026, 1, 1, tzinfo=UTC), ended=datetime(2026, 1, 2, tzinfo=UTC),
        params={f"param_{k}": str(i * k / 7) for k in range(settings)},
        metrics={f"metric_{k}": i / (k + 3) for k in range(12)},
    )
curve = [(float(step), 1 / (step + 3)) for step in range(300)]
diff = "\\n".join(f"+value_{n} = compute(value_{n - 1}, depth={n})" for n in range(400))
table = RunTable([record(i, 30) for i in range(10_000)])
compared = RunComparison(
    records=tuple(record(i, 30) for i in range(5)),
    curves={f"metric_{k}": [curve] * 5 for k in range(12)}, diffs=(diff,) * 4,
)
table"""
    (table,) = notebook.run(code).bundles
    assert saved_bytes(table) < 50_000
    assert "9,940 more" in table["text/plain"]
    assert "9,940 more" in table["text/html"]
    assert len(view(notebook, table)["data"]["rows"]) == 10_000
    (compared,) = notebook.run("compared").bundles
    assert saved_bytes(compared) < 50_000


def test_after_the_extension_is_unloaded_values_are_static(notebook: Notebook) -> None:
    assert not notebook.run(
        "from mlops_nb.tracking.table import RunTable\ntable = RunTable([])"
    ).error
    assert not notebook.run("%unload_ext mlops_nb").error
    (bundle,) = notebook.run("table").bundles
    assert WIDGET not in bundle
    assert not notebook.run("%load_ext mlops_nb").error
    (bundle,) = notebook.run("table").bundles
    assert WIDGET in bundle
