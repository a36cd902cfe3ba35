"""Jobs from end to end, with real kernels and real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlops_nb.actions.run_job import as_json, run_job
from mlops_nb.config import load_project
from mlops_nb.errors import ConfigError, ExitCode, InputError, NotFoundError
from mlops_nb.jobs.attempt import AttemptRecord
from mlops_nb.jobs.processes import members
from mlops_nb.jobs.supervisor import Progress
from mlops_nb.result import Status
from mlops_nb.state.alerts import acknowledge, list_alerts
from mlops_nb.state.attempts import list_attempts
from mlops_nb.state.deliveries import undelivered

pytestmark = pytest.mark.slow

AddJob = Callable[..., Path]

FINDING = """
import json, os, pathlib
result = {"name": "performance.auc", "subject": "all", "status": status, "value": 0.6,
          "threshold": 0.7, "window": "w", "message": "fell", "advice": "retrain", "evidence": {}}
text = json.dumps({"schema": 1, "model": "flights", "window": "w", "status": status,
                   "results": [result], "handover": {"start": "2013-05-01", "other": 1}})
(pathlib.Path(os.environ["MLOPS_ATTEMPT_FOLDER"]) / "results.json").write_text(text)
"""


def run(name: str, parameters: dict[str, object] | None = None, **kwargs: Any) -> AttemptRecord:
    return run_job(load_project(), name, parameters, **kwargs)


def states(record: AttemptRecord) -> list[str]:
    """The states of the executed notebook's code cells; the notebook is valid JSON."""
    assert record.output is not None
    book = json.loads(record.output.read_text(encoding="utf-8"))
    return [
        cell["metadata"]["papermill"].get("status")
        for cell in book["cells"]
        if cell["cell_type"] == "code" and "papermill" in cell["metadata"]
    ]


def is_settled(record: AttemptRecord) -> None:
    """What every ended attempt leaves, and what none does."""
    project = load_project()
    stored = json.loads((record.folder / "job.json").read_text(encoding="utf-8"))
    assert stored["schema"] == 1
    assert stored["status"] == record.status
    assert stored["exit_code"] == record.exit_code
    assert members(record.attempt) == []
    assert list((project.home / "jobs" / ".staging").iterdir()) == []
    assert {row.attempt: row.status for row in list_attempts(project)}[record.attempt] == (
        record.status
    )
    if record.output is not None:
        assert record.report is not None
        assert record.status.replace("_", " ") in record.report.read_text(encoding="utf-8")


def test_a_notebook_runs_with_its_parameters_where_it_lies(add_job: AddJob) -> None:
    source = (
        "import os\nprint(depth * 2, start, attempt == os.environ['MLOPS_ATTEMPT'],"
        " logical_time, os.path.basename(os.getcwd()), os.path.exists('good.ipynb'))"
    )
    parameters = "depth = 3\nstart = '2013-04-01'\nattempt = ''\nlogical_time: 'date' = None"
    path = add_job("good", source, parameters=parameters, kernel="not-installed")
    before = path.read_bytes()
    seen: list[Progress] = []
    record = run("good", {"depth": 7}, on_progress=seen.append)
    assert (record.status, record.exit_code, record.message) == ("succeeded", 0, "")
    today = record.logical_time.date()
    assert record.output is not None
    text = record.output.read_text(encoding="utf-8")
    assert f"14 2013-04-01 True {today} notebooks True" in text
    assert path.read_bytes() == before
    assert "'not-installed'" in record.warnings[0]
    assert seen[-1].cell == seen[-1].cells == 4
    is_settled(record)
    printed = as_json(load_project(), record)
    assert printed["parameters"]["depth"] == 7
    assert (
        printed["output"]
        == f".mlops/jobs/good/{record.folder.parent.name}/{record.attempt}/output.ipynb"
    )


def test_a_failing_cell_is_named_and_the_rest_does_not_run(add_job: AddJob) -> None:
    add_job("bad", "x = 1", "# why\n1 / 0", "print('never')", parameters="depth = 3")
    record = run("bad", {"depth": 4})
    assert (record.status, record.exit_code) == ("failed", ExitCode.FINDINGS)
    assert record.fault is not None
    assert (record.fault.cell, record.fault.execution_count) == (3, 4)
    assert record.message == "cell 3 (In [4]) `1 / 0`: ZeroDivisionError: division by zero"
    assert states(record) == ["completed", "completed", "completed", "failed", "pending"]
    is_settled(record)
    (alert,) = list_alerts(load_project())
    assert (alert.identity, alert.model, alert.severity) == ("job.completed/bad", "", "error")
    log = (load_project().home / "alerts.log").read_text(encoding="utf-8")
    assert "division by zero" in log
    run("bad", {"depth": 4})
    assert list_alerts(load_project())[0].windows == 2
    assert (load_project().home / "alerts.log").read_text(encoding="utf-8") == log


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ("import os\nos._exit(0)", "exited with code 0"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL"),
    ],
)
def test_a_kernel_that_dies_is_called_dead(add_job: AddJob, source: str, how: str) -> None:
    add_job("dies", "x = 1", source, "print('never')")
    record = run("dies")
    assert (record.status, record.exit_code) == ("kernel_died", ExitCode.KERNEL_DIED)
    assert how in record.message
    # The number in the brackets is there only if the kernel got to say it before its end.
    assert re.match(r"cell 2 (\(In \[2\]\) )?`import os", record.message)
    assert states(record) == ["completed", "failed", "pending"]
    is_settled(record)


def test_want_of_memory_has_its_own_status(add_job: AddJob) -> None:
    add_job("big", "x = bytearray(10**15)")
    record = run("big")
    assert (record.status, record.exit_code) == ("memory", ExitCode.MEMORY)
    is_settled(record)


def test_a_time_limit_holds_for_whatever_the_cell_started(add_job: AddJob) -> None:
    add_job(
        "slow",
        "import subprocess, time\n"
        "subprocess.Popen(['sleep', '987'], start_new_session=True)\n"
        "print('begun', flush=True)\n"
        "while True:\n    try:\n        time.sleep(100)\n"
        "    except KeyboardInterrupt:\n        pass",
        table="timeout = 10",
    )
    record = run("slow")
    assert (record.status, record.exit_code) == ("timeout", ExitCode.TIMEOUT)
    assert "10 s" in record.message
    assert states(record) == ["failed"]
    assert record.output is not None
    assert "begun" in record.output.read_text(encoding="utf-8")
    assert record.seconds < 10 + 12
    is_settled(record)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_the_run_and_leaves_no_orphan(
    add_job: AddJob, tmp_path: Path, number: signal.Signals
) -> None:
    add_job("slow", "import pathlib, time\npathlib.Path('up').touch()\ntime.sleep(300)")
    supervisor = started("slow")
    wait_for(tmp_path / "notebooks" / "up")
    supervisor.send_signal(number)
    out, _ = supervisor.communicate(timeout=30)
    assert supervisor.returncode == ExitCode.CANCELLED
    assert f"cancelled by {number.name}" in out
    (row,) = list_attempts(load_project())
    assert row.status == "cancelled"
    assert members(row.attempt) == []
    folder = load_project().root / row.folder
    assert json.loads((folder / "output.ipynb").read_text(encoding="utf-8"))
    assert (folder / "report.html").is_file()
    assert list_alerts(load_project()) == []


def test_a_killed_supervisor_takes_the_kernel_with_it(add_job: AddJob, tmp_path: Path) -> None:
    add_job("slow", "import pathlib, time\npathlib.Path('up').touch()\ntime.sleep(300)")
    supervisor = started("slow")
    wait_for(tmp_path / "notebooks" / "up")
    (row,) = list_attempts(load_project())
    assert len(members(row.attempt)) == 2
    supervisor.kill()
    supervisor.communicate(timeout=30)
    deadline = time.monotonic() + 15
    while members(row.attempt) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert members(row.attempt) == []
    assert run_again_after_a_kill(add_job).status == "succeeded"
    statuses = {row.job: row.status for row in list_attempts(load_project())}
    assert statuses == {"slow": "cancelled", "next": "succeeded"}


def run_again_after_a_kill(add_job: AddJob) -> AttemptRecord:
    add_job("next", "print(1)")
    record = run("next")
    is_settled(record)
    return record


def started(name: str, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "mlops"), "job", "run", name, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.05)


def test_of_two_runs_for_one_due_time_one_runs(add_job: AddJob, tmp_path: Path) -> None:
    add_job("slow", "import time\nopen('count', 'a').write('x')\ntime.sleep(4)")
    both = [started("slow", "--logical-time", "2026-04-01T06:00") for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert sorted(process.returncode for process in both) == [0, 75], outputs
    assert (tmp_path / "notebooks" / "count").read_text(encoding="utf-8") == "x"
    assert len(list_attempts(load_project())) == 1
    again = started("slow", "--logical-time", "2026-04-01T06:00")
    again.communicate(timeout=60)
    assert again.returncode == 0
    folders = {(tmp_path / row.folder).parent for row in list_attempts(load_project())}
    assert len(folders) == 1


def test_what_is_wrong_starts_nothing(add_job: AddJob, tmp_path: Path) -> None:
    add_job("good", "print(depth)", parameters="depth = 3")
    with pytest.raises(NotFoundError, match="no parameter 'dept'"):
        run("good", {"dept": 3})
    with pytest.raises(InputError, match="wants an integer"):
        run("good", {"depth": "three"})
    (tmp_path / "notebooks" / "good.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(InputError):
        run("good")
    (tmp_path / "notebooks" / "good.ipynb").unlink()
    with pytest.raises(InputError, match="no notebook"):
        run("good")
    assert not (tmp_path / ".mlops" / "jobs").exists()


def test_json_that_is_no_notebook_underneath_is_refused(add_job: AddJob) -> None:
    path = add_job("odd", "print(1)")
    book = json.loads(path.read_text(encoding="utf-8"))
    del book["nbformat"], book["nbformat_minor"]
    del book["cells"][1]["metadata"]
    path.write_text(json.dumps(book), encoding="utf-8")
    record = run("odd")
    assert (record.status, record.exit_code) == ("refused", ExitCode.USAGE)
    assert "malformed" in record.message
    is_settled(record)


def test_large_outputs_are_not_written_again_for_every_cell(add_job: AddJob) -> None:
    add_job("large", *["print('x' * 1_000_000)"] * 20)
    record = run("large")
    assert record.status == "succeeded"
    assert record.output is not None
    assert record.output.stat().st_size > 20_000_000
    # papermill writes such a notebook 42 times, 440 MB in all.
    assert record.seconds < 60
    is_settled(record)


def test_findings_alert_and_start_what_waits_for_them(add_job: AddJob) -> None:
    add_job("monitor", FINDING, parameters="status = 'failed'")
    add_job(
        "train",
        "print(start)",
        parameters="start = '2013-01-01'",
        table='after = {job = "monitor", on = "alert"}',
    )
    add_job("praise", "print(1)", table='after = {job = "monitor", on = "success"}')
    add_job("report", "print(1)", table='after = {job = "train"}')
    record = run("monitor")
    assert (record.status, record.exit_code) == ("findings", ExitCode.FINDINGS)
    assert record.results[0].status is Status.FAILED
    assert record.message == "fell"
    (train,) = record.triggered
    assert (train.job, train.parent, train.status) == ("train", record.attempt, "succeeded")
    assert train.parameters == {"start": "2013-05-01"}
    assert [follower.job for follower in train.triggered] == ["report"]
    assert [row.origin for row in list_attempts(load_project())] == ["after", "after", "demand"]
    (alert,) = list_alerts(load_project())
    assert (alert.model, alert.identity) == ("flights", "performance.auc/all")
    assert alert.folder.endswith(record.attempt)
    log = load_project().home / "alerts.log"
    assert "what to do: retrain" in log.read_text(encoding="utf-8")

    acknowledge(load_project(), alert.id)
    again = run("monitor")
    assert again.status == "findings"
    assert again.triggered == ()
    assert len(log.read_text(encoding="utf-8").splitlines()) == 1

    well = run("monitor", {"status": "passed"})
    assert [follower.job for follower in well.triggered] == ["praise"]
    assert list_alerts(load_project()) == []
    is_settled(record)


def test_a_follower_that_cannot_start_is_recorded(add_job: AddJob) -> None:
    add_job("first", "1 / 0")
    add_job(
        "second",
        "print(1)",
        parameters="depth = 3",
        table='after = {job = "first", on = "failure"}\nparameters = {dept = 3}',
    )
    record = run("first")
    (second,) = record.triggered
    assert (second.status, second.exit_code) == ("refused", ExitCode.USAGE)
    assert "did you mean 'depth'" in second.message
    is_settled(second)
    assert {alert.identity for alert in list_alerts(load_project())} == {
        "job.completed/first",
        "job.completed/second",
    }


def test_results_that_cannot_be_read_are_a_finding(add_job: AddJob) -> None:
    source = "import os\nopen(os.environ['MLOPS_ATTEMPT_FOLDER'] + '/results.json', 'w').write('{')"
    add_job("odd", source)
    record = run("odd")
    assert record.status == "findings"
    assert record.results[0].name == "job.results"


def test_jobs_in_a_circle_are_refused(add_job: AddJob) -> None:
    add_job("one", "print(1)", table='after = {job = "two"}')
    add_job("two", "print(1)", table='after = {job = "one"}')
    with pytest.raises(ConfigError, match="circle"):
        run("one")


@pytest.fixture
def hook() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A real web hook: its port, and what was posted to it."""
    bodies: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, bodies
    server.shutdown()
    server.server_close()


def test_alerts_reach_the_job_s_routes_and_a_dead_one_is_only_a_warning(
    add_job: AddJob, tmp_path: Path, hook: tuple[int, list[dict[str, Any]]]
) -> None:
    port, bodies = hook
    add_job("bad", "1 / 0", table='alerts = ["hook", "dead"]')
    with (tmp_path / "mlops.toml").open("a", encoding="utf-8") as stream:
        stream.write(
            f'[alerts.routes]\nlocal = "local"\nhook = "json://127.0.0.1:{port}"\n'
            'dead = "json://127.0.0.1:1"\n'
        )
    record = run("bad")
    assert record.status == "failed"
    assert "route 'dead' did not take the message" in record.warnings[-1]
    (body,) = bodies
    assert body["title"] == "test: 1 alert from job bad"
    assert "division by zero" in body["message"]
    assert [(attempt, route) for attempt, route, _ in undelivered(load_project())] == [
        (record.attempt, "dead")
    ]
    assert not (tmp_path / ".mlops" / "alerts.log").exists()


def test_the_run_that_a_notebook_made_is_in_its_record(add_job: AddJob) -> None:
    source = "import mlops_nb as mlops\nwith mlops.run('fit'):\n    mlops.log_metric('auc', 0.7)"
    add_job("train", source)
    record = run("train")
    assert record.status == "succeeded", record.message
    from mlops_nb.store.runs import list_runs

    (stored,) = list_runs(load_project())
    assert record.run_id == stored.run_id
    assert stored.tags["mlops.attempt"] == record.attempt
    assert stored.tags["mlops.job.seed"] == str(record.seed)
    assert stored.tags["mlops.job.notebook_sha256"] == record.inputs["notebooks/train.ipynb"]
    assert stored.tags["mlops.job.environment"] == record.environment["digest"]
    assert json.loads(stored.tags["mlops.job.parameters"]) == {}


def test_without_a_store_the_attempt_still_stands(
    add_job: AddJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    source = "import mlops_nb as mlops\nwith mlops.run('fit'):\n    mlops.log_metric('auc', 0.7)"
    add_job("train", source)
    record = run("train")
    assert (record.status, record.run_id) == ("succeeded", None)
    assert any("not in the store yet" in warning for warning in record.warnings)


def test_children_are_gone_from_this_very_process(add_job: AddJob) -> None:
    add_job("good", "print(1)")
    before = {process.pid for process in psutil.Process(os.getpid()).children(recursive=True)}
    run("good")
    after = {process.pid for process in psutil.Process(os.getpid()).children(recursive=True)}
    assert after <= before
