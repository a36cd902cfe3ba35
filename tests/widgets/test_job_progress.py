"""The progress of a job that a cell runs."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest

from mlops_nb.widgets.view import MIME as WIDGET

pytestmark = pytest.mark.slow
Notebook = Any  # as conftest.py has it

JOBS = """experiment = "widgets"
[jobs.count]
notebook = "count.ipynb"
"""


@pytest.fixture(scope="module", autouse=True)
def job(notebook: Notebook) -> None:
    """A job whose last cell fails."""
    (notebook.folder / "mlops.toml").write_text(JOBS, encoding="utf-8")
    cells = ["import time\ntime.sleep(0.6)", "1 + 1", "raise ValueError('no')"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    book.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(book, notebook.folder / "count.ipynb")


def test_a_job_is_followed_cell_by_cell_and_ends_with_its_status(notebook: Notebook) -> None:
    answer = notebook.run("%mlops job run count")
    assert "exit code 1" in answer.error
    (bundle,) = [bundle for bundle in answer.bundles if WIDGET in bundle]
    model = bundle[WIDGET]["model_id"]
    assert sum(which == model for _, which in notebook.sent) >= 2
    (job,) = notebook.states[model]["data"]["jobs"]
    assert (job["job"], job["cells"]) == ("count", 3)
    assert job["status"] == "failed"
    (saved,) = [one for one in notebook.displays.values() if "count: " in one["text/plain"]]
    assert "count: failed, 3 cells" in saved["text/html"]


def test_without_widgets_only_text_is_printed(notebook: Notebook) -> None:
    answer = notebook.run("%mlops job run count", shows_widgets=False)
    assert answer.bundles == []
    assert "count: " in answer.text
