from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from mlops_nb.jobs.engine import Manager
from mlops_nb.redaction import Redaction


def manager(path: Path, *sources: str, secrets: tuple[str, ...] = ()) -> Any:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for cell in cells:
        cell.metadata["papermill"] = {}
    book = nbformat.v4.new_notebook(cells=cells, metadata={"papermill": {}})
    return Manager(book, path=path, on_cell=lambda *_: None, redaction=Redaction(secrets))


@pytest.mark.parametrize("ran", [0, 1])
def test_what_has_not_run_is_pending_at_the_end(tmp_path: Path, ran: int) -> None:
    made = manager(tmp_path / "out.ipynb", "1", "2")
    made.notebook_start()
    for index in range(ran):
        made.cell_start(made.nb.cells[index], index)
        made.cell_complete(made.nb.cells[index], index)
    made.notebook_complete()
    book = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    states = [cell.metadata.papermill["status"] for cell in book.cells]
    assert states == ["completed"] * ran + ["pending"] * (2 - ran)


def test_a_secret_is_never_written(tmp_path: Path) -> None:
    made = manager(tmp_path / "out.ipynb", "print(1)", secrets=("hunter2-hunter2",))
    made.nb.cells[0].outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="it is hunter2-hunter2")
    ]
    made.write()
    text = (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert "hunter2" not in text
    assert "it is ********" in text
