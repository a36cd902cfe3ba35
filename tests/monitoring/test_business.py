from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.errors import ConfigError, InputError
from mlops_nb.monitoring import business, business_metrics, business_over_time
from mlops_nb.result import Status

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("value", "direction", "status"),
    [
        (12, "up", Status.PASSED), (9.5, "up", Status.WARNED), (8, "up", Status.FAILED),
        (9, "down", Status.PASSED), (10.5, "down", Status.WARNED), (12, "down", Status.FAILED),
        (None, "up", Status.SKIPPED), (math.nan, "up", Status.SKIPPED),
    ],
)  # fmt: skip
def test_goal_direction_and_tolerance(value: float, direction: str, status: Status) -> None:
    found = business("cost", value, goal=10, unit="k$", direction=direction, tolerance=0.1)
    assert found.status is status
    assert found.subject == "cost"
    assert "10 k$" in found.message


def test_bad_requests() -> None:
    with pytest.raises(InputError, match="direction"):
        business("cost", 1, goal=1, direction="left")
    with pytest.raises(InputError, match="tolerance"):
        business("cost", 1, goal=1, tolerance=-1)


CONFIG = """
[business.cost]
sql = "100 * avg(250 * CAST(late = 1 AND prediction = 0 AS INT) + 50 * prediction)"
goal = 4000
unit = "$ per 100"
direction = "down"

[business.calls]
sql = "SELECT count(*) FROM predictions WHERE prediction = 1"
goal = 10
model = "other"
"""


def _project(tmp_path: Path, config: str) -> Project:
    (tmp_path / "mlops.toml").write_text(config, encoding="utf-8")
    return load_project(tmp_path)


def _rows(late_from: int = 99) -> pd.DataFrame:
    """Ten rows a day over thirty days; from one day on every other departure is missed."""
    rows = pd.DataFrame({"day": [day for day in range(30) for _ in range(10)]})
    rows["timestamp"] = pd.Timestamp("2013-04-01") + pd.to_timedelta(rows["day"], "D")
    missed = (rows["day"] >= late_from) & (rows.index % 2 == 0)
    rows["late"] = (missed | (rows.index % 10 == rows["day"] % 3)).astype(float)
    return rows.assign(prediction=(rows.index % 10 == 5).astype(int))


def test_figures_of_the_configuration_are_computed_and_followed(tmp_path: Path) -> None:
    project = _project(tmp_path, CONFIG)
    [goal, trend] = business_metrics(_rows(), model="late", project=project, window="April")
    assert (goal.name, goal.subject, goal.status) == ("business.goal", "cost", Status.PASSED)
    assert goal.value == pytest.approx(100 * (250 * 0.1 + 50 * 0.1))
    assert trend.status is Status.PASSED
    [goal, trend] = business_metrics(_rows(20), model="late", project=project)
    assert goal.status is Status.FAILED
    assert (trend.name, trend.status) == ("business.trend", Status.WARNED)
    assert "since 2013-04-21" in trend.message
    assert len(business_metrics(_rows(), model="other", project=project)) == 4
    series = business_over_time(_rows(), model="late", every="7D", project=project)
    assert list(series["figure"].unique()) == ["cost"]
    assert len(series) == 5


def test_without_rows_it_is_not_known_and_without_configuration_there_is_nothing(
    tmp_path: Path,
) -> None:
    [unknown] = business_metrics(_rows().head(0), model="late", project=_project(tmp_path, CONFIG))
    assert unknown.status is Status.SKIPPED
    bare = _project(tmp_path, "")
    assert business_metrics(_rows(), model="late", project=bare) == []
    assert business_over_time(_rows(), model="late", project=bare).empty


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("sum(nothing)", "business.x: the query cannot be run"),
        ("SELECT late FROM predictions", "300 rows, not with one number"),
        ("SELECT 'a'", "which is no number"),
        ("SELECT count(*) FROM read_csv('/etc/passwd')", "cannot be run"),
        ("", "cannot be run"),
    ],
)
def test_a_wrong_query_names_its_figure(tmp_path: Path, sql: str, message: str) -> None:
    project = _project(tmp_path, f'[business.x]\nsql = "{sql}"\ngoal = 1\n')
    with pytest.raises(ConfigError, match=message):
        business_metrics(_rows(), project=project)


def test_before_the_first_label_a_figure_is_not_known_yet(tmp_path: Path) -> None:
    project = _project(tmp_path, CONFIG)
    unlabelled = _rows().drop(columns="late")
    [goal] = business_metrics(unlabelled.head(0), model="late", project=project)
    assert (goal.status, goal.value) == (Status.SKIPPED, None)
    with pytest.raises(ConfigError, match="cannot be run"):
        business_metrics(unlabelled, model="late", project=project)
