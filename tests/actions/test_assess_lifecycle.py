"""The lifecycle map, drawn from a real store, a real state and a real predictions log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

pytest.importorskip("mlflow")

from sklearn.dummy import DummyClassifier

from mlops_nb import modelfile
from mlops_nb.actions.assess_lifecycle import lifecycle
from mlops_nb.cli.main import mlops
from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.monitoring.scored import scored
from mlops_nb.registry.versions import tags_of
from mlops_nb.result import Result, Status
from mlops_nb.state import alerts, audit
from mlops_nb.state.attempts import begin, end
from mlops_nb.state.database import transaction
from mlops_nb.store import models, runs, versions
from mlops_nb.store.lifecycle import delete

NOW = datetime.now(UTC)


@pytest.fixture
def lived(project: Project) -> Callable[[], str]:
    """Make a version of model `late` that was trained, registered, judged and promoted."""
    return lambda: version_of(project)


def version_of(project: Project) -> str:
    started = int(time.time() * 1000) - 3_600_000
    number = len(runs.list_runs(project))
    tags = {"mlflow.source.name": "train.ipynb", "mlops.model.model": "models:/m"}
    run_id = runs.create(project, uid=f"u{number}", name="fit", started_ms=started, tags=tags)
    stored = modelfile.save(DummyClassifier().fit([[0], [1]], [0, 1]), project.home / f"m{number}")
    uri = models.log_model(project, run_id, stored.path)
    runs.finish(project, run_id, status="FINISHED", ended_ms=started + 60_000)
    known = tags_of({"evaluated": datetime.now(UTC).isoformat()})
    made = versions.create_version(project, "late", source=uri, run_id=run_id, tags=known)
    with transaction(project) as connection:
        audit.append(connection, action="promote", model="late", version=made.version, details={})
    versions.set_alias(project, "late", "champion", made.version)
    return run_id


def predict(project: Project, version: int) -> None:
    frame = pd.DataFrame({
        "prediction_id": [f"{version}-{i}" for i in range(4)], "prediction": [0, 1, 0, 1],
        "timestamp": pd.Timestamp("2013-04-01"),
    })  # fmt: skip
    predictions_log("late", project).append(frame, version=version)


def judge(project: Project, status: Status) -> None:
    """Let an attempt of a monitor come to a verdict, and raise what it found."""
    name = f"a{status.value}"
    begin(project, name, job="monitor", logical_time=NOW, origin="demand", parent=None,
          folder=f".mlops/jobs/{name}")  # fmt: skip
    found = Result(name="performance.auc", subject="model", status=status, message="AUC <i>fell")
    folder = project.home / "jobs" / name
    folder.mkdir(parents=True)
    document = {"model": "late", "results": [found.to_dict()]}
    (folder / "results.json").write_text(json.dumps(document), encoding="utf-8")
    end(project, name, status="findings" if status is Status.FAILED else "succeeded")
    place = alerts.Found(model="late", job="monitor", attempt=name, folder="f", due=NOW)
    alerts.record(project, place, [found])


def test_an_empty_project(project: Project) -> None:
    found = lifecycle(project)
    assert str(found).endswith("%%mlops run in a notebook")
    assert found.to_dict()["models"] == []
    assert "nothing has happened yet" in found._repr_html_()
    assert not (project.home / "mlops.db").exists(), "looking makes no store"
    assert found.report(project.root / "new" / "page.html").is_file()


def test_a_model_that_nobody_knows(project: Project) -> None:
    with pytest.raises(NotFoundError, match="there is no model 'late'"):
        lifecycle(project, "late")
    answer = CliRunner().invoke(mlops, ["lifecycle", "late"])
    assert isinstance(answer.exception, NotFoundError)


@pytest.mark.slow
def test_from_the_first_run_to_the_retrained_champion(
    project: Project, lived: Callable[[], str]
) -> None:
    lived()
    predict(project, 1)
    judge(project, Status.FAILED)
    lived()
    predict(project, 2)
    (model,) = lifecycle(project).to_dict()["models"]
    assert (model["model"], model["champion"], model["versions"]) == ("late", 2, 2)
    assert 3600 <= model["lead_time_seconds"] < 3700
    assert 0 <= model["alert_to_champion_seconds"] < 60
    assert model["reached"][-2:] == ["monitor", "retrain"]
    stages = {stage["stage"]: stage for stage in model["passages"][0]["stages"]}
    assert stages["experiment"]["worked_seconds"] == 60
    assert stages["validate"]["waited_seconds"] > 3500
    assert sum(s["worked_seconds"] + s["waited_seconds"] for s in stages.values() if s["start"])
    assert model["repairs"][0]["finding"] == "performance.auc/model"


@pytest.mark.slow
def test_a_run_that_was_deleted_is_no_error(project: Project, lived: Callable[[], str]) -> None:
    delete(project, lived())
    text = str(lifecycle(project, "late"))
    assert "its run was deleted" in text
    assert "version 1 is champion and has predicted nothing" in text


@pytest.mark.slow
def test_a_clock_that_is_set_back_is_told(project: Project, lived: Callable[[], str]) -> None:
    lived()
    past = lifecycle(project, now=NOW - timedelta(days=400))
    assert past.to_dict()["models"][0]["passages"]
    versions.set_tags(project, "late", 1, tags_of({"evaluated": "2001-01-01T00:00:00"}))
    warnings = lifecycle(project).to_dict()["models"][0]["warnings"]
    assert any("is before" in text for text in warnings)
    versions.set_tags(project, "late", 1, {"mlops.evaluated": '"yesterday"'})
    assert lifecycle(project).to_dict()["models"][0]["passages"]


def test_models_that_never_left_their_notebook(project: Project) -> None:
    tags = {"mlflow.source.name": "<b>.ipynb", "mlops.model.model": "models:/m"}
    runs.create(project, uid="u", name="x", started_ms=1_700_000_000_000, tags=tags)
    found = lifecycle(project)
    (stranded,) = found.to_dict()["never_left_the_notebook"]
    assert (stranded["notebook"], stranded["models"]) == ("<b>.ipynb", 1)
    assert found.to_dict()["bottleneck"]["stage"] == "experiment"
    assert "<b>.ipynb" not in found._repr_html_()


def test_the_command_and_the_page(
    project: Project, lived: Callable[[], str], tmp_path: Path
) -> None:
    lived()
    predict(project, 1)
    judge(project, Status.FAILED)
    page = tmp_path / "life.html"
    answer = CliRunner().invoke(mlops, ["lifecycle", "--report", str(page)], catch_exceptions=False)
    assert answer.output.splitlines()[-1] == f"report      {page}"
    assert "bottleneck" in answer.output
    text = page.read_text(encoding="utf-8")
    assert "Plotly.newPlot" in text
    assert len(text) < 2_000_000
    assert "https://" not in text.partition("<script>")[0]
    values = json.loads(CliRunner().invoke(mlops, ["lifecycle", "--format", "json"]).output)
    assert values["schema"] == 1
    assert values["bottleneck"]["stage"] in dict.fromkeys(s["stage"] for s in values["funnel"])
    refused = CliRunner().invoke(mlops, ["lifecycle", "--report", "life.pdf"])
    assert "this report cannot be written as 'life.pdf'" in str(refused.exception)


def test_what_was_scored_is_read_from_the_edges_of_files(project: Project) -> None:
    log = predictions_log("late", project)
    assert scored(log) == []
    predict(project, 1)
    (found,) = scored(log)
    assert (found.version, found.rows, found.days) == ("1", 4, 1)
    assert timedelta(0) <= datetime.now(UTC) - found.last < timedelta(minutes=1)
    foreign = log.predictions / "date=2013-04-02" / "model_version=2"
    foreign.mkdir(parents=True)
    pd.DataFrame({"prediction_id": ["x"]}).to_parquet(foreign / "hand.parquet")
    (foreign / "broken.parquet").write_text("no parquet")
    assert [(one.version, one.rows) for one in scored(log)] == [("1", 4), ("2", 1)]
