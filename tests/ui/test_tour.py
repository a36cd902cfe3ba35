"""The tour notebook, run in JupyterLab as a reader would, and its runs in the panel."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.ui]

TOUR = Path(__file__).parents[2] / "notebooks" / "tour.ipynb"
SYNC_SECONDS = 30

OPEN = """async path => {
  const app = window.jupyterapp;
  const widget = await app.commands.execute('docmanager:open', {path});
  await widget.context.ready;
  await widget.sessionContext.ready;
}"""
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
CELLS = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"


def test_the_tour_runs_and_its_runs_are_in_the_panel(
    tmp_path: Path, lab: Callable[..., str], visit: Callable[..., Any], screenshots: Path
) -> None:
    folder = tmp_path / "tumours"
    folder.mkdir()
    shutil.copy(TOUR, folder)
    with visit(lab(folder), width=1440) as page:
        page.evaluate(OPEN, TOUR.name)
        page.evaluate(RUN_ALL)
        cells = page.evaluate(CELLS)
        problems = [
            "\n".join(output["traceback"])
            for cell in cells
            for output in cell.get("outputs", [])
            if output["output_type"] == "error"
        ]
        assert problems == []
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert all(cell["execution_count"] for cell in code), "every cell was run"

        page.evaluate("() => window.jupyterapp.commands.execute('mlops:show-runs')")
        panel = page.get_by_role("region", name="MLOps runs")
        for name in ("forest", "linear"):
            row = panel.get_by_role("button", name=name)
            row.get_by_text("finished").wait_for(timeout=SYNC_SECONDS * 1000)
            assert "auc" in row.inner_text()
        panel.get_by_role("button", name="forest").click()
        assert "depth" in panel.locator(".mlops-Run-details").inner_text()
        page.evaluate(
            "() => { const {content} = window.jupyterapp.shell.currentWidget;"
            " return content.scrollToItem(4); }"
        )
        page.wait_for_timeout(500)  # the notebook scrolls smoothly
        page.screenshot(path=screenshots / "lab.png")
