"""A failed or killed job goes on where its checkpoints are, with real kernels."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_nb.actions.run_job import run_job
from mlops_nb.config import load_project
from mlops_nb.errors import NotFoundError
from mlops_nb.state.attempts import list_attempts

pytestmark = pytest.mark.slow

AddJob = Callable[..., Path]

CELLS = [
    "import mlops_nb as mlops\nopen('ran', 'a').write('import ')",
    "features = [x * depth for x in range(4)]\nopen('ran', 'a').write('features ')\n"
    "print('computed')\nmlops.checkpoint('features', features)",
    "import os, time\nopen('ran', 'a').write('model ')\n"
    "if os.path.exists('wait'):\n    open('up', 'w').close()\n    time.sleep(300)\n"
    "assert os.path.exists('ready'), 'not yet'\nprint('sum', sum(features))",
]


def test_a_failed_job_goes_on_from_its_checkpoint(add_job: AddJob, tmp_path: Path) -> None:
    add_job("train", *CELLS, parameters="depth = 3\nattempt = ''")
    project = load_project()
    with pytest.raises(NotFoundError, match="no attempt that failed"):
        run_job(project, "train", resume="last")
    first = run_job(project, "train", {"depth": 5})
    assert first.status == "failed"
    (tmp_path / "notebooks" / "ready").touch()
    record = run_job(project, "train", resume="last")
    assert record.status == "succeeded", record.message
    assert record.logical_time == first.logical_time
    assert record.parent == first.attempt
    assert record.parameters["depth"] == 5
    assert record.output is not None
    text = record.output.read_text(encoding="utf-8")
    assert "sum 30" in text
    assert "computed" in text
    ran = (tmp_path / "notebooks" / "ran").read_text(encoding="utf-8").split()
    assert ran == ["import", "features", "model", "model"]
    states = [
        cell["metadata"]["papermill"].get("status")
        for cell in json.loads(text)["cells"]
        if cell["cell_type"] == "code"
    ]
    assert states.count("skipped") == 2
    with pytest.raises(NotFoundError, match="no single attempt zzz"):
        run_job(project, "train", resume="zzz")


def test_a_killed_job_goes_on_as_well(add_job: AddJob, tmp_path: Path) -> None:
    add_job("train", *CELLS, parameters="depth = 3")
    (tmp_path / "notebooks" / "wait").touch()
    supervisor = subprocess.Popen(
        [str(Path(sys.executable).parent / "mlops"), "job", "run", "train"],
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "notebooks" / "up").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    supervisor.kill()
    supervisor.wait()
    (tmp_path / "notebooks" / "wait").unlink()
    (tmp_path / "notebooks" / "ready").touch()
    record = run_job(load_project(), "train", resume="last")
    assert record.status == "succeeded", record.message
    ran = (tmp_path / "notebooks" / "ran").read_text(encoding="utf-8").split()
    assert ran.count("features") == 1
    killed = list_attempts(load_project())[1]
    assert (killed.status, killed.attempt) == ("cancelled", record.parent)
    left = json.loads((tmp_path / killed.folder / "job.json").read_text(encoding="utf-8"))
    assert left["status"] == "cancelled"
    assert "killed" in left["message"]
