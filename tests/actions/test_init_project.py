"""A project that `mlops init` made works on a table of the user's own, monitored from the start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("mlflow")

from mlops_nb.actions.register import register_model
from mlops_nb.config import load_project
from mlops_nb.frames import read_table
from mlops_nb.monitoring import predictions_log
from mlops_nb.registry.versions import resolve

MLOPS = str(Path(sys.executable).parent / "mlops")
pytestmark = pytest.mark.slow


def mlops(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MLOPS, *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


def customers(size: int, seed: int, *, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    months = rng.integers(1, 60, size)
    region = rng.choice(["north", "south", "west"], size)
    fee = rng.normal(40 + shift, 8, size).round(2)
    churned = rng.random(size) < 0.1 + 0.5 * (months < 12) + 0.1 * (region == "south")
    return pd.DataFrame({
        "customer": np.arange(size) + seed * 1_000_000,
        "day": pd.date_range(end=pd.Timestamp.now().floor("s"), periods=size, freq="5min"),
        "months": months,
        "region": region,
        "fee": fee,
        "churned": np.where(churned, "yes", "no"),
    })  # fmt: skip


ASKED = """
[tool.mlops.jobs.score.parameters]
reasons = 2
shadow = "challenger"
sinks = ["crm"]

[tool.mlops.sinks.crm]
kind = "csv"
target = "out"
columns = ["prediction", "reason_1"]
"""


def rival(folder: Path) -> None:
    """Register the champion's run once more: a challenger that says what the champion says."""
    project = load_project(folder)
    past = read_table(folder / "data/history.csv").tail(2000)  # as the notebook reads it
    run = resolve(project, "churn/1").run_id
    register_model(
        run, "churn", reference=past, holdout=past, label="churned", time="day", project=project
    )


def reasons_and_shadow(folder: Path, results: list[dict[str, Any]]) -> None:
    """Look at what the score job was asked for beside its answers."""
    project = load_project(folder)
    log, dark = predictions_log("churn", project), predictions_log("churn", project, shadow=True)
    live, silent = (one.read(log.days()[0], log.days()[-1]) for one in (log, dark))
    assert set(live["model_version"]) == {"1"}
    assert set(silent["model_version"]) == {"2"}
    assert set(live["prediction_id"]) == set(silent["prediction_id"])
    told = live["reason_1"].str.extract(
        r"^(\w+) = .* (raises|lowers) the score by [\d.]+ log-odds$"
    )
    assert set(told[0]) <= {"months", "region", "fee"}
    assert told[0].notna().all()
    assert ("reason_2" in live, "reason_3" in live) == (True, False)
    # A reason leaves the project with those sinks that ask for it.
    sent = pd.concat(pd.read_csv(path) for path in (folder / "out").iterdir())
    assert set(sent.columns) == {"prediction_id", "prediction", "reason_1"}
    agreement = next(r for r in results if r["name"] == "shadow.agreement")
    assert (agreement["subject"], agreement["value"]) == ("churn/2", 1.0)
    assert agreement["evidence"]["rows"] == len(live)


def test_from_a_table_to_a_monitored_model(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    customers(6000, 1).to_csv(tmp_path / "data/history.csv", index=False)
    customers(2000, 2).to_csv(tmp_path / "data/batch.csv", index=False)
    made = mlops(
        tmp_path, "init", "--model", "churn", "--data", "data/history.csv",
        "--target", "churned", "--id", "customer", "--timestamp", "day", "--groups", "region",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr

    with (tmp_path / "pyproject.toml").open("a", encoding="utf-8") as stream:
        stream.write(ASKED)
    for job in ("train", "score", "monitor"):
        done = mlops(tmp_path, "job", "run", job, "--format", "json")
        assert done.returncode == 0, done.stdout + done.stderr
        if job == "train":
            rival(tmp_path)
    results = json.loads(done.stdout)["results"]
    reasons_and_shadow(tmp_path, results)
    dimensions = {result["name"].partition(".")[0] for result in results}
    assert {"business", "performance", "drift", "fairness", "system"} <= dimensions
    assert any(r["name"] == "performance.roc_auc" for r in results)
    assert mlops(tmp_path, "lint", "--strict").returncode == 0
    status = mlops(tmp_path, "status").stdout
    today = pd.Timestamp.now().date()
    assert f"churn: version 1 is live of 2, last scored {today}" in status
    # What a scheduler calls: the monitor's first due time has come, and its window is its own.
    ticked = mlops(tmp_path, "job", "tick")
    assert ticked.returncode == 0, ticked.stdout + ticked.stderr
    assert "monitor" in ticked.stdout
    day = mlops(tmp_path, "monitor", "churn", "--window", "3d", "--format", "json")
    assert day.returncode == 0, day.stdout + day.stderr
    assert mlops(tmp_path, "alert", "test").returncode == 0
    assert (tmp_path / ".mlops/alerts.log").read_text().strip()


def test_a_number_as_target(tmp_path: Path) -> None:
    table = customers(3000, 3).assign(fee=lambda t: t["fee"] + t["months"])
    (tmp_path / "data").mkdir()
    table.to_parquet(tmp_path / "data/history.parquet")
    table.drop(columns="fee").to_parquet(tmp_path / "data/batch.parquet")
    mlops(tmp_path, "init", "--model", "fee", "--data", "data/history.parquet", "--target", "fee")
    for job, given in (("train", ()), ("score", ("-p", "batch=../data/batch.parquet"))):
        done = mlops(tmp_path, "job", "run", job, *given)
        assert done.returncode == 0, done.stdout + done.stderr
    done = mlops(tmp_path, "job", "run", "monitor", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no file ../data/history.csv"), ("a,b\n1,2\n", "has no column 'churned'")],
)
def test_a_table_that_does_not_fit_is_told_in_one_line(
    tmp_path: Path, content: str | None, said: str
) -> None:
    mlops(tmp_path, "init", "--data", "data/history.csv", "--target", "churned")
    if content:
        (tmp_path / "data").mkdir()
        (tmp_path / "data/history.csv").write_text(content)
    done = mlops(tmp_path, "job", "run", "train")
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
