"""The table of runs, driven by hand, and a run of a real kernel loaded and made again."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.lint.example import Example
from mlops_nb.store import runs

pytestmark = [pytest.mark.slow, pytest.mark.ui]

NASTY = "<img src=x onerror=alert(1)>"
OPEN = "() => window.jupyterapp.commands.execute('mlops:open-runs')"
OPEN_NOTEBOOK = """async path => {
  const app = window.jupyterapp;
  const widget = await app.commands.execute('docmanager:open', {path});
  await widget.context.ready;
  await widget.sessionContext.ready;
}"""
CELLS = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
TRAIN = """%%mlops run "forest" --param depth --metric auc --model model
from sklearn.ensemble import RandomForestClassifier
model = RandomForestClassifier(n_estimators=20, max_depth=depth, random_state=0).fit(X, y)
auc = float(model.score(X, y))"""

Lab = Callable[..., str]
Visit = Callable[..., Any]


def add_run(project: Project, number: int, name: str, **tags: str) -> str:
    started = int((time.time() - number * 3600) * 1000)
    source = {"mlflow.source.name": "train.ipynb" if number % 2 else "other.ipynb"}
    run_id = runs.create(
        project, uid=f"u{number}", name=name, started_ms=started, tags={**source, **tags}
    )
    points = [("loss", 1 / (1 + step) + number / 20, started + step, step) for step in range(20)]
    points.append(("auc", 0.9 + number / 100, started, 0))
    params = {"depth": str(12 - number), "loss": "hinge" if number % 2 else "log_loss"}
    runs.write(project, run_id, metrics=points, params=params)
    runs.finish(project, run_id, status="FAILED" if number == 3 else "FINISHED",
                ended_ms=started + 4200 * number)  # fmt: skip
    return run_id


@pytest.fixture(scope="module")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("churn")
    (root / "mlops.toml").write_text('experiment = "churn"\n', encoding="utf-8")
    (root / "train.ipynb").write_bytes(Example(cells=("1",)).to_bytes())
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("MLFLOW_TRACKING_URI", "MLOPS_TRACKING_URI"):
            patch.delenv(variable, raising=False)
        project = load_project(root)
        names = ["boosting", "logistic", NASTY, "forest", "linear", "boosting, deeper"]
        ids = [add_run(project, n, name, team="blue") for n, name in enumerate(names, start=1)]
        for number, run_id in enumerate(ids[:2]):
            file = root / "cell.py"
            file.write_text(f"depth = {number}\nfit(depth)\n", encoding="utf-8")
            runs.upload(project, run_id, file, "mlops/cell.py")
        yield project


def open_table(page: Any) -> Any:
    page.evaluate(OPEN)
    table = page.locator("#mlops-nb-runs-table")
    table.locator(".mlops-Grid-body .mlops-Grid-row").first.wait_for()
    return table


def shown_names(table: Any) -> list[str]:
    cells = table.locator(".mlops-Grid-body .mlops-Grid-row > span:nth-child(3)")
    rows = sorted(
        (cell.locator("xpath=..").get_attribute("aria-rowindex") or "", cell.inner_text())
        for cell in cells.all()
    )
    return [name for _, name in rows]


def test_the_table_is_sorted_filtered_and_its_columns_are_remembered(
    churn: Project, lab: Lab, visit: Visit, screenshots: Path,
    violations: Callable[..., list[str]], both_themes: Callable[..., Iterator[str]],
) -> None:  # fmt: skip
    with visit(lab(churn.root), width=1440) as page:
        page.on("dialog", lambda dialog: page.errors.append(f"a dialog: {dialog.message}"))
        page.evaluate(OPEN_NOTEBOOK, "train.ipynb")
        table = open_table(page)
        names = ["boosting", "logistic", NASTY, "forest", "linear", "boosting, deeper"]
        assert shown_names(table) == names
        assert table.locator("img").count() == 0
        table.get_by_role("button", name="depth").click()
        assert shown_names(table) == names[::-1], "as numbers: 6 before 11"
        table.get_by_role("button", name="auc").click()
        assert shown_names(table) == names[::-1], "a metric begins with its greatest"

        search = table.get_by_role("searchbox")
        search.fill("params.depth > 8 and (status = 'FAILED' or metrics.auc < 0.925)")
        search.press("Enter")
        table.get_by_text("3 runs").wait_for()
        assert shown_names(table) == [NASTY, "logistic", "boosting"]
        search.fill("metrics.auc >")
        search.press("Enter")
        alert = table.get_by_role("alert")
        alert.wait_for()
        assert "at character 14" in alert.inner_text()
        page.errors[:] = [e for e in page.errors if "/mlops/runs?" not in e]
        search.fill("")
        table.get_by_text("6 runs").wait_for()
        table.get_by_label("This notebook").check()
        table.get_by_text("3 runs").wait_for()
        assert shown_names(table) == ["linear", NASTY, "boosting"]
        table.get_by_label("This notebook").uncheck()
        table.get_by_text("6 runs").wait_for()

        table.get_by_role("button", name="Columns").click()
        table.get_by_label("tags.team").check()
        table.get_by_label("Duration").uncheck()
        table.get_by_role("button", name="Columns").click()
        heads = table.get_by_role("columnheader").all_inner_texts()
        assert any("team" in head for head in heads)
        assert not any("Duration" in head for head in heads)
        table.locator(".mlops-Grid-body .mlops-Grid-row", has_text="logistic").click()
        details = table.get_by_role("region", name="Run logistic")
        assert "hinge" not in details.inner_text()
        assert "log_loss" in details.inner_text()
        for theme in both_themes(page):
            page.screenshot(path=screenshots / f"runs-{theme}.png")
            assert violations(page, "#mlops-nb-runs-table") == []
        page.wait_for_timeout(1500)  # the state is saved with a delay
        page.evaluate(
            "() => [...window.jupyterapp.shell.widgets('main')]"
            ".find(one => one.id === 'mlops-nb-runs-table').close()"
        )
        heads = open_table(page).get_by_role("columnheader").all_inner_texts()
        assert any("team" in head for head in heads)


def test_runs_are_compared_starred_tagged_deleted_and_restored(
    churn: Project, lab: Lab, visit: Visit, screenshots: Path,
    violations: Callable[..., list[str]], both_themes: Callable[..., Iterator[str]],
) -> None:  # fmt: skip
    with visit(lab(churn.root), width=1440) as page:
        table = open_table(page)
        compare = table.get_by_role("button", name="Compare")
        assert compare.is_disabled()
        grid = table.get_by_role("grid")
        grid.focus()
        for key in ("Home", "Space", "ArrowDown", "Space", "ArrowDown", "Space"):
            page.keyboard.press(key)
        table.get_by_text("3 selected").wait_for()
        compare.click()
        table.get_by_role("heading", name="3 runs compared").wait_for()
        table.locator(".mlops-Compare-table").wait_for()
        text = table.inner_text()
        assert NASTY in text
        assert table.locator("img").count() == 0
        assert "11" in text
        assert table.locator("del", has_text="depth = 0").count() >= 1
        assert table.locator("ins", has_text="depth = 1").count() == 1
        chart = table.locator("figure", has_text="loss").locator("svg[tabindex]").first
        chart.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        told = table.locator(".mlops-Chart-values", has_text="step 1:")
        assert "boosting 0.55" in told.inner_text()
        for theme in both_themes(page):
            page.screenshot(path=screenshots / f"compare-{theme}.png")
            assert violations(page, "#mlops-nb-runs-table") == []
        table.get_by_role("button", name="Back to the runs").click()

        table.get_by_role("button", name="Star", exact=True).click()
        table.locator(".mlops-Star[aria-pressed=true]").nth(2).wait_for()
        starred = [run.name for run in runs.list_runs(churn) if run.tags.get("mlops.starred")]
        assert sorted(starred) == sorted(["boosting", "logistic", NASTY])
        table.locator(".mlops-Grid-body .mlops-Grid-row", has_text="forest").click()
        details = table.get_by_role("region", name="Run forest")
        details.get_by_label("New tag").fill("stage=<b>late</b>")
        details.get_by_role("button", name="Add tag").click()
        details.get_by_text("stage=<b>late</b>").wait_for()
        details.get_by_role("button", name="Remove the tag stage").click()
        details.get_by_text("stage=").wait_for(state="detached")

        table.get_by_role("button", name="Delete", exact=True).click()
        table.get_by_text("3 runs").wait_for()
        assert shown_names(table) == ["forest", "linear", "boosting, deeper"]
        table.get_by_role("button", name="Deleted runs").click()
        row = table.locator(".mlops-Deleted li", has_text=NASTY)
        row.get_by_role("button", name="Restore").click()
        table.get_by_text("4 runs").wait_for()
        assert NASTY in shown_names(table)
        refused = page.evaluate(
            "async () => (await fetch('/mlops/runs/delete', {method: 'POST', body: '{}'})).status"
        )
        assert refused == 403, "a request without the page's own token"
        page.errors[:] = [e for e in page.errors if "/mlops/runs/delete" not in e]


def test_a_run_of_a_kernel_is_loaded_made_again_and_registered(
    tmp_path: Path, lab: Lab, visit: Visit, screenshots: Path
) -> None:
    (tmp_path / "mlops.toml").write_text('experiment = "iris"\n', encoding="utf-8")
    data = "from sklearn.datasets import load_iris\nframe = load_iris(as_frame=True).frame"
    data += "\nframe['target'] = (frame['target'] > 1).astype(int)\nframe.to_csv('iris.csv')"
    columns = "X, y = frame.drop(columns='target'), frame['target']\ndepth = 3"
    cells = ("%load_ext mlops_nb", data, columns, TRAIN)
    (tmp_path / "train.ipynb").write_bytes(Example(cells=cells).to_bytes())
    with visit(lab(tmp_path), width=1440) as page:
        page.evaluate(OPEN_NOTEBOOK, "train.ipynb")
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        table = open_table(page)
        row = table.locator(".mlops-Grid-body .mlops-Grid-row", has_text="forest")
        row.get_by_text("finished").wait_for()
        row.click()
        details = table.get_by_role("region", name="Run forest")
        details.get_by_role("button", name="Insert loading code").click()
        page.wait_for_function("() => window.jupyterapp.shell.currentWidget.context !== undefined")
        added = next(c for c in page.evaluate(CELLS) if "load_run_model" in c["source"])
        assert re.search(r'load_run_model\("[0-9a-f]{32}"\)  # forest', added["source"])
        page.evaluate(
            "() => { const {content} = window.jupyterapp.shell.currentWidget;"
            " content.activeCell.model.sharedModel.setSource("
            "content.activeCell.model.sharedModel.getSource() + '\\ntype(model).__name__'); }"
        )
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")
        ran = next(c for c in page.evaluate(CELLS) if "load_run_model" in c["source"])
        assert "RandomForestClassifier" in json.dumps(ran["outputs"])

        page.evaluate(OPEN)
        details.get_by_role("button", name="Reproduce").click()
        details.get_by_text("Reproducing forest").wait_for()
        verdict = details.locator(".mlops-Verdict table")
        verdict.wait_for(timeout=120_000)
        assert "reproduced" in details.locator(".mlops-Verdict").inner_text()
        assert "auc" in verdict.inner_text()
        page.screenshot(path=screenshots / "reproduced.png")

        details.get_by_role("button", name="Register model").click()
        form = details.locator("form.mlops-Form")
        form.get_by_label("Model").fill("iris")
        form.get_by_label("Training rows").fill("gone.csv")
        form.get_by_label("Labelled rows").fill("iris.csv")
        form.get_by_label("Column of the truth").fill("target")
        form.get_by_role("button", name="Register").click()
        table.get_by_role("alert").get_by_text("no table 'gone.csv'").wait_for()
        page.errors[:] = [e for e in page.errors if "/mlops/runs/register" not in e]
        form.get_by_label("Training rows").fill("iris.csv")
        form.get_by_role("button", name="Register").click()
        details.get_by_text("Registering forest: done").wait_for(timeout=120_000)
    from mlops_nb.registry.versions import resolve

    assert resolve(load_project(tmp_path), "iris@challenger").version == 1
