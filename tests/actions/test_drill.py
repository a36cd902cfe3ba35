"""Drills in real projects: what is broken is seen, and nothing of it leaves the sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.actions.compare_environments import PYTHON, compare_environments
from mlops_nb.actions.drill import drill
from mlops_nb.actions.init import init
from mlops_nb.actions.run_job import run_job
from mlops_nb.actions.sandbox import _toml, _toml_key, sandbox
from mlops_nb.cli.main import mlops
from mlops_nb.config import Project, load_project
from mlops_nb.environment import packages, python_version
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.jobs.attempt import AttemptStatus
from mlops_nb.jobs.drills import drills, latest
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.result import Status
from mlops_nb.state.alerts import list_alerts
from mlops_nb.state.attempts import list_attempts

TRAIN = """
import pandas as pd
from sklearn.linear_model import LogisticRegression
import mlops_nb as mlops
x = pd.Series(range(600)) % 97
rows = pd.DataFrame({"x": x, "y": (x > 48).astype(int)})
with mlops.run("train") as run:
    model = LogisticRegression().fit(rows[["x"]], rows["y"])
    run.log_model(model)
mlops.register_model(mlops.last_run(), "m", reference=rows[:300], holdout=rows[300:], label="y")
mlops.promote("m@challenger", reason="first")
"""
SCORE = """
import pandas as pd
import mlops_nb as mlops
from mlops_nb import monitoring
x = pd.Series(range(400)) % 97
rows = pd.DataFrame({"x": x, "y": (x > 48).astype(int)})
champion = mlops.load_model("m@champion")
scored = rows[["x"]].join(champion.score(rows))
scored["timestamp"] = pd.Timestamp("2026-03-01T06:00")
scored["prediction_id"] = rows.index.astype(str)
log = monitoring.predictions_log("m")
log.append(scored, version=champion.version.version)
log.label(scored[["prediction_id"]].join(rows["y"]))
"""
MONITOR = """
import mlops_nb as mlops
from mlops_nb import monitoring
window = monitoring.predictions_log("m").read(start, end)
baseline = mlops.load_baseline("m@champion")
results = monitoring.performance(window.dropna(subset=["y"]), label="y", baseline=baseline)
monitoring.conclude(results, model="m", window="w")
"""
CONFIGURATION = """
experiment = "drilled"
owner = "Ana"
[alerts]
heartbeat = "http://127.0.0.1:{port}/ping"
[alerts.routes]
chat = "json://127.0.0.1:{port}/chat"
[jobs.train]
notebook = "train.ipynb"
report.enabled = false
[jobs.score]
notebook = "score.ipynb"
report.enabled = false
[jobs.monitor]
notebook = "monitor.ipynb"
report.enabled = false
[jobs.retrain]
notebook = "train.ipynb"
after = {{ job = "monitor", on = "alert" }}
"""


def notebook(path: Path, *sources: str, parameters: str = "") -> None:
    cells = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {"tags": tags}, "outputs": [],
         "execution_count": None, "source": source}
        for number, (source, tags) in enumerate(
            [(parameters, ["parameters"]), *((one, []) for one in sources)]
        )
    ]  # fmt: skip
    path.write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}),
        encoding="utf-8",
    )


class _Outside:
    """Whatever is sent to the outside world arrives here."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outside.asked.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_arguments: object) -> None:
                """Keep quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def outside() -> Iterator[_Outside]:
    made = _Outside()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, outside: _Outside) -> Project:
    """A project with a champion that has scored a day."""
    root = tmp_path_factory.mktemp("live")
    (root / "mlops.toml").write_text(CONFIGURATION.format(port=outside.server.server_port))
    notebook(root / "train.ipynb", TRAIN)
    notebook(root / "score.ipynb", SCORE)
    window = 'model_name = "m"\nstart: "date | None" = None\nend: "date | None" = None\n'
    notebook(root / "monitor.ipynb", MONITOR, parameters=window)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        init(root, {"model_name": "m"})
        project = load_project(root)
        for job in ("train", "score"):
            record = run_job(project, job)
            assert record.status is AttemptStatus.SUCCEEDED, record.message
    return project


def everything(project: Project) -> dict[str, str]:
    """Hash every file but the drills' records, and what SQLite writes beside a database."""
    return {
        str(path.relative_to(project.root)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(project.root.rglob("*"))
        if path.is_file() and "drills" not in path.parts and path.suffix[:4] != ".db-"
    }


@pytest.mark.slow
def test_a_failing_job_is_seen_sent_and_repaired_without_a_trace(
    live: Project, outside: _Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(live.root)
    before, alerts, attempts = everything(live), list_alerts(live), len(list_attempts(live))
    outside.asked.clear()
    held, path = drill(live, "pipeline-failure")
    assert held.passed, [str(result) for result in held.results]
    steps = ("alert", "message", "link", "owner", "repair", "recovery")
    assert [result.name for result in held.results] == [f"drill.{step}" for step in steps]
    assert [command["exit_code"] for command in held.commands] == [1, 0]

    assert outside.asked == []
    assert everything(live) == before
    assert list_alerts(live, resolved=True) == alerts
    assert len(list_attempts(live)) == attempts
    record = json.loads(Path(path).read_text(encoding="utf-8"))
    assert (record["playbook"], record["passed"], record["owner"]) == (
        "pipeline-failure", True, "Ana",
    )  # fmt: skip
    assert "playbooks/pipeline-failure.md#" in record["results"][1]["evidence"]["sent"]
    kept = latest(drills(live))["pipeline-failure"]
    assert (kept.passed, kept.time, kept.results) == (True, held.time, held.results)


@pytest.mark.slow
def test_a_bad_deploy_is_seen_and_rolled_back(
    live: Project, outside: _Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(live.root)
    before = everything(live)
    held, _ = drill(live, "bad-deploy", window="1d")
    assert held.passed, [str(result) for result in held.results]
    assert "version 1 is champion again" in held.results[-1].message
    assert everything(live) == before
    assert outside.asked == []


@pytest.mark.slow
def test_a_fault_that_raises_no_alert_for_the_playbook_is_said(
    live: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(live.root)
    page = live.root / "playbooks" / "pipeline-failure.md"
    other = page.read_text(encoding="utf-8").replace(
        "findings: [job.*", "findings: [system.latency"
    )
    page.with_name("other.md").write_text(other, encoding="utf-8")
    held, _ = drill(live, "other")
    page.with_name("other.md").unlink()
    assert not held.passed
    (missed,) = held.results
    assert (missed.name, missed.status) == ("drill.alert", Status.FAILED)
    assert "no alert for system.latency" in missed.message
    assert "raised: job.completed/score" in missed.message
    assert "monitor notebook" in missed.advice


@pytest.mark.slow
def test_the_sandbox_has_no_way_out(
    live: Project, outside: _Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(live.root)
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "open sesame")
    monkeypatch.setenv("MLOPS_HOME", str(live.home))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", live.tracking_uri)
    predicted = len(predictions_log("m", live).read("2026-03-01", "2026-03-01"))
    outside.asked.clear()
    with sandbox(live) as box:
        root = box.project.root
        for place in (box.project.home, box.project.tracking_uri, box.project.state_uri):
            assert str(root) in str(place)
        assert box.project.config.alerts.routes == {"chat": "local"}
        assert box.project.config.alerts.heartbeat == ""
        assert box.project.config.jobs["retrain"].after is None
        assert "open sesame" not in str(box.environment)
        code, said = box.run("alert", "test")
        assert (code, outside.asked) == (0, []), said
        assert "test of the alert routes" in box.told()
        code, said = box.run("model", "rollback", "m")
        assert code == 2
        assert "no @previous" in said
        if box.network == "none":
            address = f"http://127.0.0.1:{outside.server.server_port}/"
            asking = f"import urllib.request as r; r.urlopen({address!r}, timeout=5)"
            notebook(root / "score.ipynb", asking)
            code, said = box.run("job", "run", "score")
            assert code == 1
            assert "URLError" in said
            assert outside.asked == []
        for path in (box.project.home / "predictions").rglob("*.parquet"):
            path.unlink()
    assert not root.exists()
    assert len(predictions_log("m", live).read("2026-03-01", "2026-03-01")) == predicted


@pytest.mark.slow
def test_the_models_environment_and_its_training_rows_are_compared_with(
    live: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(live.root)
    here = {PYTHON: python_version(), **packages()}
    same = compare_environments(live, model="m", here=here)
    assert (same.model, same.differences) == ("m/1", ())
    assert {"scikit-learn", "numpy"} <= set(same.matters)
    here |= {"scikit-learn": "0.1", "click": "0.1"}
    other = compare_environments(live, model="m", here=here)
    assert [(row.package, row.matters) for row in other.differences] == [
        ("scikit-learn", True), ("click", False),
    ]  # fmt: skip
    _, model = other.results()
    assert (model.status, model.advice) == (Status.FAILED, "mlops env diff m/1")

    pd.DataFrame({"x": [1, 50, 90]}).to_csv(tmp_path / "good.csv", index=False)
    pd.DataFrame({"x": [10_000, -10_000, 5]}).to_csv(tmp_path / "bad.csv", index=False)
    for name, code in (("good", 0), ("bad", 1)):
        words = ["env", "check", "m", "--data", str(tmp_path / f"{name}.csv")]
        done = CliRunner().invoke(mlops, words)
        assert done.exit_code == code, done.output


def test_a_project_that_cannot_be_drilled_is_told(project: Project) -> None:
    with pytest.raises(NotFoundError, match="there is no playbook 'x'"):
        drill(project, "x")
    folder = project.root / "playbooks"
    folder.mkdir()
    head = "---\ntitle: t\nfindings: [a.b]\n"
    (folder / "x.md").write_text(f"{head}---\n# t\n", encoding="utf-8")
    with pytest.raises(InputError, match="names no `fault`"):
        drill(project, "x")
    (folder / "x.md").write_text(f"{head}fault: slow-scorin\n---\n# t\n", encoding="utf-8")
    with pytest.raises(InputError, match="unknown fault 'slow-scorin'") as wrong:
        drill(project, "x")
    assert wrong.value.hint == "did you mean 'slow-scoring'?"
    (folder / "x.md").write_text(f"{head}fault: slow-scoring\n---\n# t\n", encoding="utf-8")
    with pytest.raises(InputError, match="names no `repair`"):
        drill(project, "x")


def test_a_store_that_is_not_beside_the_project_is_not_shared(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text('tracking-uri = "http://127.0.0.1:9/"\n')
    with pytest.raises(InputError, match="a server here"), sandbox(load_project(tmp_path)):
        pass
    done = subprocess.run(
        [sys.executable, "-c", "import mlops_nb.cli.playbook, sys; print('mlflow' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "False"


_VALUES = st.recursive(
    st.text() | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _VALUES, max_size=4))
def test_the_copys_configuration_says_what_the_projects_does(values: dict[str, object]) -> None:
    text = "".join(f"{_toml_key(key)} = {_toml(value)}\n" for key, value in values.items())
    assert tomllib.loads(text) == values
