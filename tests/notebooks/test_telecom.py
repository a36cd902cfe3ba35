"""The telecom series at a reduced number of customers: it is fresh first, and right second."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
MLOPS = str(Path(sys.executable).parent / "mlops")
FEW = 2000

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def customers() -> ModuleType:
    """The module beside the notebooks."""
    spec = importlib.util.spec_from_file_location("customers", NOTEBOOKS / "telecom/customers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_smaller_base_is_the_beginning_of_a_larger_one(customers: ModuleType) -> None:
    large, small = (customers.snapshot("2026-01-12", rows) for rows in (5000, 700))
    pd.testing.assert_frame_equal(large.head(700), small)
    assert large["prediction_id"].is_unique
    assert list(large.columns) == [
        "prediction_id", "timestamp", *customers.FEATURES, *customers.GROUPS,
    ]  # fmt: skip


def test_customers_stay_and_a_few_are_new_every_day(customers: ModuleType) -> None:
    today, tomorrow, year = (
        customers.snapshot(day, 50_000)[customers.FEATURES]
        for day in ("2026-01-12", "2026-01-13", "2027-01-13")
    )
    changed = (today != tomorrow).any(axis=1).mean()
    assert changed == pytest.approx(1 / 365, rel=0.25)
    assert (today != year).any(axis=1).mean() > 0.95


def test_columns_keep_the_distributions_of_the_survey(customers: ModuleType) -> None:
    survey, rows = customers._people(), customers.labelled("2026-01-12", "2026-01-12", 200_000)
    assert rows["age"].mean() == pytest.approx(survey["age"].mean(), rel=0.01)
    assert rows["left"].mean() == pytest.approx(survey["left"].mean(), rel=0.03)
    young = [frame[frame["age"] < 30]["left"].mean() for frame in (rows, survey)]
    assert young[0] == pytest.approx(young[1], rel=0.03)


def test_the_series_runs_from_training_to_the_two_last_pages(tmp_path: Path) -> None:
    folder = tmp_path / "telecom"
    shutil.copytree(NOTEBOOKS / "telecom", folder, ignore=shutil.ignore_patterns(".*"))
    (tmp_path / "people").symlink_to(NOTEBOOKS / "people")
    table = (folder / "mlops.toml").read_text(encoding="utf-8")
    few = f'.ipynb"\nparameters = {{ customers_a_day = {FEW} }}'
    (folder / "mlops.toml").write_text(
        table.replace('.ipynb"', few).replace("times = 3", "times = 0"), encoding="utf-8"
    )

    def job(name: str, day: str, *values: str) -> tuple[int, dict[str, object]]:
        done = subprocess.run(
            [MLOPS, "job", "run", name, "--logical-time", f"{day}T10:00", "--format", "json",
             *(word for value in values for word in ("-p", value))],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    code, record = job("train", "2026-01-12")
    assert code == 0, record
    for day in ("2026-01-12", "2026-01-14"):
        code, record = job("score", day)
        assert code == 0, record
    (watched,) = record["triggered"]  # type: ignore[misc]
    found = {result["name"]: result["status"] for result in watched["results"]}
    # The day between was never scored; nothing else is wrong with what was.
    assert (found["system.missing_days"], found["system.volume"]) == ("failed", "failed")
    assert (found["system.freshness"], found["system.label_freshness"]) == ("passed", "passed")
    cells = {
        cell["id"]: cell for cell in json.loads((folder / watched["output"]).read_text())["cells"]
    }
    owner, on_call = (json.dumps(cells[name]["outputs"]) for name in ("owner", "on-call"))
    assert "of those on the list leave" in owner
    assert "system.missing_days" in on_call

    # Half of a snapshot: nothing of it is scored, and somebody is told.
    code, record = job("score", "2026-01-15", f"customers_a_day={FEW // 2}")
    assert (code, record["status"]) == (1, "failed")
    assert "system.volume" in str(record["message"])
    assert not list(folder.glob(".mlops/predictions/churn/date=2026-01-15/*"))
    alerts = (folder / ".mlops/alerts.log").read_text(encoding="utf-8")
    assert "job.completed/score" in alerts
