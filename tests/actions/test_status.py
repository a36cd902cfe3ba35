"""What the one screen says, from the first minute of a project on."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

pytest.importorskip("mlflow")

from mlops_nb.actions.status import status
from mlops_nb.cli.main import mlops
from mlops_nb.config import Project, load_project
from mlops_nb.result import Result, Status
from mlops_nb.state.alerts import Found, acknowledge, record
from mlops_nb.state.attempts import begin, end
from mlops_nb.store import runs

NOW = datetime(2026, 4, 1, 5, 30, tzinfo=UTC)


def add_run(project: Project) -> None:
    run_id = runs.create(project, uid="u1", name="first", started_ms=1_700_000_000_000, tags={})
    runs.finish(project, run_id, status="FINISHED", ended_ms=1_700_000_001_000)


def with_job(project: Project) -> Project:
    text = '[jobs.score]\nnotebook = "score.ipynb"\nschedule = "30 5 * * *"\n'
    (project.root / "mlops.toml").write_text(text, encoding="utf-8")
    return load_project(project.root)


def begin_and_end(project: Project, status: str) -> None:
    begin(project, "a1", job="score", logical_time=NOW, origin="demand", parent=None, folder="f")
    end(project, "a1", status=status)


def test_a_project_that_was_never_used(project: Project) -> None:
    found = status(project)
    assert (found.runs, found.models, found.jobs, found.alerts) == (0, (), (), ())
    assert found.next_step == "mlops init, then %%mlops run in a notebook"
    assert not (project.home / "mlops.db").exists(), "looking makes no store"


def test_runs_without_jobs_call_for_a_project(project: Project) -> None:
    add_run(project)
    found = status(project)
    assert found.runs == 1
    assert found.next_step == "mlops init"
    assert "<td style='text-align:left'>1</td>" in found._repr_html_()


def test_a_job_that_broke_is_the_next_thing_to_look_at(project: Project) -> None:
    project = with_job(project)
    assert status(project).jobs[0].status == "never"
    assert status(project).next_step == "mlops job run train"
    begin_and_end(project, "failed")
    (job,) = status(project).jobs
    assert job.status == "failed"
    assert job.due is not None
    assert (job.due.hour, job.due.minute) == (5, 30)
    assert status(project).next_step == "mlops job history score"


def test_an_open_alert_comes_before_everything_else(project: Project) -> None:
    project = with_job(project)
    begin_and_end(project, "failed")
    place = Found(model="m", job="monitor", attempt="a", folder="f", due=NOW)
    low = Result(name="performance.auc", subject="all", status=Status.FAILED, message="AUC <fell>")
    record(project, place, [low])
    found = status(project)
    assert found.alerts == ("#1 failed, 1 in a row: AUC <fell>",)
    assert found.next_step.startswith("mlops alert list")
    assert "AUC &lt;fell&gt;" in found._repr_html_()
    acknowledge(project, 1, "on it")
    assert status(project).alerts == ("#1 failed, 1 in a row, seen: AUC <fell>",)


def test_the_command_prints_what_the_function_returns(project: Project) -> None:
    project = with_job(project)
    text = CliRunner().invoke(mlops, ["status"], catch_exceptions=False).output
    assert text == f"{status(project)}\n"
    printed = CliRunner().invoke(mlops, ["status", "--format", "json"]).output
    values = json.loads(printed)
    assert (values["schema"], values["jobs"][0]["name"], values["runs"]) == (1, "score", 0)
