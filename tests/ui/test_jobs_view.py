"""Jobs from a notebook's own form to their report, with real kernels."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.lint.example import Example

pytestmark = [pytest.mark.slow, pytest.mark.ui]

PARAMETERS = 'depth: int = 3\nkind = "a"\nquick = True\nsince: "date | None" = None\nseconds = 0.0'
CONFIGURATION = """experiment = "nights"

# Every night, unless the table says more.
[jobs.train]
notebook = "train.ipynb"

[jobs.train.bounds]
depth = { minimum = 1, maximum = 9 }  # deeper learns by heart
kind = { choices = ["a", "b"] }
"""
OPEN_NOTEBOOK = """async path => {
  const app = window.jupyterapp;
  const widget = await app.commands.execute('docmanager:open', {path});
  await widget.context.ready;
}"""
NASTY = "<img src=x onerror=alert(1)>"

Lab = Callable[..., str]
Visit = Callable[..., Any]


@pytest.fixture
def nights(tmp_path: Path) -> Project:
    """A project with one job."""
    cells = (PARAMETERS, "import time\ntime.sleep(seconds)", f"print(depth, kind, {NASTY!r})")
    content = json.loads(Example(cells=cells).to_bytes())
    content["cells"][0]["metadata"] = {"tags": ["parameters"]}
    (tmp_path / "train.ipynb").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "mlops.toml").write_text(CONFIGURATION, encoding="utf-8")
    return load_project(tmp_path)


def test_a_notebook_is_run_scheduled_watched_cancelled_and_retried(
    nights: Project, lab: Lab, visit: Visit, screenshots: Path,
    violations: Callable[..., list[str]], both_themes: Callable[..., Iterator[str]],
) -> None:  # fmt: skip
    with visit(lab(nights.root), width=1440) as page:
        page.on("dialog", lambda dialog: page.errors.append(f"a dialog: {dialog.message}"))
        page.evaluate(OPEN_NOTEBOOK, "train.ipynb")
        page.evaluate("() => window.jupyterapp.commands.execute('mlops:run-as-job')")
        view = page.locator("#mlops-nb-jobs")
        form = view.get_by_role("region", name="Run train.ipynb as a job")
        depth = form.get_by_label("depth")
        depth.wait_for()
        assert (depth.input_value(), depth.get_attribute("type")) == ("3", "number")
        assert depth.get_attribute("max") == "9"
        assert form.get_by_label("kind").locator("option").all_inner_texts() == ["a", "b"]
        assert form.get_by_label("since").get_attribute("type") == "date"

        depth.fill("4")
        form.get_by_label("kind").select_option("b")
        form.get_by_label("seconds").fill("600")
        form.get_by_role("button", name="Run now").click()
        form.get_by_text("Job train is started.").wait_for()
        bar = view.get_by_role("progressbar", name="Progress of train")
        bar.wait_for()
        view.get_by_text("cell 3/4").wait_for(timeout=60_000)
        assert "peak" in view.locator(".mlops-Running-facts").inner_text()
        asked: list[float] = []
        page.on(
            "request",
            lambda r: asked.append(time.monotonic()) if "/mlops/jobs?" in r.url else None,
        )
        page.wait_for_timeout(6500)
        assert len(asked) >= 2, "what runs is looked at every two seconds"
        for theme in both_themes(page):
            page.screenshot(path=screenshots / f"jobs-{theme}.png")
            assert violations(page, "#mlops-nb-jobs") == []
        view.get_by_role("button", name="Cancel train").click()
        row = view.locator(".mlops-History tbody tr").first
        row.get_by_text("cancelled", exact=True).wait_for(timeout=60_000)

        form.get_by_label("seconds").fill("0")
        form.get_by_label("Cron").fill("0 25 * * *")
        form.get_by_role("button", name="Save job and schedule").click()
        form.get_by_role("alert").get_by_text("wrong schedule").wait_for()
        page.errors[:] = [e for e in page.errors if "/mlops/jobs/schedule" not in e]
        form.get_by_label("Cron").fill("0 6 * * 1")
        form.get_by_label("Time zone").fill("Europe/Berlin")
        form.get_by_role("button", name="Save job and schedule").click()
        form.get_by_text("Written to mlops.toml").wait_for()
        view.get_by_text("0 6 * * 1 Europe/Berlin").wait_for()
        text = (nights.root / "mlops.toml").read_text(encoding="utf-8")
        assert "# Every night, unless" in text
        assert "# deeper learns by heart" in text
        assert load_project(nights.root).config.jobs["train"].parameters == {
            "depth": 4,
            "kind": "b",
        }

        form.get_by_role("button", name="Run now").click()
        done = view.locator(".mlops-History tbody tr", has_text="succeeded").first
        done.wait_for(timeout=60_000)
        done.get_by_role("button", name="Notebook of train").click()
        page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.context?.path.startsWith('MLOpsOutputs:')"
        )
        output = page.locator(".jp-NotebookPanel:visible .jp-OutputArea-output", has_text="4 b")
        output.wait_for()
        assert NASTY in output.inner_text()
        assert page.locator(".jp-NotebookPanel img[onerror]").count() == 0
        page.evaluate("() => window.jupyterapp.commands.execute('mlops:open-jobs')")
        done.get_by_role("button", name="Report of train").click()
        report = page.frame_locator("iframe[title='Report of train']")
        report.get_by_text("4 b").first.wait_for()
        assert page.locator("iframe[title='Report of train']").get_attribute("sandbox") == (
            "allow-scripts"
        )
        page.screenshot(path=screenshots / "job-report.png")
        page.evaluate("() => window.jupyterapp.commands.execute('mlops:open-jobs')")
        done.get_by_role("button", name="Retry of train").click()
        view.locator(".mlops-History tbody tr", has_text="succeeded").nth(1).wait_for(
            timeout=60_000
        )
