"""What is wrong around a job: a full disk, a store that is away, a clock that jumps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mlops_nb.actions.run_job import run_job
from mlops_nb.actions.tick_jobs import tick
from mlops_nb.config import load_project
from mlops_nb.errors import ExitCode, StoreError
from mlops_nb.jobs.processes import members
from mlops_nb.state.attempts import list_attempts

pytestmark = pytest.mark.slow

AddJob = Callable[..., Path]
MLOPS = str(Path(sys.executable).parent / "mlops")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB in place of the project's `.mlops`."""
    folder = tmp_path / ".mlops"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def notebooks_are_whole(folder: Path) -> None:
    for path in folder.rglob("*.ipynb"):
        assert json.loads(path.read_text(encoding="utf-8"))["nbformat"] == 4


def test_a_full_disk_is_said_and_leaves_no_half_of_a_file(
    add_job: AddJob, small_disk: Path
) -> None:
    add_job("big", *["print('x' * 1_000_000)"] * 12, "import time\ntime.sleep(3)", "print(1)")
    done = subprocess.run([MLOPS, "job", "run", "big"], capture_output=True, text=True)
    assert done.returncode != 0
    assert "internal error" not in done.stderr
    assert "No space left" in done.stderr + done.stdout
    notebooks_are_whole(small_disk)
    add_job("small", "print(1)")
    assert run_job(load_project(), "small").status == "succeeded"
    for row in list_attempts(load_project()):
        assert members(row.attempt) == []
        assert row.status in ("failed", "succeeded")


@pytest.fixture
def sealed_outputs(tmp_path: Path) -> Iterator[Path]:
    """A file system that takes no file, where the attempts' folders are made."""
    folder = tmp_path / ".mlops" / "jobs"
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_folder_that_takes_no_output_is_said_before_a_kernel_starts(
    add_job: AddJob, sealed_outputs: Path, tmp_path: Path
) -> None:
    add_job("good", "open('ran', 'w').close()")
    done = subprocess.run([MLOPS, "job", "run", "good"], capture_output=True, text=True)
    assert done.returncode != 0
    assert "internal error" not in done.stderr
    assert "Read-only file system" in done.stderr + done.stdout
    assert not (tmp_path / "notebooks" / "ran").exists()
    assert list(sealed_outputs.iterdir()) == []
    for row in list_attempts(load_project()):
        assert row.status != "running"
        assert members(row.attempt) == []


def test_a_state_that_cannot_be_written_starts_nothing(
    add_job: AddJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    add_job("good", "open('ran', 'w').close()")
    monkeypatch.setenv("MLOPS_STATE_URI", "sqlite:////proc/nowhere/state.db")
    with pytest.raises(StoreError, match="state database"):
        run_job(load_project(), "good")
    assert not (tmp_path / "notebooks" / "ran").exists()


@pytest.fixture
def failing_store() -> Iterator[str]:
    """A tracking server that answers, and with errors only."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(500)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - http.server looks for this name

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_store_that_comes_back_gets_the_run(add_job: AddJob, tmp_path: Path) -> None:
    source = (
        "import mlops_nb as mlops, os\nwith mlops.run('fit'):\n    mlops.log_metric('auc', 0.7)"
    )
    add_job("train", source)
    down = {**os.environ, "MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}
    done = subprocess.run(
        [MLOPS, "job", "run", "train", "--format", "json"], capture_output=True, text=True, env=down
    )
    record = json.loads(done.stdout)
    assert (done.returncode, record["status"], record["run_id"]) == (0, "succeeded", None)
    # The journal kept it: the next sync, here that of another job, brings it over.
    add_job("next", "print(1)")
    run_job(load_project(), "next")
    from mlops_nb.store.runs import list_runs
    from mlops_nb.tracking.sync import sync

    sync(load_project())
    (stored,) = list_runs(load_project())
    assert (stored.tags["mlops.attempt"], stored.metrics["auc"]) == (record["attempt"], 0.7)


def test_a_store_that_fails_fails_no_job(
    add_job: AddJob, failing_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", failing_store)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    add_job("train", "import mlops_nb as mlops\nwith mlops.run('fit'):\n    pass")
    record = run_job(load_project(), "train")
    assert (record.status, record.run_id) == ("succeeded", None)
    assert any("not in the store yet" in warning for warning in record.warnings)


def test_a_clock_that_is_put_back_runs_nothing_twice(add_job: AddJob, tmp_path: Path) -> None:
    add_job(
        "hourly", "open('count', 'a').write('x')", table='schedule = "0 * * * *"\ntimezone = "UTC"'
    )
    project, noon = load_project(), datetime(2026, 4, 1, 12, 30, tzinfo=UTC)
    assert [one.due.hour for one in tick(project, noon)] == [12]
    for moment in (noon - timedelta(hours=2), noon - timedelta(days=30), noon):
        assert tick(project, moment) == []
    (late,) = tick(project, noon + timedelta(hours=5))
    assert (late.due.hour, late.missed) == (17, 4)
    assert (tmp_path / "notebooks" / "count").read_text(encoding="utf-8") == "xx"


def test_a_notebook_that_writes_over_itself_keeps_its_source_and_its_record(
    add_job: AddJob, tmp_path: Path
) -> None:
    path = add_job("self", "import pathlib\npathlib.Path('self.ipynb').write_text('{}')")
    before = path.read_bytes()
    record = run_job(load_project(), "self")
    assert record.status == "succeeded"
    assert record.output is not None
    assert json.loads(record.output.read_text(encoding="utf-8"))["cells"]
    assert before != path.read_bytes(), "what a notebook does to its own file is its own doing"
    done = subprocess.run([MLOPS, "job", "run", "self"], capture_output=True, text=True)
    assert done.returncode in (ExitCode.USAGE, ExitCode.OK)
    assert "internal error" not in done.stderr
