"""Every view in Notebook 7 and in the oldest JupyterLab, and all of them back after a reload."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_nb import modelfile
from mlops_nb.config import Project, load_project
from mlops_nb.lint.example import Example
from mlops_nb.store import models, runs, versions

pytestmark = [pytest.mark.slow, pytest.mark.ui]

VIEWS = {
    "runs": "mlops-nb-runs-table",
    "jobs": "mlops-nb-jobs",
    "models": "mlops-nb-models",
    "lifecycle": "mlops-nb-lifecycle",
}
RUN = "id => window.jupyterapp.commands.execute(id)"
OPEN = """async path => {
  const kernel = {shouldStart: false};
  const widget = await window.jupyterapp.commands.execute('docmanager:open', {path, kernel});
  await widget.context.ready;
}"""
# Notebook 7.6 stumbles over its own settings, with and without our extension.
SETTINGS_TOO_SOON = "(reading 'schema')"

Lab = Callable[..., str]
Visit = Callable[..., Any]
Violations = Callable[..., list[str]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a notebook, two runs, a declared job and a model version."""
    from sklearn.dummy import DummyClassifier

    root = tmp_path_factory.mktemp("served") / "shop"
    root.mkdir()
    (root / "mlops.toml").write_text(
        'experiment = "shop"\n[jobs.nightly]\nnotebook = "train.ipynb"\n', encoding="utf-8"
    )
    content = json.loads(Example(cells=("depth = 3", "print(depth, gone)")).to_bytes())
    content["cells"][0]["metadata"] = {"tags": ["parameters"]}
    (root / "train.ipynb").write_text(json.dumps(content), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("MLFLOW_TRACKING_URI", "MLOPS_TRACKING_URI"):
            patch.delenv(variable, raising=False)
        project = load_project(root)
        ids = [add_run(project, number) for number in (0, 1)]
        model = modelfile.save(DummyClassifier().fit([[0], [1]], [0, 1]), project.home / "m")
        uri = models.log_model(project, ids[0], model.path)
        made = versions.create_version(project, "late", source=uri, run_id=ids[0], tags={})
        versions.set_alias(project, "late", "champion", made.version)
        yield project


def add_run(project: Project, number: int) -> str:
    started = int((time.time() - 3600 * (number + 1)) * 1000)
    tags = {"mlflow.source.name": "train.ipynb", "mlops.model.model": "models:/m"}
    name = ("forest", "linear")[number]
    run_id = runs.create(project, uid=f"u{number}", name=name, started_ms=started, tags=tags)
    runs.write(project, run_id, metrics=[("auc", 0.9, started, 0)], params={"depth": str(number)})
    runs.finish(project, run_id, status="FINISHED", ended_ms=started + 60_000)
    return run_id


def opened(page: Any, name: str) -> Any:
    page.evaluate(RUN, f"mlops:open-{name}")
    view = page.locator(f"#{VIEWS[name]}")
    view.wait_for()
    return view


def look_at_every_view(page: Any) -> None:
    page.locator(".cm-lint-marker-error").wait_for()
    page.locator(".mlops-Badge").click()
    readiness = page.get_by_role("region", name="Readiness", exact=True)
    readiness.get_by_text("Not ready: 1 error").wait_for()

    table = opened(page, "runs")
    table.locator(".mlops-Grid-body .mlops-Grid-row", has_text="forest").click()
    table.get_by_role("region", name="Run forest").get_by_text("depth").wait_for()

    jobs = opened(page, "jobs")
    jobs.get_by_role("rowheader", name="nightly").wait_for()
    page.evaluate(RUN, "mlops:run-as-job")
    form = jobs.get_by_role("region", name="Run shop/train.ipynb as a job")
    form.get_by_label("depth").wait_for()
    assert form.get_by_label("depth").input_value() == "3"

    model = opened(page, "models").get_by_role("region", name="Model late")
    model.get_by_role("button", name="Evidence of late/1").click()
    model.get_by_text("Approvals").wait_for()

    lifecycle = opened(page, "lifecycle")
    lifecycle.get_by_role("region", name="Bottleneck").wait_for()
    life = lifecycle.get_by_role("region", name="Lifecycle of late")
    life.locator(".mlops-Headline", has_text="version 1 is live").wait_for()


def test_the_oldest_jupyterlab_has_every_view(
    shop: Project, lab: Lab, visit: Visit, screenshots: Path
) -> None:
    with visit(lab(shop.root.parent, environment="lab-4.4"), width=1440) as page:
        assert page.evaluate("() => window.jupyterapp.version").startswith("4.4.")
        page.evaluate(OPEN, "shop/train.ipynb")
        look_at_every_view(page)
        page.screenshot(path=screenshots / "lifecycle-lab-4.4.png")


def test_notebook_7_has_every_view_beside_its_document(
    shop: Project, lab: Lab, visit: Visit, violations: Violations, screenshots: Path
) -> None:
    url = lab(shop.root.parent, app="tree").removesuffix("tree") + "notebooks/shop/train.ipynb"
    with visit(url, width=1440, expected=SETTINGS_TOO_SOON) as page:
        look_at_every_view(page)
        page.screenshot(path=screenshots / "lifecycle-notebook-7.png")
        for name in VIEWS:
            view = opened(page, name)
            assert view.is_visible()
            assert violations(page, f"#{VIEWS[name]}") == []
        assert page.locator(".jp-Notebook").is_visible(), "the document stays where it is"
        page.evaluate(RUN, "mlops:show-readiness")
        panel = page.get_by_role("region", name="Readiness", exact=True)
        panel.get_by_role("button", name="'gone' is bound nowhere").click()
        panel.get_by_role("button", name="Ignore here").click()
        page.locator(".cm-lint-marker-error").wait_for(state="detached")


def test_the_views_come_back_where_they_were(shop: Project, lab: Lab, visit: Visit) -> None:
    url = lab(shop.root.parent)
    with visit(url, width=1440) as page:
        page.evaluate(OPEN, "shop/train.ipynb")
        for name in VIEWS:
            opened(page, name)
        page.locator(".mlops-Bottleneck").wait_for()
        page.wait_for_timeout(2500)  # the layout is saved after a pause
        page.goto(url)
        page.wait_for_function("() => window.jupyterapp !== undefined")
        page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        page.locator(".mlops-Bottleneck").wait_for()
        dock = page.locator("#jp-main-dock-panel")
        tabs = dock.locator(".lm-TabBar-tabLabel").all_inner_texts()
        assert [tab for tab in tabs if tab != "Launcher"] == [
            "train.ipynb", "Runs", "Jobs", "Models", "Lifecycle",
        ], "none of them twice"  # fmt: skip
        dock.get_by_role("tab", name="Runs", exact=True).click()
        dock.locator(".mlops-Grid-body .mlops-Grid-row").nth(1).wait_for()
        dock.get_by_role("tab", name="Jobs", exact=True).click()
        dock.get_by_role("rowheader", name="nightly").wait_for()
        dock.get_by_role("tab", name="Models", exact=True).click()
        dock.get_by_role("region", name="Model late").wait_for()
