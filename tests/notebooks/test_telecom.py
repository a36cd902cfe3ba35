"""The telecom series at its own size, 300,000 customers: fresh and whole first, right second."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
MLOPS = str(Path(sys.executable).parent / "mlops")
# A smaller training is enough here: what is looked at is the morning, not the model.
SHORT = ("customers_drawn=12000", "max_iter=20")

pytestmark = pytest.mark.slow

Job = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def customers(module_of: Callable[[Path], ModuleType]) -> ModuleType:
    """The module beside the notebooks."""
    return module_of(NOTEBOOKS / "telecom/customers.py")


@pytest.fixture
def telecom(tmp_path: Path) -> Path:
    """A copy of the series that fails at once instead of trying again for an hour."""
    folder = tmp_path / "telecom"
    shutil.copytree(NOTEBOOKS / "telecom", folder, ignore=shutil.ignore_patterns(".*"))
    (tmp_path / "people").symlink_to(NOTEBOOKS / "people")
    replaced(folder / "mlops.toml", "times = 3", "times = 0")
    return folder


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def run(folder: Path, name: str, day: str, *values: str) -> tuple[int, dict[str, Any]]:
    """Run a job as it is due at five in the morning of a day in New York."""
    done = subprocess.run(
        [MLOPS, "job", "run", name, "--logical-time", f"{day}T10:00", "--format", "json",
         *(word for value in values for word in ("-p", value))],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # beside other tests, threads wait busily
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def said(output: Path, name: str) -> str:
    """Return what a cell of an executed notebook printed and showed, as text."""
    (cell,) = (c for c in json.loads(output.read_text())["cells"] if c["id"] == name)
    texts = [o.get("text", o.get("data", {}).get("text/plain", [])) for o in cell["outputs"]]
    return "".join(part for text in texts for part in text)


def test_a_smaller_base_is_the_beginning_of_a_larger_one(customers: ModuleType) -> None:
    large, small = (customers.snapshot("2026-01-12", rows) for rows in (5000, 700))
    pd.testing.assert_frame_equal(large.head(700), small)
    assert large["prediction_id"].is_unique
    assert list(large.columns) == [
        "prediction_id", "timestamp", *customers.FEATURES, *customers.GROUPS,
    ]  # fmt: skip
    ids = customers.labels("2026-01-12", 700)["prediction_id"]
    pd.testing.assert_series_equal(ids, small["prediction_id"])


def test_customers_stay_and_a_few_are_new_every_day(customers: ModuleType) -> None:
    today, tomorrow, year = (
        customers.snapshot(day, 50_000)[customers.FEATURES]
        for day in ("2026-01-12", "2026-01-13", "2027-01-13")
    )
    changed = (today != tomorrow).any(axis=1).mean()
    assert changed == pytest.approx(1 / 365, rel=0.25)
    assert (today != year).any(axis=1).mean() > 0.95


def test_columns_keep_the_distributions_of_the_survey(customers: ModuleType) -> None:
    survey = customers._people()
    rows = customers.labelled_once("2026-01-12", "2026-01-12", range(200_000))
    assert rows["age"].mean() == pytest.approx(survey["age"].mean(), rel=0.01)
    assert rows["left"].mean() == pytest.approx(survey["left"].mean(), rel=0.03)
    young = [frame[frame["age"] < 30]["left"].mean() for frame in (rows, survey)]
    assert young[0] == pytest.approx(young[1], rel=0.03)


def test_whom_it_learns_from_comes_once(customers: ModuleType) -> None:
    rows = customers.labelled_once("2026-01-05", "2026-01-09", range(100, 3000))
    assert sorted(customers.number(rows)) == list(range(100, 3000))
    by_day = rows.groupby(rows["timestamp"].dt.date).size()
    assert list(by_day) == [580] * 5
    known = customers.labels("2026-01-07", 3000).set_index("prediction_id")["left"]
    wednesday = rows[rows["timestamp"].dt.day == 7].set_index("prediction_id")["left"]
    assert (known[wednesday.index] == wednesday).all()


def test_the_series_runs_from_training_to_its_two_last_pages(telecom: Path) -> None:
    code, record = run(telecom, "train", "2026-01-12", *SHORT)
    assert code == 0, record
    unwatched = 'after = { job = "score", on = "success" }'
    replaced(telecom / "mlops.toml", unwatched, f"# {unwatched}")
    code, record = run(telecom, "score", "2026-01-12")
    assert code == 0, record
    assert "300,000 customers in" in said(telecom / record["output"], "scores")
    replaced(telecom / "mlops.toml", f"# {unwatched}", unwatched)

    code, record = run(telecom, "score", "2026-01-14")
    assert code == 0, record
    (watched,) = record["triggered"]
    found = {result["name"]: result for result in watched["results"]}
    # The morning between was never scored; nothing else is wrong with what was.
    wrong = {name for name, result in found.items() if result["status"] == "failed"}
    assert wrong == {"system.missing_days", "system.volume"}
    assert found["system.volume"]["value"] == 600_000
    assert "labelled" in found["system.label_freshness"]["message"]
    report = telecom / watched["output"]
    assert "600,000 predictions, 300,000 of them with a label" in said(report, "window")
    assert "of those on the list leave" in said(report, "owner")
    assert "worth of calls is" in said(report, "owner")
    assert "failed: system.missing_days" in said(report, "on-call")
    assert record["attempt"] in said(report, "attempts")
    assert "on-call engineer" in said(report, "playbooks")

    # Yesterday's snapshot: nothing of it is scored, no list goes out, and somebody is told.
    lists = set(telecom.glob(".mlops/calls/*"))
    assert len(lists) == 2
    code, record = run(telecom, "score", "2026-01-15", "delivered=2026-01-14")
    assert (code, record["status"]) == (1, "failed")
    assert "25.0 hours old, 6.0 are allowed" in record["message"]
    assert not list(telecom.glob(".mlops/predictions/churn/date=2026-01-15/*"))
    assert set(telecom.glob(".mlops/calls/*")) == lists
    alerts = (telecom / ".mlops/alerts.log").read_text(encoding="utf-8")
    assert "job.completed/score" in alerts
    assert "no-list.md#job-the-scoring-did-not-run-or-did-not-end" in alerts
