"""Lint as you work: marks in the cells, the panel, fixes in the live notebook."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import Project
from mlops_nb.lint.example import Code, Example

pytestmark = [pytest.mark.slow, pytest.mark.ui]

Lab = Callable[..., str]
Palette = Callable[..., Any]
Visit = Callable[..., Any]
Violations = Callable[..., list[str]]

OPEN = """async path => {
  const {commands} = window.jupyterapp;
  const kernel = {shouldStart: false};
  const widget = await commands.execute('docmanager:open', {path, kernel});
  await widget.context.ready;
}"""
RUN = "id => window.jupyterapp.commands.execute(id)"
SOURCES = (
    "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
    ".map(cell => cell.source)"
)
TAGS = (
    "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
    ".map(cell => cell.metadata.tags || [])"
)
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
NASTY = "<img src=x onerror=alert(1)>"

SPLIT = "train_test_split([1, 2, 3])"
FLAWED = Example(
    text="# Late flights\n\n**Purpose.** Warn of delays.",
    cells=[
        Code("year = 2013", count=1),
        Code(
            f"from sklearn.model_selection import train_test_split\n\nparts = {SPLIT}\nprint(year)",
            count=2,
        ),
        "%pip install polars",
        "print('🙂', gone, parts)",
        "",
    ],
)


def write(project: Project, name: str, example: Example) -> str:
    (project.root / name).write_bytes(example.to_bytes())
    return name


def panel_of(page: Any) -> Any:
    page.evaluate(RUN, "mlops:show-readiness")
    panel = page.get_by_role("region", name="Readiness", exact=True)
    panel.wait_for()
    return panel


def type_into(page: Any, cell: int, text: str) -> None:
    page.evaluate(
        "async at => { const {content} = window.jupyterapp.shell.currentWidget;"
        " content.activeCellIndex = at; await content.activeCell.ready; content.mode = 'edit';"
        " content.activeCell.editor.focus(); }",
        cell,
    )
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def rest(page: Any) -> None:
    """Return once nothing has been asked for a while: new marks close an open tooltip."""
    page.evaluate(
        "async () => { const asked = () => performance.getEntriesByType('resource')"
        ".filter(one => one.name.includes('/mlops/lint')).length;"
        " let last = -1; while (asked() !== last) {"
        " last = asked(); await new Promise(done => setTimeout(done, 2000)); } }"
    )


def tooltip_of(page: Any, mark: Any) -> Any:
    """Return the tooltip, hovering anew while marks that came late close it."""
    tip = page.locator(".cm-tooltip-lint")
    for _ in range(10):
        page.mouse.move(0, 0)
        mark.hover()
        page.wait_for_timeout(1500)  # CodeMirror shows it after 300 ms at rest
        if tip.is_visible():
            break
    return tip


def dark(page: Any) -> None:
    page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme',"
        " {theme: 'JupyterLab Dark'})"
    )
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    page.wait_for_timeout(500)  # the theme's own transition


@pytest.fixture
def flawed(project: Project) -> Project:
    write(project, "flights.ipynb", FLAWED)
    return project


def test_findings_are_marked_listed_and_counted(
    flawed: Project, lab: Lab, visit: Visit, violations: Violations, screenshots: Path
) -> None:
    with visit(lab(flawed.root), width=1440) as page:
        page.evaluate(OPEN, "flights.ipynb")
        page.locator(".cm-lint-marker-error").wait_for()
        marked = page.locator(".cm-lintRange-error").all_inner_texts()
        assert marked == ["gone"], "in a line with an emoji before it"
        badge = page.locator(".mlops-Badge")
        assert badge.inner_text() == "1 error"
        assert page.get_by_text("Readiness: 1 error, ").is_visible(), "the status bar"
        badge.click()
        panel = page.get_by_role("region", name="Readiness", exact=True)
        panel.get_by_text("Not ready: 1 error").wait_for()
        points = panel.locator(".mlops-Point")
        assert {
            point.locator(".mlops-Point-title").inner_text(): point.get_attribute("data-status")
            for point in points.all()
        } == {
            "Findings": "failed",
            "Parameters": "failed",
            "Seeds": "failed",
            "Environment": "failed",
            "Tracking": "not_applicable",
            "Owner": "failed",
            "Run top to bottom": "failed",
        }
        row = panel.get_by_role("button", name="'gone' is bound nowhere")
        row.click()
        assert page.evaluate(ACTIVE) == 4
        assert "fresh kernel" in panel.locator(".mlops-Finding-details").inner_text()
        page.screenshot(path=screenshots / "readiness-light.png")
        for part in (".mlops-Readiness", ".mlops-Badge-holder", ".mlops-Status"):
            assert violations(page, part) == []
        dark(page)
        page.screenshot(path=screenshots / "readiness-dark.png")
        for part in (".mlops-Readiness", ".mlops-Badge-holder", ".mlops-Status"):
            assert violations(page, part) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_tooltip_says_why_and_fixes_the_unsaved_cell(
    flawed: Project, lab: Lab, visit: Visit, violations: Violations, screenshots: Path, theme: str
) -> None:
    with visit(lab(flawed.root)) as page:
        page.evaluate(OPEN, "flights.ipynb")
        if theme == "dark":
            dark(page)
        type_into(page, 2, "\nprint('not saved')")
        rest(page)
        mark = page.locator(".cm-lintRange-warning", has_text="train_test_split")
        tip = tooltip_of(page, mark)
        assert "Two runs give two results" in tip.inner_text()
        page.screenshot(path=screenshots / f"readiness-tooltip-{theme}.png")
        assert violations(page, ".cm-tooltip-lint") == []
        tip.get_by_role("button", name="Fix, may change results").click()
        page.get_by_text("Fixed 1 finding.").wait_for()
        cell = page.evaluate(SOURCES)[2]
        assert "train_test_split([1, 2, 3], random_state=42)" in cell
        assert "print('not saved')" in cell
        page.locator(".cm-lintRange-warning", has_text="train_test_split").wait_for(
            state="detached"
        )
        page.keyboard.press("Control+z")
        assert SPLIT in page.evaluate(SOURCES)[2], "the cell's own undo takes it back"


def test_ignore_here_writes_a_comment_or_a_tag(flawed: Project, lab: Lab, visit: Visit) -> None:
    with visit(lab(flawed.root)) as page:
        page.evaluate(OPEN, "flights.ipynb")
        panel = panel_of(page)
        for name in ("'gone' is bound nowhere", "pip installs polars"):
            panel.get_by_role("button", name=name).click()
            panel.get_by_role("button", name="Ignore here").click()
            panel.get_by_role("button", name=name).wait_for(state="detached")
        assert page.evaluate(SOURCES)[4] == "print('🙂', gone, parts)  # noqa: NBX001"
        assert page.evaluate(TAGS)[3] == ["mlops-ignore-NBD001"]
        page.evaluate(RUN, "docmanager:save")
        page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    saved = json.loads((flawed.root / "flights.ipynb").read_text(encoding="utf-8"))
    assert saved["cells"][3]["metadata"]["tags"] == ["mlops-ignore-NBD001"]


def test_fix_all_and_undo_it(flawed: Project, lab: Lab, visit: Visit) -> None:
    with visit(lab(flawed.root)) as page:
        page.evaluate(OPEN, "flights.ipynb")
        panel = panel_of(page)
        before = page.evaluate(SOURCES)
        panel.get_by_role("button", name="Fix all, unsafe too").click()
        page.get_by_role("button", name="Undo").wait_for()
        after = page.evaluate(SOURCES)
        assert len(after) == len(before) - 1, "the empty cell is gone"
        assert "random_state=42" in after[2]
        page.get_by_role("button", name="Undo").click()
        page.wait_for_function(f"() => ({SOURCES})().length === {len(before)}")
        assert page.evaluate(SOURCES) == before


def test_what_is_typed_is_looked_at_once_it_rests(project: Project, lab: Lab, visit: Visit) -> None:
    write(project, "two.ipynb", Example(cells=["rows = [1]", "print(rows)"]))
    write(project, "other.ipynb", Example(cells=["print(lost)"]))
    with visit(lab(project.root)) as page:
        asked: list[str] = []

        def look(request: Any) -> None:
            if request.url.partition("?")[0].endswith("/mlops/lint"):
                asked.append(request.post_data_json["path"])

        page.evaluate(OPEN, "other.ipynb")
        page.locator(".cm-lintRange-error", has_text="lost").wait_for()
        page.evaluate(OPEN, "two.ipynb")
        page.locator(".mlops-Badge >> visible=true").wait_for()
        page.wait_for_timeout(1500)
        page.on("request", look)
        type_into(page, 0, "\nprint(unknown_name)")
        page.locator(".cm-lintRange-error", has_text="unknown_name").wait_for()
        assert asked == ["two.ipynb"], "one request for all that was typed"
        type_into(page, 1, "\nprint(rows, columns)")
        page.locator(".cm-lintRange-error", has_text="columns").wait_for()
        # A cell of its own makes the name known: the other cell's mark goes.
        type_into(page, 0, "\ncolumns = 2")
        page.locator(".cm-lintRange-error", has_text="columns").wait_for(state="detached")
        assert page.locator(".cm-lintRange-error", has_text="unknown_name").count() == 1
        asked.clear()
        page.wait_for_timeout(2500)
        assert asked == [], "nothing is asked of an idle notebook"


def test_the_keyboard_goes_from_finding_to_finding(flawed: Project, lab: Lab, visit: Visit) -> None:
    with visit(lab(flawed.root)) as page:
        page.evaluate(OPEN, "flights.ipynb")
        page.locator(".cm-lint-marker-error").wait_for()
        page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activate()")
        places = []
        for _ in range(3):
            page.keyboard.press("F8")
            page.wait_for_timeout(300)
            places.append(page.evaluate(ACTIVE))
        assert places == sorted(places)
        assert len(set(places)) > 1
        page.keyboard.press("Shift+F8")
        page.wait_for_timeout(300)
        assert page.evaluate(ACTIVE) == places[1]
        panel = panel_of(page)
        panel.locator(".mlops-Finding-row").first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert panel.locator(".mlops-Finding-row[aria-expanded=true]").count() == 1


def test_commands_menu_and_settings(
    flawed: Project, lab: Lab, visit: Visit, palette: Palette
) -> None:
    with visit(lab(flawed.root)) as page:
        page.evaluate(OPEN, "flights.ipynb")
        page.locator(".cm-lint-marker-error").wait_for()
        palette(page, "mlops next", "MLOps: Next Finding").wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("menuitem", name="Edit", exact=True).click()
        page.locator(".lm-Menu-itemLabel", has_text="Findings").hover()
        page.locator(".lm-Menu-itemLabel", has_text="MLOps: Fix All Findings").first.wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.evaluate(RUN, "mlops:toggle-readiness")
        page.locator(".cm-lint-marker").first.wait_for(state="detached")
        panel = panel_of(page)
        panel.get_by_role("button", name="Switch on").click()
        page.locator(".cm-lint-marker-error").wait_for()


def test_a_name_in_a_message_is_text(project: Project, lab: Lab, visit: Visit) -> None:
    write(project, "odd.ipynb", Example(cells=[f"open('/home/ada/{NASTY}.csv')"]))
    with visit(lab(project.root)) as page:
        page.on("dialog", lambda dialog: page.errors.append(f"a dialog: {dialog.message}"))
        page.evaluate(OPEN, "odd.ipynb")
        panel = panel_of(page)
        panel.get_by_text("onerror=alert").first.wait_for()
        rest(page)
        tip = tooltip_of(page, page.locator(".cm-lintRange").first)
        assert "onerror" in tip.inner_text()
        assert panel.locator("img").count() == tip.locator("img").count() == 0


def test_the_panel_comes_back_where_it_was(flawed: Project, lab: Lab, visit: Visit) -> None:
    url = lab(flawed.root)
    with visit(url) as page:
        page.evaluate(OPEN, "flights.ipynb")
        panel_of(page).get_by_text("Not ready").wait_for()
        page.wait_for_timeout(2500)  # the layout is saved after a pause
        page.goto(url)
        page.wait_for_function("() => window.jupyterapp !== undefined")
        page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        panel = page.get_by_role("region", name="Readiness", exact=True)
        panel.get_by_text("Not ready").wait_for()


def test_without_the_server_part_one_notice_says_so(
    flawed: Project, lab: Lab, visit: Visit, screenshots: Path
) -> None:
    with visit(lab(flawed.root, server_part=False), expected="/mlops/version") as page:
        page.evaluate(OPEN, "flights.ipynb")
        notice = page.get_by_text("Notebooks are not checked.")
        notice.wait_for()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        type_into(page, 0, "\nx = 1")
        page.wait_for_timeout(1500)
        assert [url for url in asked if "/mlops/" in url] == [], "not at every key in vain"
        assert notice.count() == 1
        page.get_by_role("button", name="What to do").click()
        alert = page.get_by_role("region", name="Readiness", exact=True).get_by_role("alert")
        assert "jupyter server extension list" in alert.inner_text()
        page.screenshot(path=screenshots / "readiness-no-server.png")


def test_another_version_of_the_server_part(flawed: Project, lab: Lab, visit: Visit) -> None:
    with visit(lab(flawed.root)) as page:
        answer = json.dumps({"schema": 1, "version": "99.0"})
        page.route("**/mlops/version*", lambda route: route.fulfill(body=answer))
        page.evaluate(OPEN, "flights.ipynb")
        page.get_by_text("Notebooks are not checked.").wait_for()
        alert = panel_of(page).get_by_role("alert")
        assert "99.0" in alert.inner_text()
        page.unroute_all(behavior="wait")
        panel_of(page).get_by_role("button", name="Check the notebook now").click()
        page.locator(".cm-lint-marker-error").wait_for()
