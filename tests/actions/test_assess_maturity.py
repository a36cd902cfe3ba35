"""Maturity by real records: a project from nothing upwards, and what is no evidence."""

from __future__ import annotations

import json
import os
import pty
import select
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("mlflow")

from sklearn.dummy import DummyClassifier

from mlops_nb import modelfile
from mlops_nb.actions.assess_maturity import MaturityReport, decisions_on_record, maturity
from mlops_nb.cli.main import mlops
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError
from mlops_nb.jobs.drills import Drill, keep
from mlops_nb.result import Result, Status
from mlops_nb.state import audit
from mlops_nb.state.alerts import Found, record
from mlops_nb.state.assessments import Assessment, history, note
from mlops_nb.state.attempts import begin, end
from mlops_nb.state.database import transaction
from mlops_nb.state.route_tests import record_tests
from mlops_nb.store import models, runs, versions

NOW = datetime.now(UTC)
NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "python3",
    "display_name": "x", "language": "python"}, "language_info": {"name": "python"}},
    "cells": [{"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None,
               "outputs": [], "source": "x = 1"}],
}  # fmt: skip


def met(report: MaturityReport) -> set[str]:
    return {
        result.name.partition(".")[2]
        for result in report.maturity.results
        if result.status is Status.PASSED
    }


def message(report: MaturityReport, name: str) -> str:
    return next(r.message for r in report.maturity.results if r.name == f"maturity.{name}")


def git(folder: Path, *words: str) -> None:
    named = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *named, *words], cwd=folder, check=True, capture_output=True)


def a_champion(project: Project, gates: list[dict[str, Any]], *, attempt: str = "") -> str:
    tags = {"mlflow.source.name": "train.ipynb", "mlops.attempt": attempt}
    uid = f"u{len(runs.list_runs(project))}"
    run_id = runs.create(project, uid=uid, name="fit", started_ms=1_780_000_000_000, tags=tags)
    stored = modelfile.save(DummyClassifier().fit([[0], [1]], [0, 1]), project.home / uid)
    uri = models.log_model(project, run_id, stored.path)
    runs.finish(project, run_id, status="FINISHED", ended_ms=1_780_000_060_000)
    made = versions.create_version(project, "late", source=uri, run_id=run_id, tags={})
    with transaction(project) as connection:
        details = {"gates": gates, "override": False}
        audit.append(
            connection, action="promote", model="late", version=made.version, details=details
        )
    versions.set_alias(project, "late", "champion", made.version)
    return run_id


def test_a_project_that_was_never_used(project: Project) -> None:
    found = maturity(project)
    assert met(found) == set()
    assert found.maturity.level == 0
    assert "maturity level 0: manual notebooks" in str(found)
    assert "%%mlops run" in str(found).splitlines()[-1]
    assert not (project.home / "mlops.db").exists(), "looking makes no store"
    assert "maturity level 0" in found._repr_html_()


@pytest.mark.slow
def test_records_bring_the_first_level_nearer(project: Project) -> None:
    (project.root / "train.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    assert message(maturity(project), "versioned") == "git does not know train.ipynb of 1 notebooks"
    git(project.root, "init", "-q")
    git(project.root, "add", "train.ipynb")
    git(project.root, "commit", "-qm", "x")
    run = runs.create(project, uid="u", name="<i>fit", started_ms=1_700_000_000_000, tags={})
    assert met(maturity(project)) == {"versioned", "linted", "tracked"}
    runs.write(project, run, tags={"mlops.reproduced": "different"})
    assert "reproducible" not in met(maturity(project))
    runs.write(project, run, tags={"mlops.reproduced": "reproduced"})
    found = maturity(project)
    assert found.maturity.level == 1
    assert "<i>fit" not in found._repr_html_()


@pytest.mark.slow
def test_a_champion_counts_by_what_the_log_says(project: Project) -> None:
    a_champion(project, [{"name": "gate.card", "status": "passed"}])
    found = maturity(project)
    assert "registered" in met(found)
    assert message(found, "gated") == "no gate stood before late/1"
    assert message(found, "reproducible") == "late/1 lacks its cells, packages, data, commit"
    a_champion(project, [{"name": "gate.minimum", "status": "passed"}, "damaged"])  # type: ignore[list-item]
    assert "gated" in met(maturity(project))
    versions.set_alias(project, "late", "champion", 1)
    assert message(maturity(project), "registered") == "late/1 live"


def test_a_deleted_run_is_told(project: Project) -> None:
    from mlops_nb.store.lifecycle import delete

    delete(project, a_champion(project, []))
    assert message(maturity(project), "reproducible") == "late/1 lacks its run"


def attempt(
    project: Project, name: str, job: str, *, origin: str = "demand", parent: str | None = None,
    status: str = "succeeded", **document: Any,
) -> None:  # fmt: skip
    folder = project.home / "jobs" / name
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps(document), encoding="utf-8")
    begin(project, name, job=job, logical_time=NOW, origin=origin, parent=parent,
          folder=f".mlops/jobs/{name}")  # fmt: skip
    end(project, name, status=status)


def result(name: str, status: str = "passed") -> dict[str, Any]:
    return {"name": name, "subject": "s", "status": status}


@pytest.mark.slow
def test_from_an_alert_to_a_champion_by_itself(project: Project) -> None:
    a_champion(project, [])
    seen = [result("performance.auc", "failed"), result("system.volume"),
            result("business.goal", "skipped"), result("drift.dataset", "warned")]  # fmt: skip
    attempt(project, "m1", "monitor", status="findings", model="late", results=seen)
    found = maturity(project)
    assert message(found, "monitored") == "the last verdict on late says nothing of business"
    assert "retrained" not in met(found)
    attempt(project, "r1", "retrain", origin="after", parent="m1")
    a_champion(project, [], attempt="r1")
    found = maturity(project)
    assert message(found, "retrained") == "an alert led to late/2, promoted by a person"
    attempt(project, "s1", "score", origin="schedule")
    (project.home / "jobs" / "s1" / "results.json").write_text("{broken", encoding="utf-8")
    assert message(maturity(project), "scheduled") == "job score ran by its schedule"


def test_alerts_routes_and_playbooks(project: Project) -> None:
    (project.root / "playbooks").mkdir()
    (project.root / "playbooks" / "drift.md").write_text("# Drift\n")
    (project.root / "mlops.toml").write_text(
        '[alerts.routes]\nlocal = "local"\nteam = "json://127.0.0.1:9"\nfile = "local"\n'
        '[owners]\nscience = ["a@x"]\n'
    )
    project = load_project(project.root)
    found = maturity(project)
    assert message(found, "guided") == "1 playbooks; no alert has needed one yet"
    assert message(found, "alerted") == "team never took a message"
    answer = CliRunner().invoke(mlops, ["alert", "test"])
    assert answer.exit_code == 1
    assert message(maturity(project), "alerted") == "team never took a message"
    record_tests(project, {"team": ""})
    assert message(maturity(project), "alerted") == "route team took a message"
    place = Found(model="late", job="monitor", attempt="a", folder="f", due=NOW)
    record(project, place, [Result(name="drift.x", subject="s", status=Status.FAILED)])
    assert message(maturity(project), "guided") == "1 of 1 alerts lead to no playbook"
    assert message(maturity(project), "governed").startswith("nobody is named")


def drill(
    at: datetime, *, passed: bool = True, command: str = "mlops model rollback late"
) -> Drill:
    found = Result(
        name="drill.repair", subject="s", status=Status.PASSED if passed else Status.FAILED
    )
    return Drill(
        playbook="bad-deploy", model="late", time=at, seconds=1, fault="f", owner="",
        network="none", results=(found,),
        commands=({"command": command, "exit_code": 0, "seconds": 1},),
    )  # fmt: skip


def test_drills_count_while_they_are_fresh(project: Project) -> None:
    keep(project, drill(NOW))
    assert {"drilled", "rollback_rehearsed"} <= met(maturity(project))
    later = maturity(project, now=NOW + timedelta(days=200))
    assert not {"drilled", "rollback_rehearsed"} & met(later)
    keep(project, drill(NOW + timedelta(seconds=1), passed=False))
    assert message(maturity(project), "drilled") == "the last drill of bad-deploy failed"
    (project.home / "drills" / "bad-deploy" / "torn.json").write_text("{")
    with pytest.raises(InputError, match="cannot read the drill"):
        maturity(project)


def test_a_drill_without_a_rollback_rehearses_none(project: Project) -> None:
    keep(project, drill(NOW, command="mlops job run train"))
    assert "rollback_rehearsed" not in met(maturity(project))


def test_a_changed_audit_log_is_no_governance(project: Project) -> None:
    a_champion(project, [])
    with sqlite3.connect(project.home / "state.db") as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET details = '{\"gates\": 3}'")
    found = maturity(project)
    assert "entry 1 was changed" in message(found, "governed")
    assert message(found, "gated") == "no gate stood before late/1"


def test_the_history_only_grows_and_only_by_changes(project: Project) -> None:
    maturity(project)
    assert len(maturity(project).history) == 1
    runs.create(project, uid="u", name="fit", started_ms=1_700_000_000_000, tags={})
    assert [one.met for one in maturity(project).history] == [(), ("tracked",)]
    note(project, Assessment(time=NOW, level=2, met=("tracked",)))
    assert "history: level 0" in str(maturity(project))
    assert len(history(project)) == 4
    with sqlite3.connect(project.home / "state.db") as connection:
        for change in ("UPDATE assessments SET level = 3", "DELETE FROM assessments"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(change)


def test_the_command(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "docs" / "level.svg"
    words = ["maturity", "--decisions-a-day", "5000", "--criticality", "medium"]
    answer = CliRunner().invoke(mlops, [*words, "--badge", str(target)], catch_exceptions=False)
    assert "5,000 decisions a day of medium criticality: level 2 fits" in answer.output
    assert "level 0" in target.read_text(encoding="utf-8")
    printed = CliRunner().invoke(mlops, [*words, "--format", "json"], catch_exceptions=False).output
    values = json.loads(printed)
    assert (values["schema"], values["level"], values["fits"]["level"]) == (1, 0, 2)
    assert values["next"]["command"].startswith("%%mlops run")
    refused = CliRunner().invoke(mlops, ["maturity", "--badge", "level.png"])
    assert "a badge cannot be written as 'level.png'" in str(refused.exception)


def test_the_configuration_is_asked_before_the_person(project: Project) -> None:
    (project.root / "mlops.toml").write_text(
        '[lifecycle]\ndecisions-a-day = 10\ncriticality = "high"\n'
    )
    assert "level 2 fits" in str(maturity(load_project(project.root)))
    assert decisions_on_record(project) == 0


@pytest.mark.slow
def test_on_a_terminal_it_asks(project: Project) -> None:
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).parent / "mlops"), "maturity"]
    with subprocess.Popen(command, cwd=project.root, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        os.write(ours, b"200\nhuge\nlow\n")
        seen = b""
        while select.select([ours], [], [], 60)[0]:
            try:
                seen += os.read(ours, 65_536)
            except OSError:  # the other end is closed
                break
    text = seen.decode()
    assert "'huge' is not one of" in text
    assert "200 decisions a day of low criticality: level 1 fits" in text
    assert 'criticality = "low"' in text
