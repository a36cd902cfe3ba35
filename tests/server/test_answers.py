"""What the views ask for, of a project with a past, and in the form of the answers that are kept.

The answers in `answers/` are what the front end's tests read as well, typed as its own interfaces
have them. After a change that is wanted: `WRITE_ANSWERS=1 pytest tests/server/test_answers.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tornado.httpclient import HTTPResponse

from mlops_nb import modelfile
from mlops_nb.config import Project, load_project
from mlops_nb.lint.example import Example
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.registry.versions import tags_of
from mlops_nb.result import Result, Status
from mlops_nb.state import alerts, audit
from mlops_nb.state.attempts import begin, end
from mlops_nb.state.database import transaction
from mlops_nb.store import models, runs, versions

pytestmark = pytest.mark.slow

ANSWERS = Path(__file__).parent / "answers"
PATH = "churn/notebooks/train.ipynb"
BEGUN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
CONFIGURATION = """experiment = "churn"

[jobs.monitor]
notebook = "notebooks/train.ipynb"
schedule = "0 6 * * *"
"""
RESULTS = [
    Result(name="performance.auc", subject="all", status=Status.FAILED, value=0.7, message="fell",
           advice="look at the labels"),
    Result(name="drift.column", subject="age", status=Status.WARNED, value=0.2, message="moved"),
    Result(name="business.goal", subject="calls saved", status=Status.PASSED, value=120.0,
           threshold=100.0, message="reached"),
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """A project with two runs, a model, a declared job with an attempt, and an alert."""

    project: Project
    runs: tuple[str, str]


@pytest.fixture
def lived(served: Project) -> Lived:
    (served.root / "mlops.toml").write_text(CONFIGURATION, encoding="utf-8")
    (served.root / "notebooks" / "train.ipynb").write_bytes(Example(cells=("1",)).to_bytes())
    project = load_project(served.root)
    made = (add_run(project, 0, "forest"), add_run(project, 1, "linear"))
    promote(project, made[0])
    attempt = judge(project)
    place = alerts.Found(model="late", job="monitor", attempt=attempt, folder="f", due=BEGUN)
    alerts.record(project, place, RESULTS)
    return Lived(project=project, runs=made)


def add_run(project: Project, number: int, name: str) -> str:
    started = int((BEGUN + timedelta(hours=number)).timestamp() * 1000)
    tags = {"mlflow.source.name": "notebooks/train.ipynb", "mlops.model.model": "models:/m",
            "team": "blue"}  # fmt: skip
    run_id = runs.create(project, uid=f"u{number}", name=name, started_ms=started, tags=tags)
    curve = [("loss", 1 / (1 + step) + number, started + step, step) for step in range(4)]
    metrics = [*curve, ("auc", 0.9 + number / 100, started, 0)]
    runs.write(project, run_id, metrics=metrics, params={"depth": str(3 + number), "seed": "7"})
    file = project.root / "cell.py"
    file.write_text(f"depth = {3 + number}\n", encoding="utf-8")
    runs.upload(project, run_id, file, "mlops/cell.py")
    runs.finish(project, run_id, status="FINISHED", ended_ms=started + 60_000)
    return run_id


def promote(project: Project, run_id: str) -> None:
    from sklearn.dummy import DummyClassifier

    stored = modelfile.save(DummyClassifier().fit([[0], [1]], [0, 1]), project.home / "m")
    uri = models.log_model(project, run_id, stored.path)
    known = tags_of({"evaluated": datetime.now(UTC).isoformat()})
    version = versions.create_version(project, "late", source=uri, run_id=run_id, tags=known)
    with transaction(project) as connection:
        audit.append(
            connection, action="promote", model="late", version=version.version, details={}
        )
    versions.set_alias(project, "late", "champion", version.version)
    scored = {"prediction_id": ["a", "b"], "prediction": [0, 1]}
    frame = pd.DataFrame(scored).assign(timestamp=pd.Timestamp(BEGUN.date()))
    predictions_log("late", project).append(frame, version=version.version)


def judge(project: Project) -> str:
    name, folder = "a" * 12, project.home / "jobs" / "monitor"
    begin(project, name, job="monitor", logical_time=BEGUN, origin="schedule", parent=None,
          folder=".mlops/jobs/monitor")  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "output.ipynb").write_bytes(Example(cells=("1",)).to_bytes())
    (folder / "report.html").write_text("<p>all</p>", encoding="utf-8")
    document = {"schema": 1, "model": "late", "window": "a day", "status": "failed",
                "series": [{"window": "2026-03-01", "figure": "auc", "value": 0.7, "low": 0.6,
                            "high": 0.8, "rows": 900}],
                "results": [result.to_dict() for result in RESULTS]}  # fmt: skip
    (folder / "results.json").write_text(json.dumps(document), encoding="utf-8")
    end(project, name, status="findings")
    return name


def form(value: Any) -> Any:
    """Return the shape of an answer: keys in full, lists element by element, values by kind."""
    if isinstance(value, dict):
        return {key: form(one) for key, one in value.items()}
    if isinstance(value, list):
        return [form(one) for one in value]
    return "number" if type(value) in (int, float) else type(value).__name__


async def test_the_views_are_answered_in_the_form_that_the_front_end_is_tested_with(
    lived: Lived, jp_fetch: Callable[..., Awaitable[HTTPResponse]]
) -> None:
    asked: dict[str, tuple[str, dict[str, str]]] = {
        "runs": ("runs", {}),
        "compare": ("runs/compare", {"runs": ",".join(lived.runs)}),
        "jobs": ("jobs", {}),
        "models": ("models", {}),  # the health of each among them
        "evidence": ("models/version", {"reference": "late/1"}),
        "alerts": ("alerts", {}),
        "lifecycle": ("lifecycle", {}),
    }
    for name, (noun, query) in asked.items():
        params = {"path": PATH, **query}
        answer = json.loads((await jp_fetch("mlops", *noun.split("/"), params=params)).body)
        file = ANSWERS / f"{name}.json"
        if os.environ.get("WRITE_ANSWERS"):
            text = json.dumps(answer, indent=1, ensure_ascii=False)
            file.write_text(text + "\n", encoding="utf-8")
        assert form(answer) == form(json.loads(file.read_text(encoding="utf-8"))), name


async def test_where_a_model_waits_is_told(
    lived: Lived, jp_fetch: Callable[..., Awaitable[HTTPResponse]]
) -> None:
    from mlops_nb.actions.assess_lifecycle import lifecycle

    response = await jp_fetch("mlops", "lifecycle", params={"path": PATH})
    answer = json.loads(response.body)
    told = lifecycle(lived.project).to_dict()
    (life,) = answer["models"]
    reached = [stage["stage"] for stage in life["passages"][0]["stages"] if stage["start"]]
    assert life["champion"] == 1
    assert {"validate", "approve", "deploy"} <= set(reached)
    assert answer["bottleneck"]["stage"] == told["bottleneck"]["stage"]
    assert answer["funnel"] == told["funnel"]


async def test_the_lifecycle_of_a_project_that_was_never_used(
    served: Project, jp_fetch: Callable[..., Awaitable[HTTPResponse]]
) -> None:
    answer = json.loads((await jp_fetch("mlops", "lifecycle", params={"path": "churn"})).body)
    assert answer["models"] == []
    assert answer["bottleneck"]["stage"] == "explore", "its one notebook has no run yet"
    assert not served.home.exists(), "looking must not create anything"
