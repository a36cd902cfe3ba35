"""Models: versions with their evidence, health from real monitor jobs, alerts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

import mlops_nb as mlops
from mlops_nb.actions.run_job import run_job
from mlops_nb.config import Project, load_project
from mlops_nb.lint.example import Example
from mlops_nb.state.alerts import list_alerts

pytestmark = [pytest.mark.slow, pytest.mark.ui]

MONITOR = """
from mlops_nb import monitoring
from mlops_nb.result import Result, Status
results = [
    Result(name="performance.roc_auc", subject="all", status=Status.PASSED, value=0.98,
           message="as good as at registration"),
    Result(name="drift.column", subject="<img src=x onerror=alert(1)>", status=Status.FAILED,
           value=0.4, message="moved", advice="look at its source"),
    Result(name="system.latency", subject="p95", status=Status.WARNED, message="slower"),
    monitoring.business("calls saved", saved, goal=100.0, unit="a day"),
]
verdict = monitoring.conclude(results, model="tumours", window="a day")
"""
NASTY = "<img src=x onerror=alert(1)>"

Lab = Callable[..., str]
Visit = Callable[..., Any]


@pytest.fixture
def tumours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a registered model that a job has monitored on two days."""
    (tmp_path / "mlops.toml").write_text(
        'experiment = "tumours"\n[approvals]\none-person = true\n'
        '[jobs.monitor]\nnotebook = "monitor.ipynb"\n[alerts.routes]\nlocal = "local"\n',
        encoding="utf-8",
    )
    content = json.loads(Example(cells=("saved = 120.0", MONITOR)).to_bytes())
    content["cells"][0]["metadata"] = {"tags": ["parameters"]}
    (tmp_path / "monitor.ipynb").write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    frame = load_breast_cancer(as_frame=True).frame
    columns = ["mean radius", "mean texture", "target"]
    rows: pd.DataFrame = frame[columns]
    with mlops.run("logistic") as run:
        features = rows.iloc[:400].drop(columns="target")
        mlops.log_model(LogisticRegression().fit(features, rows["target"][:400]))
    mlops.register_model(
        run, "tumours", reference=rows.iloc[:400], holdout=rows.iloc[400:], label="target"
    )
    project = load_project(tmp_path)
    now = datetime.now(UTC)
    for day, saved in ((2, 130.0), (1, 90.0)):
        run_job(project, "monitor", {"saved": saved}, logical_time=now - timedelta(days=day))
    return project


def test_versions_health_and_alerts(
    tumours: Project, lab: Lab, visit: Visit, screenshots: Path,
    violations: Callable[..., list[str]], both_themes: Callable[..., Iterator[str]],
) -> None:  # fmt: skip
    with visit(lab(tumours.root), width=1440) as page:
        page.on("dialog", lambda dialog: page.errors.append(f"a dialog: {dialog.message}"))
        page.evaluate("() => window.jupyterapp.commands.execute('mlops:open-models')")
        view = page.locator("#mlops-nb-models")
        model = view.get_by_role("region", name="Model tumours")
        model.wait_for()
        tiles = model.locator(".mlops-Tile").all_inner_texts()
        said = {text.split("\n")[0]: text.split("\n")[1] for text in tiles}
        assert said["performance"].endswith("passed")
        assert said["drift"].endswith("failed")
        assert said["system"].endswith("warned")
        assert said["fairness"].endswith("not checked")
        assert said["business"].endswith("failed")
        chart = model.locator("figure", has_text="calls saved: 90 (goal 100)").locator("svg")
        chart.focus()
        page.keyboard.press("Home")
        assert "calls saved 130" in model.locator(".mlops-Chart-values").first.inner_text()

        model.get_by_role("button", name="Evidence of tumours/1").click()
        model.get_by_text("a one-person project").or_(model.get_by_text("no approval")).wait_for()
        model.get_by_role("button", name="Promote: tumours/1").click()
        model.get_by_text("Promoting tumours/1: done").wait_for(timeout=120_000)
        model.get_by_text("@champion").wait_for()
        model.get_by_role("list", name="Audit log of tumours").get_by_text("promote").wait_for()
        assert model.get_by_role("list", name="Gates of tumours/1").inner_text()
        assert view.locator("img").count() == 0
        for theme in both_themes(page):
            page.screenshot(path=screenshots / f"models-{theme}.png")
            assert violations(page, "#mlops-nb-models") == []

        alert = view.locator(".mlops-Alerts li", has_text="drift.column")
        assert NASTY in alert.inner_text()
        alert.get_by_label("Note on drift.column").fill("data team told")
        alert.get_by_role("button", name="Acknowledge").click()
        alert.get_by_text("note: data team told").wait_for()
        held = {one.identity: one.status for one in list_alerts(tumours)}
        assert held[f"drift.column/{NASTY}"] == "acknowledged"
        assert held["business.goal/calls saved"] == "open"

        model.get_by_role("button", name="Card: tumours/1").click()
        card = page.frame_locator("iframe[title='Card of tumours/1']")
        card.get_by_role("heading", level=1).wait_for()
        look_at_the_lifecycle(page, screenshots, violations, both_themes)
        page.evaluate("() => window.jupyterapp.commands.execute('mlops:open-models')")
        model.get_by_role("button", name="Open the report on tumours").click()
        report = page.frame_locator("iframe[title='Report of monitor']")
        report.get_by_role("heading", name="monitor").first.wait_for()


def look_at_the_lifecycle(
    page: Any, screenshots: Path,
    violations: Callable[..., list[str]], both_themes: Callable[..., Iterator[str]],
) -> None:  # fmt: skip
    """Look at the stages of the model that was trained, registered, monitored and promoted."""
    page.evaluate("() => window.jupyterapp.commands.execute('mlops:open-lifecycle')")
    view = page.locator("#mlops-nb-lifecycle")
    assert "waited" in view.get_by_role("region", name="Bottleneck").inner_text()
    funnel = view.get_by_role("region", name="How far notebooks and models came")
    assert funnel.locator("li", has_text="approve").inner_text().split() == ["approve", "1"]
    life = view.get_by_role("region", name="Lifecycle of tumours")
    assert "version 1 is live" in life.inner_text()
    passage = life.get_by_role("table", name="Version 1 (the first)")
    heads = passage.get_by_role("rowheader").all_inner_texts()
    assert [head.split()[0] for head in heads][1:5] == [
        "experiment", "validate", "register", "approve",
    ]  # fmt: skip
    assert sum("bottleneck" in head for head in heads) <= 1
    assert "not answered" in life.get_by_role("table", name="After alerts").inner_text()
    assert view.locator("img").count() == 0
    for theme in both_themes(page):
        page.screenshot(path=screenshots / f"lifecycle-{theme}.png")
        assert violations(page, "#mlops-nb-lifecycle") == []
