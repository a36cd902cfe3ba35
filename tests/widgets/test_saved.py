"""A notebook with views, read where no widget is shown: nbconvert, a job's report, nbclient."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from mlops_nb.jobs.report import render
from mlops_nb.widgets.view import MIME as WIDGET

pytestmark = pytest.mark.slow
Notebook = Any  # as conftest.py has it

NASTY = "<img src=x onerror=alert(1)>"
CELLS = [
    f"""for name in ("first", {NASTY!r}):
    with mlops.run(name) as run:
        mlops.live()
        for step in range(5):
            run.log_metric("loss", 1 / (step + 1))
        run.log_param("depth", len(name))""",
    "%mlops run list",
    f"%mlops run compare first '{NASTY}'",
    "mlops.panel(lambda depth: depth, depth=(1, 10))",
]
RECORD = {
    "job": "report", "status": "succeeded", "message": "", "started": "2026-01-01T00:00:00+00:00",
    "seconds": 1.0, "logical_time": "2026-01-01T00:00:00+00:00", "notebook": "n.ipynb",
    "attempt": "a", "run_id": "", "parameters": {}, "warnings": [], "results": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def saved(notebook: Notebook) -> Any:
    """The notebook as a front end with widgets saves it."""
    cells = []
    for number, code in enumerate(CELLS, 1):
        before = dict(notebook.displays)
        answer = notebook.run(code)
        assert not answer.error
        updated = [bundle for key, bundle in notebook.displays.items() if key not in before]
        outputs = [
            nbformat.v4.new_output("display_data", data=data) for data in updated or answer.bundles
        ]
        cells.append(nbformat.v4.new_code_cell(code, execution_count=number, outputs=outputs))
    book = nbformat.v4.new_notebook(cells=cells)
    shown = [WIDGET in output.data for cell in cells for output in cell.outputs]
    assert shown == [True] * 5, "both runs' charts, the list, the comparison, the panel"
    return nbformat.from_dict(json.loads(json.dumps(book)))


def test_nbconvert_shows_tables_and_drawings(saved: Any) -> None:
    page, _ = HTMLExporter(template_name="lab").from_notebook_node(saved)
    body = page[page.index("<body") :]
    assert body.count("<table") >= 2
    assert body.count("<svg") >= 3
    assert "loss" in body
    assert "An interactive panel stands here" in body
    assert f'<script type="{WIDGET}"' not in body
    assert NASTY not in body.replace(f"'{NASTY}'", "")


def test_a_jobs_report_shows_them(saved: Any) -> None:
    page = render(nbformat.from_dict(json.loads(json.dumps(saved))), RECORD)
    assert page.count("<table") >= 2
    assert "An interactive panel stands here" in page
    assert "widget-view" not in page


def test_who_executes_without_a_front_end_keeps_no_state_of_widgets(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text('experiment = "widgets"\n', encoding="utf-8")
    begin = "%load_ext mlops_nb\nimport mlops_nb as mlops"
    cells = [nbformat.v4.new_code_cell(code) for code in (begin, *CELLS)]
    book = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(
        book, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert not book.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json")
    kinds = {kind for cell in book.cells for out in cell.outputs for kind in out.get("data", {})}
    assert kinds == {"text/plain", "text/html"}
    assert "finished" in book.cells[1].outputs[0].data["text/html"], "the whole curve at the end"
