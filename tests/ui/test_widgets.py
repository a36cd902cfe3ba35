"""Tables, charts and the panel in real notebooks: JupyterLab and Notebook 7, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.ui]

AXE = Path(__file__).parents[2] / "extension" / "node_modules" / "axe-core" / "axe.min.js"
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
NASTY = "<img src=x onerror=alert(1)>"
OPEN = """async path => {
  const widget = await window.jupyterapp.commands.execute('docmanager:open', {path});
  await widget.context.ready;
  await widget.sessionContext.ready;
}"""
READY = """async () => {
  const widget = window.jupyterapp.shell.currentWidget;
  await widget.context.ready;
  await widget.sessionContext.ready;
}"""
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
SHUT_DOWN = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
DARK = """async () => {
  await window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'});
}"""
CELLS = [
    "import numpy as np\nimport pandas as pd\nimport mlops_nb as mlops\n%load_ext mlops_nb",
    """%%mlops run "first" --no-auto
mlops.live()
for step in range(60):
    mlops.log_metric("loss", 1 / (step + 1))
mlops.log_params({"depth": 3, "kind": "a"})
mlops.log_metric("auc", 0.91)""",
    f"""%%mlops run "{NASTY}" --no-auto
for step in range(60):
    mlops.log_metric("loss", 2 / (step + 1))
mlops.log_params({{"depth": 9, "kind": "b"}})
mlops.log_metric("auc", 0.94)""",
    "%mlops run list",
    f"%mlops run compare first '{NASTY}'",
    """rng = np.random.default_rng(7)
before = pd.DataFrame({"age": rng.normal(40, 9, 3000), "region": rng.choice(["n", "s"], 3000)})
after = before.assign(age=before["age"] + 9)
%mlops data drift before after""",
    """def train(depth=3, lr=0.01, kind="fast"):
    if kind == "broken":
        raise ValueError("there is no such kind")
    for step in range(20):
        mlops.log_metric("loss", lr / (step + 1))
    return {"auc": 0.9 + depth / 200}
mlops.panel(train, depth=(1, 10), lr=(1e-4, 1e-1), kind=["fast", "broken"])""",
]
Visit = Callable[..., Any]
# JupyterLab's own debugger, when a page goes away while it asks a kernel.
DEBUGGER = "Could not restore the debugger state"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the notebook."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "mlops.toml").write_text('experiment = "shop"\n', encoding="utf-8")
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    nbformat.write(book, folder / "shop.ipynb")
    return folder


def run_all(page: Any) -> None:
    page.evaluate(RUN_ALL)
    page.locator(".mlops-view").nth(4).wait_for()
    errors = page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")
    assert errors.all_inner_texts() == []


def violations(page: Any, where: str) -> list[str]:
    """Return what axe-core finds wrong with what our package has drawn."""
    page.add_script_tag(path=AXE)
    found = page.evaluate(
        "async where => (await axe.run({include: [[where]]}, {resultTypes: ['violations']}))"
        ".violations.map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' | ')}`)",
        where,
    )
    return list(found)


def view_of(page: Any, cell: int) -> Any:
    found = page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".mlops-view").first
    found.scroll_into_view_if_needed()
    return found


def picture(page: Any, place: Any, path: Path) -> None:
    page.evaluate("() => document.activeElement.blur()")
    place.screenshot(path=path)


def look_at_the_list(page: Any) -> None:
    view = view_of(page, 3)
    names = view.locator("tbody button")
    assert names.all_inner_texts() == [NASTY, "first"]
    assert view.locator("img").count() == 0, "a name is text"
    view.get_by_role("button", name="auc").press("Enter")
    assert view.locator("th[aria-sort=descending]").inner_text().startswith("auc")
    view.get_by_role("button", name="auc").press("Enter")
    assert names.all_inner_texts() == ["first", NASTY]
    view.get_by_role("searchbox").fill("depth=9")
    assert names.all_inner_texts() == [NASTY]
    assert "1 of 2 runs" in view.inner_text()
    names.first.press("Enter")
    assert "0.94" in view.locator(".mlops-details").inner_text()


def look_at_the_charts(page: Any) -> None:
    """Read values with keys that mean something else to the notebook around."""
    live = view_of(page, 1)
    assert "finished" in live.locator(".mlops-headline").inner_text()
    assert "auc 0.91" in live.inner_text(), "a single value is no chart"
    plot = live.get_by_role("group", name="loss: line chart")
    plot.press("Home")
    assert "step 0: 1" in live.locator(".mlops-reading").first.inner_text()
    plot.press("ArrowRight")
    assert "step 1: 0.5" in live.locator(".mlops-reading").first.inner_text()
    compared = view_of(page, 4)
    assert compared.locator("polyline").count() == 2, "parallel coordinates"
    assert compared.locator("ins").count() > 0, "the difference of the code"
    drift = view_of(page, 5)
    assert "1 of 2 columns drifted: age" in drift.locator(".mlops-headline").inner_text()
    assert drift.locator("rect").count() > 10, "the distributions of what drifted most"


def try_the_panel(page: Any) -> None:
    cell = page.locator(".jp-Notebook .jp-Cell").nth(6)
    cell.scroll_into_view_if_needed()
    cell.get_by_role("button", name="Run train").click()
    cell.get_by_role("button", name="#1 train").wait_for()
    assert "finished" in cell.inner_text()
    cell.get_by_label("kind").select_option("broken")
    cell.get_by_role("button", name="Run train").click()
    cell.get_by_role("button", name="#2 train").wait_for()
    failed = cell.locator("td.mlops-status-failed")
    assert failed.inner_text() == "FAILED"
    assert "there is no such kind" in cell.inner_text()


def opened_again(page: Any, path: Path) -> None:
    """Look at the notebook with a restarted or a new kernel: what was kept is there."""
    page.evaluate(OPEN, "shop.ipynb")
    cells = page.locator(".jp-Notebook .jp-Cell")
    cells.nth(3).scroll_into_view_if_needed()
    cells.nth(3).locator("table").wait_for()
    assert page.locator(".mlops-view").count() == 0
    assert "not found" not in page.locator(".jp-Notebook").inner_text()
    assert cells.nth(3).locator("td", has_text=NASTY).count() == 1
    assert cells.nth(1).locator("figure svg").count() == 1, "the finished curve"
    page.screenshot(path=path)


def loaded_again(page: Any, url: str) -> None:
    """Load the page anew while the kernel lives: every view goes on where it was."""
    page.goto(f"{url}?reset")
    page.wait_for_function("() => window.jupyterapp !== undefined")
    page.evaluate("() => window.jupyterapp.restored.then(() => null)")
    page.evaluate(OPEN, "shop.ipynb")
    look_at_the_list(page)
    cell = page.locator(".jp-Notebook .jp-Cell").nth(6)
    cell.scroll_into_view_if_needed()
    cell.get_by_label("kind").select_option("fast")
    cell.get_by_role("button", name="Run train").click()
    cell.get_by_role("button", name="#3 train").wait_for()


def test_views_in_jupyterlab_and_what_a_notebook_keeps_of_them(
    project: Path, lab: Callable[..., str], visit: Visit, screenshots: Path
) -> None:
    url = lab(project)
    with visit(url, width=1440, expected=DEBUGGER) as page:
        page.evaluate(OPEN, "shop.ipynb")
        run_all(page)
        look_at_the_list(page)
        look_at_the_charts(page)
        view_of(page, 5)
        page.wait_for_timeout(500)  # the notebook scrolls smoothly
        page.screenshot(path=screenshots / "widgets.png")
        try_the_panel(page)
        for theme in ("light", "dark"):
            if theme == "dark":
                page.evaluate(DARK)
                page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
                page.wait_for_timeout(500)  # the theme's own transition
            assert violations(page, ".mlops-view") == []
            for name, cell in (("live", 1), ("runs", 3), ("compare", 4), ("drift", 5)):
                picture(page, view_of(page, cell), screenshots / f"widget-{name}-{theme}.png")
            panel = page.locator(".jp-Notebook .jp-Cell").nth(6).locator(".jp-Cell-outputArea")
            picture(page, panel, screenshots / f"widget-panel-{theme}.png")
        before = (project / "shop.ipynb").stat().st_size
        page.evaluate(SAVE)
        grown = (project / "shop.ipynb").stat().st_size - before
        assert 1_000 < grown < 5 * 50_000, "four views and a panel, below 50 kB each"
        book = nbformat.read(project / "shop.ipynb", 4)
        assert not book.metadata.get("widgets"), "no state of widgets is kept"
        loaded_again(page, url)
        page.evaluate(RESTART)
    with visit(url, width=1440, expected=DEBUGGER) as page:
        opened_again(page, screenshots / "widget-opened-again.png")
        page.evaluate(SHUT_DOWN)
    with visit(url, width=1440, expected=DEBUGGER) as page:
        opened_again(page, screenshots / "widget-opened-again.png")


def test_views_in_notebook_7(
    project: Path, lab: Callable[..., str], visit: Visit, screenshots: Path
) -> None:
    url = lab(project, app="tree").removesuffix("tree") + "notebooks/shop.ipynb"
    # Notebook 7.6 says so on its own, our extension switched off: its settings are read too soon.
    with visit(url, width=1280, expected="reading 'schema'") as page:
        page.evaluate(READY)
        run_all(page)
        look_at_the_list(page)
        look_at_the_charts(page)
        try_the_panel(page)
        page.screenshot(path=screenshots / "widget-notebook7.png")
