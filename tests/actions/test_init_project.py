"""A project that `mlops init` made works on a table of the user's own, monitored from the start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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


def test_from_a_table_to_a_monitored_model(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    customers(6000, 1).to_csv(tmp_path / "data/history.csv", index=False)
    customers(2000, 2).to_csv(tmp_path / "data/batch.csv", index=False)
    made = mlops(
        tmp_path, "init", "--model", "churn", "--data", "data/history.csv",
        "--target", "churned", "--id", "customer", "--timestamp", "day", "--groups", "region",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr

    for job in ("train", "score", "monitor"):
        done = mlops(tmp_path, "job", "run", job, "--format", "json")
        assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(done.stdout)["results"]
    dimensions = {result["name"].partition(".")[0] for result in results}
    assert {"business", "performance", "drift", "fairness", "system"} <= dimensions
    assert any(r["name"] == "performance.roc_auc" for r in results)
    assert mlops(tmp_path, "lint", "--strict").returncode == 0
    status = mlops(tmp_path, "status").stdout
    today = pd.Timestamp.now().date()
    assert f"churn: version 1 is live of 1, last scored {today}" in status
    # What a scheduler calls: the monitor's first due time has come, and its window is its own.
    ticked = mlops(tmp_path, "job", "tick")
    assert ticked.returncode == 0, ticked.stdout + ticked.stderr
    assert "monitor" in ticked.stdout
    day = mlops(tmp_path, "monitor", "churn", "--window", "3d", "--format", "json")
    assert day.returncode == 0, day.stdout + day.stderr
    assert mlops(tmp_path, "alert", "test").returncode == 0
    assert (tmp_path / ".mlops/alerts.log").read_text().strip()


def test_a_batch_tells_why_while_a_challenger_scores_unseen(tmp_path: Path) -> None:
    from mlops_nb.config import load_project
    from mlops_nb.monitoring import predictions_log

    (tmp_path / "data").mkdir()
    customers(3000, 1).to_csv(tmp_path / "data/history.csv", index=False)
    customers(500, 2).to_csv(tmp_path / "data/batch.csv", index=False)
    mlops(
        tmp_path, "init", "--model", "churn", "--data", "data/history.csv",
        "--target", "churned", "--id", "customer", "--timestamp", "day",
    )  # fmt: skip
    settings = tmp_path / "pyproject.toml"
    asked = """
[tool.mlops.jobs.score.parameters]
reasons = 2
shadow = "challenger"

[tool.mlops.sinks.crm]
kind = "csv"
target = "out"
columns = ["prediction", "reason_1"]
"""
    settings.write_text(settings.read_text() + asked)
    assert mlops(tmp_path, "job", "run", "train").returncode == 0
    score = ("job", "run", "score", "-p", 'sinks=["crm"]')
    done = mlops(tmp_path, *score)
    assert done.returncode == 0, done.stdout + done.stderr  # nobody scores silently yet
    dark = predictions_log("churn", load_project(tmp_path), shadow=True)
    assert dark.days() == []

    settings.write_text(settings.read_text() + "\n[tool.mlops.gates.minimum]\nroc_auc = 0.99\n")
    assert mlops(tmp_path, "job", "run", "train", "-p", "max_iter=5").returncode == 1
    done = mlops(tmp_path, *score)
    assert done.returncode == 0, done.stdout + done.stderr
    log = predictions_log("churn", load_project(tmp_path))
    live, silent = (one.read(log.days()[0], log.days()[-1]) for one in (log, dark))
    assert set(live["model_version"]) == {"1"}
    assert set(silent["model_version"]) == {"2"}
    assert set(live["prediction_id"]) == set(silent["prediction_id"])
    told = live["reason_1"].str.extract(
        r"^(\w+) = .* (raises|lowers) the score by [\d.]+ log-odds$"
    )
    assert set(told[0]) <= {"months", "region", "fee"}
    assert told[0].notna().all()
    assert "reason_3" not in live
    # The reason goes to those sinks that ask for it.
    sent = pd.concat(pd.read_csv(path) for path in (tmp_path / "out").iterdir())
    assert set(sent.columns) == {"prediction_id", "prediction", "reason_1"}
    done = mlops(tmp_path, "job", "run", "monitor", "--format", "json")
    results = json.loads(done.stdout)["results"]
    agreement = next(r for r in results if r["name"] == "shadow.agreement")
    assert agreement["subject"] == "churn/2"
    assert agreement["evidence"]["rows"] == 500


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
