"""A sweep on a dask cluster: real scheduler, real workers, one of them killed in the middle."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlops_nb.config import load_project
from mlops_nb.errors import MissingExtraError, StoreError
from mlops_nb.jobs.dask_engine import scatter
from mlops_nb.state.attempts import list_attempts

AddJob = Callable[..., Path]
HAS_DASK = importlib.util.find_spec("distributed") is not None
needs_dask = pytest.mark.skipif(
    not HAS_DASK, reason="dask.distributed is not installed: pip install 'mlops-nb[dask]'"
)


def test_without_dask_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError) as caught:
        list(scatter("dask://127.0.0.1:1", lambda root, task: task, tmp_path, [1]))
    assert "mlops-nb[dask]" in caught.value.hint


@needs_dask
@pytest.mark.slow
def test_no_scheduler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops_nb.jobs.dask_engine.CONNECT_SECONDS", 1)
    with pytest.raises(StoreError, match=r"no dask scheduler answers at dask://127\.0\.0\.1:1"):
        list(scatter("dask://127.0.0.1:1", lambda root, task: task, tmp_path, [1]))


@contextmanager
def cluster(workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    address = f"tcp://127.0.0.1:{port}"

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", *arguments], **quiet)  # type: ignore[call-overload,no-any-return]

    scheduler = start(
        "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port),
        "--no-dashboard",
    )  # fmt: skip
    started = [
        start(
            "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1",
            "--no-dashboard", "--host", "127.0.0.1",
        )
        for _ in range(workers)
    ]  # fmt: skip
    try:
        yield f"dask://127.0.0.1:{port}", started
    finally:
        for process in (*started, scheduler):
            process.kill()
            process.wait()


@needs_dask
@pytest.mark.slow
def test_a_worker_that_is_killed_costs_no_point_and_doubles_none(
    add_job: AddJob, tmp_path: Path
) -> None:
    add_job(
        "point",
        "import time\nopen(f'up-{x}', 'w').close()\ntime.sleep(3)\n"
        "open('done', 'a').write(f'{x} ')",
        parameters="x = 0",
    )
    with cluster(2) as (engine, workers):
        sweep = subprocess.Popen(
            [
                str(Path(sys.executable).parent / "mlops"), "job", "sweep", "point",
                "-p", "x=1,2,3,4", "--engine", engine, "--format", "json",
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
        )  # fmt: skip
        deadline = time.monotonic() + 90
        while not list((tmp_path / "notebooks").glob("up-*")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        workers[0].kill()
        out, said = sweep.communicate(timeout=120)
    assert sweep.returncode == 0, said
    ran = json.loads(out)["ran"]
    assert [one["status"] for one in ran] == ["succeeded"] * 4
    done = (tmp_path / "notebooks" / "done").read_text(encoding="utf-8").split()
    assert sorted(done) == ["1", "2", "3", "4"]
    statuses = Counter(row.status for row in list_attempts(load_project()))
    assert statuses["succeeded"] == 4
    assert set(statuses) <= {"succeeded", "cancelled"}
