"""SECURITY.md line by line: each test is the attack that a line of the threat model speaks of."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from mlops_nb import modelfile
from mlops_nb.actions.lock_environment import dockerfile
from mlops_nb.actions.respond import respond
from mlops_nb.cli.main import mlops
from mlops_nb.config import Project, load_project
from mlops_nb.errors import ConfigError, InputError, MlopsError
from mlops_nb.jobs.alerts import Message
from mlops_nb.jobs.attempt import AttemptRecord, AttemptStatus, attempt_folder
from mlops_nb.jobs.index import write_index
from mlops_nb.jobs.playbook import playbooks
from mlops_nb.jobs.routes import deliver, ping
from mlops_nb.jobs.spec import check_jobs, resolve
from mlops_nb.monitoring import drift
from mlops_nb.monitoring.verdict import conclude
from mlops_nb.redaction import Redaction
from mlops_nb.result import Result, Status
from mlops_nb.state.alerts import list_alerts
from mlops_nb.state.attempts import begin, end, list_attempts
from mlops_nb.tracking.transfer import import_runs

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 4, 1, tzinfo=UTC)
SCRIPT = "</script><img src=https://elsewhere.test/x onerror=\"document.title='taken'\">"


def test_every_line_of_the_threat_model_names_tests_that_exist() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "`tests/" in line]
    assert len(rows) >= 20
    for row in rows:
        for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row):
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), (path, name)
    model = text.partition("## The threat model")[2].partition("\n## ")[0]
    told = [line for line in model.splitlines() if line.startswith("| ") and "---" not in line]
    heads = model.count("| attack |")
    assert len(told) - heads == len(rows), "a line without a test"


# Malicious notebook and what it leaves behind


def job(project: Project, name: str, parameters: str = "x = 1", table: str = "") -> Project:
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "outputs": [],
            "execution_count": None, "source": parameters}  # fmt: skip
    book = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}
    (project.root / f"{name}.ipynb").write_text(json.dumps(book), encoding="utf-8")
    with (project.root / "mlops.toml").open("a", encoding="utf-8") as stream:
        stream.write(f'[jobs.{name}]\nnotebook = "{name}.ipynb"\n{table}\n')
    return load_project(project.root)


def attempt(project: Project, *results: Result, model: str = "") -> AttemptRecord:
    folder = attempt_folder(project, "monitor", NOW, "a1")
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(
        json.dumps({"model": model, "results": [r.to_dict() for r in results]}), encoding="utf-8"
    )
    return AttemptRecord(
        job="monitor", attempt="a1", logical_time=NOW, status=AttemptStatus.FINDINGS, started=NOW,
        ended=NOW, parameters={}, notebook=project.root / "monitor.ipynb", folder=folder,
        results=results,
    )  # fmt: skip


def test_a_finding_cannot_forge_lines_of_the_alert_log(project: Project) -> None:
    project = job(project, "monitor")
    forged = "x\n2026-04-01T00:00:00Z test: 0 alerts, all is well"
    found = Result(name="drift.column", subject=forged, status=Status.FAILED, message=forged)
    respond(project, attempt(project, found, model=forged))
    log = (project.home / "alerts.log").read_text(encoding="utf-8")
    assert len(log.splitlines()) == 1
    assert list_alerts(project)


def test_a_name_from_data_cannot_steer_the_terminal(project: Project) -> None:
    project = job(project, "monitor")
    evil = "fare\x1b]52;c;cm0gLXJmIH4=\x07\x1b[2J\u202ereversed"
    found = Result(
        name="drift.column", subject=evil, status=Status.FAILED, message=evil, advice=evil
    )
    respond(project, attempt(project, found))
    for words in (["list"], ["show", "1"], ["ack", "1", "--note", evil], ["show", "1"]):
        done = CliRunner().invoke(mlops, ["alert", *words], color=True)
        assert done.exit_code == 0, done.output
        bare = re.sub(r"\x1b\[[01]?m", "", done.output)  # our own bold
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", bare), words


def test_what_a_notebook_hands_over_fills_declared_parameters_alone(project: Project) -> None:
    project = job(project, "retrain", "start = ''\ndepth: int = 1")
    handed = {"start": "'); import os; os.abort() #", "os": "evil", "x = 1; import os": 1}
    spec = resolve(project, "retrain", {}, handover=handed, offered={})
    values: dict[str, Any] = {}
    exec(spec.code, values)
    assert values["start"] == handed["start"]
    assert set(spec.parameters) == {"start"}
    with pytest.raises(InputError):
        resolve(project, "retrain", {}, handover={"depth": "__import__('os')"}, offered={})


def test_redaction_does_not_reach_through_a_link(project: Project) -> None:
    outside = project.root / "outside.txt"
    outside.write_text("the data hold hunter2-hunter2", encoding="utf-8")
    link = project.root / "attempt"
    link.mkdir()
    (link / "results.json").symlink_to(outside)
    Redaction(["hunter2-hunter2"]).file(link / "results.json")
    assert "hunter2" in outside.read_text(encoding="utf-8")


# Job file


@pytest.mark.parametrize(
    "name", ["x = 1; import os", "x\nimport os", "__import__('os').abort()", "x, y", "x-y"]
)
def test_a_parameter_name_with_code_starts_nothing(project: Project, name: str) -> None:
    project = job(project, "a")
    with pytest.raises(InputError, match="cannot be the name of a parameter"):
        resolve(project, "a", {name: 1}, handover={}, offered={})


@pytest.mark.parametrize("value", ["'''\"\"\"\\", "\n__import__('os').abort()\n", "{}", "\u2028x"])
def test_a_value_is_data_whatever_is_in_it(project: Project, value: str) -> None:
    project = job(project, "a", "x = ''")
    spec = resolve(project, "a", {"x": value}, handover={}, offered={})
    values: dict[str, Any] = {}
    exec(spec.code, values)
    assert values["x"] == value


@pytest.mark.parametrize("name", ["../../etc", "a b", "x;reboot", "$(reboot)", "-rf"])
def test_a_job_cannot_be_called_what_a_shell_or_a_path_would_obey(
    project: Project, name: str
) -> None:
    with (project.root / "mlops.toml").open("a", encoding="utf-8") as stream:
        stream.write(f'[jobs."{name}"]\nnotebook = "a.ipynb"\n')
    with pytest.raises(ConfigError, match="a job's name is"):
        check_jobs(load_project(project.root))


def test_a_model_name_is_one_word_in_a_playbook(project: Project) -> None:
    from mlops_nb.actions.init import init
    from mlops_nb.cli.playbook import wrong_command

    init(project.root, {"model_name": "m; rm -rf ~ #", "owner": 'x"\nfindings: [] #'})
    for playbook in playbooks(project):
        assert playbook.findings
        assert playbook.owner == 'x"\nfindings: [] #'
        for line in playbook.commands():
            assert wrong_command(line) == "", line
            assert "; rm" not in line.replace("'m; rm -rf ~ #", "")


def test_a_container_takes_no_package_without_a_hash(project: Project) -> None:
    (project.root / "requirements.lock").write_text("numpy==2.0\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no hash of numpy"):
        dockerfile(project)


# Pickle and model file


class _Evil:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, (_Evil.place,)

    place = ""


def test_a_pickle_is_not_loaded_without_permission(tmp_path: Path) -> None:
    import pickle

    _Evil.place = str(tmp_path / "made-by-the-pickle")
    for name in ("model.pkl", "model.skops"):
        path = tmp_path / name
        path.write_bytes(pickle.dumps(_Evil()))
        with pytest.raises(MlopsError):
            modelfile.load(path)
    assert not Path(_Evil.place).exists()


@pytest.mark.slow
def test_an_unknown_type_in_a_skops_file_is_named_and_refused(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    kept = modelfile.save(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), tmp_path / "m")
    with zipfile.ZipFile(kept.path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(files["schema.json"])
    schema["__class__"], schema["__module__"] = "Popen", "subprocess"
    files["schema.json"] = json.dumps(schema).encode()
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    kept.path.write_bytes(changed.getvalue())
    with pytest.raises(MlopsError, match=r"subprocess\.Popen"):
        modelfile.load(kept.path)


# Journal and exported runs


@pytest.mark.slow
def test_a_journal_cannot_bring_its_readers_files_into_the_store(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from mlops_nb.store.runs import artifacts, create
    from mlops_nb.tracking import journal as lines
    from mlops_nb.tracking.batch import Batch

    secret = tmp_path_factory.mktemp("elsewhere") / "id_ed25519"
    secret.write_text("PRIVATE", encoding="utf-8")
    staging = project.home / "journal" / "0a"
    (staging / "folder").mkdir(parents=True)
    (staging / "good.txt").write_text("good", encoding="utf-8")
    (staging / "link").symlink_to(secret)
    (staging / "folder" / "inner").symlink_to(secret)
    up = os.path.relpath(secret, staging)
    hostile = [str(secret), up, "link", "folder", "x/../../0a/good.txt", "a\\b", "\0", "."]
    batch = Batch.of(lines.Artifact(path=path) for path in [*hostile, "good.txt"])
    batch.models.append(lines.Model(name="m", file=up, example=""))
    run_id, warnings = create(project, uid="0a", name="r", started_ms=1, tags={}), []
    batch.write(project, run_id, staging, warnings)
    assert artifacts(project, run_id) == ["good.txt"]
    assert len(warnings) == len(hostile) + 1
    stored = [p for p in project.home.rglob("*") if p.is_file() and not p.is_symlink()]
    assert not any(b"PRIVATE" in path.read_bytes() for path in stored)


@pytest.mark.parametrize("name", ["../elsewhere", "/elsewhere", ".", "linked"])
def test_an_export_cannot_lead_out_of_its_folder(tmp_path: Path, name: str) -> None:
    for folder in ("elsewhere", "export"):
        (tmp_path / folder / "artifacts").mkdir(parents=True)
        run = {"schema": 1, "uid": "a", "run_id": "a", "name": "x", "started_ms": 1, "ended_ms": 2,
               "status": "FINISHED", "tags": {}, "params": {}, "metrics": {}}  # fmt: skip
        (tmp_path / folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    named = name.replace("/elsewhere", str(tmp_path / "elsewhere")) if name[0] == "/" else name
    (tmp_path / "export" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "export" / "runs.json").write_text(json.dumps({"schema": 1, "runs": {named: {}}}))
    (tmp_path / "mlops.toml").write_text("")
    with pytest.raises(InputError, match="leads out of its folder"):
        import_runs(load_project(tmp_path), tmp_path / "export")


# Webhook


@pytest.mark.parametrize(
    "url",
    [
        "json://ada:open-sesame@127.0.0.1:9/hooks/T0KEN-OF-THE-HOOK?key=s3cret-key",
        "jsons://ada:pw@127.0.0.1:9/hooks/T0KEN-OF-THE-HOOK",
        "nonsense://ada:open-sesame@127.0.0.1/T0KEN-OF-THE-HOOK",
        "json://[broken/T0KEN-OF-THE-HOOK",
    ],
)
def test_what_went_wrong_with_a_webhook_tells_no_credentials(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    monkeypatch.setenv("CHAT_URL", url)
    with (project.root / "mlops.toml").open("a", encoding="utf-8") as stream:
        stream.write('[alerts.routes]\nchat = "env:CHAT_URL"\n')
    project = load_project(project.root)
    problems = deliver(project, Message(title="t", body="b"))
    assert problems["chat"]
    done = CliRunner().invoke(mlops, ["alert", "test"])
    for text in (str(problems), done.output, caplog.text):
        for word in ("open-sesame", "ada:pw", "T0KEN", "s3cret-key"):
            assert word not in text


def test_the_heartbeat_tells_no_credentials(project: Project) -> None:
    with (project.root / "mlops.toml").open("a", encoding="utf-8") as stream:
        stream.write('[alerts]\nheartbeat = "http://127.0.0.1:9/T0KEN of-the-hook"\n')
    problem = ping(load_project(project.root))
    assert problem
    assert "T0KEN" not in problem
    assert "of-the-hook" not in problem


# Report


def pages(project: Project) -> list[Path]:
    """Write every page that we can write without a kernel, with a script in every name."""
    from mlops_nb.monitoring.report import render

    before = pd.DataFrame({SCRIPT: ["a", SCRIPT, "b"] * 200, "n": range(600)})
    now = pd.DataFrame({SCRIPT: [SCRIPT] * 600, "n": range(900, 1500)})
    written = [project.root / "drift.html", project.root / "verdict.html"]
    found = drift(before, now)
    render(found, written[0])
    result = Result(name="drift.column", subject=SCRIPT, status=Status.FAILED, message=SCRIPT,
                    advice=SCRIPT, evidence={SCRIPT: SCRIPT})  # fmt: skip
    render(conclude([result], model=SCRIPT, window=SCRIPT), written[1], playbook=lambda _r: SCRIPT)
    begin(project, "a1", job=SCRIPT, logical_time=NOW, origin="demand", parent=None, folder=SCRIPT)
    end(project, "a1", status="failed", message=SCRIPT)
    written.append(write_index(project, list_attempts(project), project.root / "index.html"))
    return written


@pytest.mark.slow
@pytest.mark.ui
def test_a_script_in_a_column_name_is_text_in_every_page(project: Project, browser: Any) -> None:
    for page in pages(project):
        asked: list[str] = []
        tab = browser.new_page()
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.goto(page.as_uri())
        tab.wait_for_timeout(500)
        title, images = tab.title(), tab.locator("img[onerror]").count()
        shown = tab.locator("body").inner_text()
        tab.close()
        assert (page.name, title == "taken", images) == (page.name, False, 0)
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
        assert "onerror=" in shown, f"{page.name} does not show the name at all"
