"""The side panel with runs, driven by hand as a user would."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.store import runs

pytestmark = [pytest.mark.slow, pytest.mark.ui]

NASTY = "<img src=x onerror=alert(1)>"
FILTER_HAS_FOCUS = "() => document.activeElement.classList.contains('mlops-Runs-filter')"

Lab = Callable[..., str]
Palette = Callable[..., Any]
Visit = Callable[..., Any]


def add_run(
    project: Project,
    name: str,
    *,
    status: str = "FINISHED",
    minutes: float = 1.0,
    metrics: dict[str, float] | None = None,
    params: dict[str, str] | None = None,
) -> str:
    started = int((time.time() - minutes * 60) * 1000)
    tags = {"mlflow.source.name": "train.ipynb"}
    run_id = runs.create(project, uid=name, name=name, started_ms=started, tags=tags)
    points = [(key, value, started, 0) for key, value in (metrics or {}).items()]
    runs.write(project, run_id, metrics=points, params=params or {})
    if status != "RUNNING":
        runs.finish(project, run_id, status=status, ended_ms=started + 4200)
    return run_id


@pytest.fixture(scope="module")
def four_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("churn")
    (root / "mlops.toml").write_text('experiment = "churn"\n', encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "MLOPS_TRACKING_URI"):
            patch.delenv(name, raising=False)
        project = load_project(root)
        add_run(
            project,
            "logistic regression",
            minutes=60 * 26,
            metrics={"auc": 0.9341, "f1": 0.81},
            params={"C": "1.0", "solver": "lbfgs"},
        )
        add_run(project, NASTY, status="FAILED", minutes=95, params={"note": "<b>bold</b>"})
        add_run(
            project,
            "gradient boosting, depth 6",
            minutes=12,
            metrics={"auc": 0.96237, "f1": 0.874, "log_loss": 0.2114, "rows": 12000},
            params={"depth": "6", "learning_rate": "0.05", "loss": "log_loss", "seed": "7"},
        )
        add_run(project, "forest", status="RUNNING", minutes=0.3, metrics={"auc": 0.9512})
        yield project


def show_panel(page: Any) -> Any:
    page.evaluate("() => window.jupyterapp.commands.execute('mlops:show-runs')")
    panel = page.get_by_role("region", name="MLOps runs")
    panel.wait_for()
    return panel


def test_no_run_says_how_to_begin_and_a_run_appears_by_itself(
    project: Project, lab: Lab, visit: Visit, screenshots: Path
) -> None:
    with visit(lab(project.root)) as page:
        panel = show_panel(page)
        panel.get_by_text("No run yet").wait_for()
        assert panel.get_by_text("%load_ext mlops_nb", exact=True).is_visible()
        page.screenshot(path=screenshots / "panel-empty.png")
        add_run(project, "first")
        panel.get_by_role("button", name="first").wait_for(timeout=30_000)


def test_runs_are_listed_filtered_and_opened(
    four_runs: Project, lab: Lab, visit: Visit, screenshots: Path
) -> None:
    with visit(lab(four_runs.root)) as page:
        page.on("dialog", lambda dialog: page.errors.append(f"a dialog: {dialog.message}"))
        panel = show_panel(page)
        names = panel.locator(".mlops-Run-name")
        names.first.wait_for()
        assert names.all_inner_texts() == [
            "forest",
            "gradient boosting, depth 6",
            NASTY,
            "logistic regression",
        ]
        statuses = panel.locator(".mlops-Run-status").all_inner_texts()
        assert statuses == ["running", "finished", "failed", "finished"]
        assert panel.locator("img").count() == 0
        assert "12 min ago" in panel.inner_text()
        assert "auc 0.9624" in panel.inner_text()

        panel.get_by_role("button", name="gradient boosting").click()
        details = panel.locator(".mlops-Run-details")
        assert "learning_rate" in details.inner_text()
        assert "12000" in details.inner_text()
        page.screenshot(path=screenshots / "panel-light.png")
        page.evaluate(
            "() => window.jupyterapp.commands.execute('apputils:change-theme',"
            " {theme: 'JupyterLab Dark'})"
        )
        page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
        page.wait_for_timeout(500)  # the theme's own transition
        page.screenshot(path=screenshots / "panel-dark.png")

        search = panel.get_by_role("searchbox")
        search.fill("depth=6 auc")
        assert names.all_inner_texts() == ["gradient boosting, depth 6"]
        assert "1 of 4 runs" in panel.inner_text()
        search.fill("no such run")
        assert "0 of 4 runs" in panel.inner_text()


def test_the_keyboard_is_enough(four_runs: Project, lab: Lab, visit: Visit) -> None:
    with visit(lab(four_runs.root)) as page:
        panel = show_panel(page)
        panel.locator(".mlops-Run-row").first.wait_for()
        show_panel(page)
        page.wait_for_function(FILTER_HAS_FOCUS)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        opened = panel.locator(".mlops-Run-row[aria-expanded=true]")
        assert "gradient boosting" in opened.inner_text()
        page.keyboard.press("End")
        assert "logistic" in page.evaluate("() => document.activeElement.innerText")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowUp")
        page.wait_for_function(FILTER_HAS_FOCUS)


def test_the_command_is_in_the_palette_and_the_menu(
    four_runs: Project, lab: Lab, visit: Visit, palette: Palette
) -> None:
    with visit(lab(four_runs.root)) as page:
        palette(page, "mlops show", "MLOps: Show Runs").click()
        page.get_by_role("region", name="MLOps runs").wait_for()
        page.get_by_role("menuitem", name="View", exact=True).click()
        page.locator(".lm-Menu-itemLabel", has_text="MLOps: Show Runs").wait_for()


def test_only_a_visible_panel_asks_and_never_faster_than_every_two_seconds(
    four_runs: Project, lab: Lab, visit: Visit
) -> None:
    with visit(lab(four_runs.root)) as page:
        asked: list[float] = []

        def look(request: Any) -> None:
            if "/mlops/runs" in request.url:
                asked.append(time.monotonic())

        page.on("request", look)
        page.evaluate("() => window.jupyterapp.commands.execute('filebrowser:activate')")
        page.wait_for_timeout(1000)
        asked.clear()
        page.wait_for_timeout(4000)
        assert asked == []
        show_panel(page).locator(".mlops-Run-row").first.wait_for()
        page.wait_for_timeout(7500)
        assert len(asked) >= 2, "the panel refreshes itself"
        gaps = [after - before for before, after in pairwise(asked)]
        assert min(gaps) >= 2, f"faster than every 2 s: {gaps}"


def test_older_runs_are_fetched_on_demand(four_runs: Project, lab: Lab, visit: Visit) -> None:
    limits: list[str] = []

    def answer(route: Any) -> None:
        limits.append(route.request.url.partition("limit=")[2].partition("&")[0])
        body = route.fetch().json()
        route.fulfill(json={**body, "more": len(limits) == 1})

    with visit(lab(four_runs.root)) as page:
        page.route("**/mlops/runs*", answer)
        panel = show_panel(page)
        panel.get_by_role("button", name="Show older runs").click()
        panel.get_by_role("button", name="Show older runs").wait_for(state="detached")
        assert limits[:2] == ["100", "200"]
        page.unroute_all(behavior="wait")


def test_without_the_server_part_the_panel_says_so(
    four_runs: Project, lab: Lab, visit: Visit, screenshots: Path
) -> None:
    # The browser itself reports, at each try, the 404 that the panel explains.
    with visit(lab(four_runs.root, server_part=False), expected="/mlops/version") as page:
        alert = show_panel(page).get_by_role("alert")
        alert.wait_for()
        assert "server part of mlops_nb is not running" in alert.inner_text()
        page.screenshot(path=screenshots / "panel-no-server.png")


def test_another_version_of_the_server_part(four_runs: Project, lab: Lab, visit: Visit) -> None:
    with visit(lab(four_runs.root)) as page:
        answer = json.dumps({"schema": 1, "version": "99.0"})
        page.route("**/mlops/version*", lambda route: route.fulfill(body=answer))
        alert = show_panel(page).get_by_role("alert")
        alert.wait_for()
        assert "99.0" in alert.inner_text()
        assert "Restart the Jupyter server" in alert.inner_text()
