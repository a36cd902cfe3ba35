"""Two people in one notebook, with jupyter-collaboration: marks, fixes and edits reach both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import Project
from mlops_nb.lint.example import Code, Example

pytestmark = [pytest.mark.slow, pytest.mark.ui]

SPLIT = "train_test_split([1, 2, 3])"
CELLS = [
    Code("year = 2013", count=1),
    Code(f"from sklearn.model_selection import train_test_split\nparts = {SPLIT}", count=2),
    "print(year, gone, parts)",
]
OPEN = """async path => {
  const kernel = {shouldStart: false};
  const widget = await window.jupyterapp.commands.execute('docmanager:open', {path, kernel});
  await widget.context.ready;
}"""
RUN = "id => window.jupyterapp.commands.execute(id)"
SOURCES = (
    "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
    ".map(cell => cell.source)"
)
APPEND = """text => {
  const {model} = window.jupyterapp.shell.currentWidget.content;
  const {sharedModel} = model.cells.get(1);
  sharedModel.updateSource(sharedModel.source.length, sharedModel.source.length, text);
}"""
SETTLE_SECONDS = 20

Lab = Callable[..., str]
Visit = Callable[..., Any]


@pytest.fixture
def shared(project: Project) -> Project:
    (project.root / "flights.ipynb").write_bytes(Example(text="# Flights", cells=CELLS).to_bytes())
    return project


def opened(page: Any) -> None:
    page.evaluate(OPEN, "flights.ipynb")
    page.locator(".cm-lintRange-error", has_text="gone").wait_for()
    page.locator(".cm-lintRange-warning", has_text="train_test_split").wait_for()


def panel_of(page: Any) -> Any:
    page.evaluate(RUN, "mlops:show-readiness")
    panel = page.get_by_role("region", name="Readiness", exact=True)
    panel.wait_for()
    return panel


def both_hold(pages: tuple[Any, Any], wanted: list[str]) -> None:
    """Wait until both pages have the same cells, and say what they have if they never do."""
    end = time.monotonic() + SETTLE_SECONDS
    while (held := [page.evaluate(SOURCES) for page in pages]) != [wanted, wanted]:
        assert time.monotonic() < end, held
        pages[0].wait_for_timeout(100)


def saved(path: Path) -> list[str]:
    """Return the sources in the file; none while the server is in the middle of writing it."""
    with suppress(ValueError):
        return ["".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"]]
    return []


def test_marks_and_fixes_reach_both_and_nothing_is_doubled_or_lost(
    shared: Project, lab: Lab, visit: Visit
) -> None:
    cells = saved(shared.root / "flights.ipynb")
    url = lab(shared.root, environment="collaboration")
    with visit(url) as ada, visit(url) as bob:
        pages = (ada, bob)
        opened(ada)
        opened(bob)
        both_hold(pages, cells)

        # What Ada types is marked for Bob, once.
        ada.evaluate(APPEND, "\nprint(lost)")
        cells[1] += "\nprint(lost)"
        both_hold(pages, cells)
        bob.locator(".cm-lintRange-error", has_text="lost").wait_for()
        assert bob.locator(".cm-lintRange-error").count() == 2

        # Bob accepts it; the comment is there once, and the mark goes for both.
        panel = panel_of(bob)
        panel.get_by_role("button", name="'lost' is bound nowhere").click()
        panel.get_by_role("button", name="Ignore here").click()
        cells[1] += "  # noqa: NBX001"
        both_hold(pages, cells)
        for page in pages:
            page.locator(".cm-lintRange-error", has_text="lost").wait_for(state="detached")

        # Ada fixes the seed while Bob goes on typing elsewhere.
        panel = panel_of(ada)
        row = panel.get_by_role("button", name="train_test_split")
        row.click()
        panel.get_by_role("button", name="Fix, may change results").click()
        bob.evaluate(APPEND, "\nlater = 1")
        cells[1] += "\nlater = 1"
        cells[2] = cells[2].replace(SPLIT, "train_test_split([1, 2, 3], random_state=42)")
        both_hold(pages, cells)
        for page in pages:
            page.locator(".cm-lintRange-warning", has_text="train_test_split").wait_for(
                state="detached"
            )
            assert page.locator(".cm-lintRange-error", has_text="gone").count() == 1

        end = time.monotonic() + SETTLE_SECONDS
        while saved(shared.root / "flights.ipynb") != cells:
            assert time.monotonic() < end, "the server writes the document of both"
            ada.wait_for_timeout(200)
