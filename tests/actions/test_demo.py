"""The demo turns the whole loop on real data and says what it made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import Project

pytest.importorskip("mlflow")

from mlops_nb.actions.demo import MARK, prepare
from mlops_nb.errors import InputError

MLOPS = str(Path(sys.executable).parent / "mlops")


def test_a_folder_of_the_users_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.ipynb").write_text("{}")
    with pytest.raises(InputError, match="was not made by the demo"):
        prepare(tmp_path / "mine")
    assert (tmp_path / "mine" / "work.ipynb").read_text() == "{}"


def test_a_folder_of_the_demos_is_made_afresh(tmp_path: Path) -> None:
    project = prepare(tmp_path / "demo")
    assert isinstance(project, Project)
    assert project.root == (tmp_path / "demo").resolve()
    (tmp_path / "demo" / "old.txt").write_text("")
    prepare(tmp_path / "demo")
    assert not (tmp_path / "demo" / "old.txt").exists()
    assert (tmp_path / "demo" / MARK).is_file()


@pytest.mark.slow
def test_the_whole_loop(tmp_path: Path) -> None:
    done = subprocess.run(
        [MLOPS, "demo"], cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    demo = tmp_path / "mlops-demo"

    records = [json.loads(path.read_text()) for path in demo.glob(".mlops/jobs/**/job.json")]
    jobs = [record["job"] for record in records]
    assert (jobs.count("score"), jobs.count("monitor")) == (2, 1)
    assert jobs.count("retrain") >= 1
    assert len(jobs) <= 10
    assert all((demo / record["report"]).stat().st_size < 2_000_000 for record in records)

    april = next(r for r in records if r["parameters"].get("end") == "2013-04-30"
                 and r["job"] == "monitor")  # fmt: skip
    assert april["status"] == "findings"
    failed = {r["name"] for r in april["results"] if r["status"] == "failed"}
    assert {"business.goal", "performance.roc_auc"} <= failed
    warned = {r["subject"] for r in april["results"] if r["status"] == "warned"}
    assert "temperature" in warned
    assert any(r["parent"] == april["attempt"] for r in records if r["job"] == "retrain")

    assert "drift" in (demo / "reports" / "drift-june.html").read_text().lower()
    assert (demo / ".mlops" / "alerts.log").read_text().strip()
    shown = subprocess.run(
        [MLOPS, "model", "list", "--format", "json"],
        cwd=demo,
        capture_output=True,
        text=True,
        check=True,
    )
    versions = json.loads(shown.stdout)["versions"]
    assert len(versions) >= 2
    champion = next(v for v in versions if "champion" in v["aliases"])
    assert champion["version"] >= 2, "the gate lets a model that knows the spring go live"
    for word in ("drift report", "lint", "next:"):
        assert word in done.stdout

    def told(*words: str) -> Any:
        answer = subprocess.run(
            [MLOPS, *words, "--format", "json"],
            cwd=demo,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(answer.stdout)

    (model,) = told("lifecycle", "late-flights")["models"]
    assert 0 < model["lead_time_seconds"] < 600
    assert 0 < model["alert_to_champion_seconds"] < 600
    assert model["reached"][-2:] == ["monitor", "retrain"]
    criteria = {r["name"]: r["status"] for r in told("maturity")["results"]}
    for name in ("tracked", "linted", "registered", "gated", "monitored", "retrained"):
        assert criteria[f"maturity.{name}"] == "passed", name
    period = ("--from", "2013-04-01", "--to", "2013-04-30", "--window", "30d")
    plans = told("rehearse", "late-flights", *period, "--alarm-budget", "2 pages a year")[
        "policies"
    ]
    assert plans[1]["pages"][0]["at"].startswith("2013-05-01")
