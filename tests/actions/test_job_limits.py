"""Faults and limits, each with a real kernel: the status is true, and nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlops_nb.actions.run_job import run_job
from mlops_nb.config import load_project
from mlops_nb.errors import ExitCode
from mlops_nb.jobs.attempt import AttemptRecord
from mlops_nb.jobs.processes import members
from mlops_nb.jobs.supervisor import Progress
from mlops_nb.state.attempts import list_attempts

pytestmark = pytest.mark.slow

AddJob = Callable[..., Path]
MLOPS = str(Path(sys.executable).parent / "mlops")

DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    # What it was born with in its environment is gone with the program it becomes.
    os.execve("/bin/sleep", ["sleep", "{seconds}"], {{}})
time.sleep(0.5)
"""


def run(name: str, **kwargs: Any) -> AttemptRecord:
    return run_job(load_project(), name, **kwargs)


def sleepers(seconds: int) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if process.info["cmdline"] == ["sleep", str(seconds)]
    ]


def is_settled(record: AttemptRecord) -> None:
    stored = json.loads((record.folder / "job.json").read_text(encoding="utf-8"))
    assert (stored["status"], stored["exit_code"]) == (record.status, record.exit_code)
    assert members(record.attempt) == []
    assert record.output is not None
    assert json.loads(record.output.read_text(encoding="utf-8"))["nbformat"] == 4
    assert record.report is not None


def test_memory_is_limited_over_all_processes_together(add_job: AddJob) -> None:
    source = (
        "import subprocess, sys, time\n"
        "grow = 'x = bytearray(150_000_000); import time; time.sleep(60)'\n"
        "some = [subprocess.Popen([sys.executable, '-c', grow]) for _ in range(3)]\n"
        "time.sleep(60)"
    )
    add_job("big", "x = 1", source, table='memory = "400 MB"\ntimeout = 50')
    seen: list[Progress] = []
    record = run("big", on_progress=seen.append)
    assert (record.status, record.exit_code) == ("memory", ExitCode.MEMORY)
    assert "memory limit of 400 MB was over in cell 3/3" in record.message
    assert record.peak > 400_000_000
    assert max(progress.peak for progress in seen) > 0
    assert record.seconds < 45
    is_settled(record)


def test_a_daemon_without_our_environment_is_killed(add_job: AddJob) -> None:
    seconds = 86_000 + os.getpid() % 1000
    add_job("forks", DAEMON.format(seconds=seconds), "print('done')")
    record = run("forks")
    assert record.status == "succeeded", record.message
    assert sleepers(seconds) == []
    is_settled(record)


def test_a_daemon_does_not_outlive_a_killed_supervisor(add_job: AddJob, tmp_path: Path) -> None:
    seconds = 87_000 + os.getpid() % 1000
    source = DAEMON.format(seconds=seconds) + "open('up', 'w').close()\ntime.sleep(300)"
    add_job("forks", source)
    supervisor = subprocess.Popen([MLOPS, "job", "run", "forks"], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (tmp_path / "notebooks" / "up").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(sleepers(seconds)) == 1
    supervisor.kill()
    supervisor.wait()
    while sleepers(seconds) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sleepers(seconds) == []


def test_one_cell_has_a_time_limit_of_its_own(add_job: AddJob) -> None:
    add_job("slow", "x = 1", "import time\ntime.sleep(60)", table="cell-timeout = 2")
    record = run("slow")
    assert (record.status, record.exit_code) == ("timeout", ExitCode.TIMEOUT)
    assert record.message == "the time limit of a cell, 2 s, was over in cell 3/3"
    is_settled(record)


def test_a_kernel_that_holds_the_interpreter_lock_is_ended(add_job: AddJob) -> None:
    # Catastrophic backtracking: one call into C that no signal handler of Python interrupts.
    source = "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')"
    add_job("stuck", source, table="timeout = 4")
    record = run("stuck")
    assert record.status == "timeout"
    assert record.seconds < 4 + 12
    is_settled(record)


def test_output_is_limited(add_job: AddJob) -> None:
    source = "import sys\nwhile True:\n    print('x' * 10_000)"
    add_job("chatty", source, table='output = "2 MB"\ntimeout = 60')
    record = run("chatty")
    assert (record.status, record.exit_code) == ("failed", ExitCode.FINDINGS)
    assert "output limit of 2 MB was over in cell 2/2" in record.message
    assert record.output is not None
    assert record.output.stat().st_size < 4_000_000
    is_settled(record)


def test_hangup_cancels_as_well(add_job: AddJob, tmp_path: Path) -> None:
    add_job("slow", "open('up', 'w').close()\nimport time\ntime.sleep(300)")
    supervisor = subprocess.Popen(
        [MLOPS, "job", "run", "slow"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "notebooks" / "up").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    supervisor.send_signal(signal.SIGHUP)
    out, _ = supervisor.communicate(timeout=30)
    assert supervisor.returncode == ExitCode.CANCELLED
    assert "cancelled by SIGHUP" in out
    (row,) = list_attempts(load_project())
    assert row.status == "cancelled"
    assert members(row.attempt) == []


def test_what_fails_is_repeated_and_told_once(add_job: AddJob, tmp_path: Path) -> None:
    source = (
        "import pathlib\ntries = pathlib.Path('tries')\n"
        "n = len(tries.read_text()) if tries.exists() else 0\n"
        "tries.write_text('x' * (n + 1))\nassert n >= 2, 'not yet'"
    )
    add_job("flaky", source, table="retries = {times = 3, delay = 0.1}")
    record = run("flaky")
    assert record.status == "succeeded"
    rows = list_attempts(load_project())
    assert [(row.status, row.origin) for row in rows] == [
        ("succeeded", "retry"),
        ("failed", "retry"),
        ("failed", "demand"),
    ]
    assert record.parent == rows[1].attempt
    assert len({row.logical_time for row in rows}) == 1
    assert {
        json.loads((tmp_path / row.folder / "job.json").read_text())["seed"] for row in rows
    } == ({record.seed})
    assert not (tmp_path / ".mlops" / "alerts.log").exists()


def test_what_is_not_to_be_repeated_is_not(add_job: AddJob) -> None:
    add_job("dies", "import os\nos._exit(3)", table='retries = {times = 2, on = ["timeout"]}')
    assert run("dies").status == "kernel_died"
    assert len(list_attempts(load_project())) == 1


def test_an_attempt_says_what_it_was_made_of(add_job: AddJob, tmp_path: Path) -> None:
    import hashlib

    path = add_job("reads", "print(seed, open(data).read())", parameters="data = ''\nseed = None")
    (tmp_path / "notebooks" / "d.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    record = run("reads", parameters={"data": "d.csv"})
    assert record.status == "succeeded", record.message
    stored = json.loads((record.folder / "job.json").read_text(encoding="utf-8"))
    assert stored["inputs"] == {
        "notebooks/reads.ipynb": hashlib.sha256(path.read_bytes()).hexdigest(),
        "notebooks/d.csv": hashlib.sha256(b"a,b\n1,2\n").hexdigest(),
    }
    assert stored["parameters"]["seed"] == stored["seed"] == record.seed
    assert len(stored["environment"]["digest"]) == 64
    assert stored["peak_memory"] > 10_000_000


LEAK = """
import json, os, pathlib, sys, warnings
import mlops_nb as mlops
print("the secret is", secret)
print(json.dumps({"nested": secret}), file=sys.stderr)
os.write(2, secret.encode())
folder = pathlib.Path(os.environ["MLOPS_ATTEMPT_FOLDER"])
(folder / "notes.txt").write_text(secret)
result = {"name": "a.b", "subject": "s", "status": "failed", "message": f"bad {secret}",
          "advice": "", "evidence": {"password": secret}, "value": None, "threshold": None,
          "window": ""}
(folder / "results.json").write_text(json.dumps({"results": [result], "model": "m"}))
with mlops.run("fit"):
    mlops.log_param("password", secret)
    mlops.set_tag("note", f"with {secret}")
    mlops.log_text(f"text {secret}", "note.txt")
    mlops.log_dict({"a": secret}, "note.json")
secret
"""


@pytest.mark.parametrize("ending", ["", "\nraise ValueError(secret)"])
def test_a_secret_is_in_no_file_that_the_attempt_leaves(
    add_job: AddJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    value = 'S3cr3t-"quoted"-ünd-<tags>&more'
    monkeypatch.setenv("DB_PASSWORD", value)
    add_job(
        "leaky",
        LEAK + ending,
        parameters="secret = ''",
        table='secrets = {secret = "env:DB_PASSWORD"}',
    )
    record = run("leaky")
    assert record.status == ("failed" if ending else "findings"), record.message
    assert record.run_id is not None
    is_settled(record)
    parts = [b"S3cr3t-"]
    leaks = [
        str(path.relative_to(tmp_path))
        for path in tmp_path.rglob("*")
        if path.is_file() and any(part in path.read_bytes() for part in parts)
    ]
    assert leaks == []
    assert record.output is not None
    assert "********" in record.output.read_text(encoding="utf-8")
    assert "S3cr3t-" not in repr(record)
