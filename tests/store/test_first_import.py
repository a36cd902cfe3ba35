"""Several threads may be the first to need MLflow, as the views of a page are in a server."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mlops_nb.config import Project

pytestmark = pytest.mark.slow

AT_ONCE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from mlops_nb.config import load_project
from mlops_nb.store import lifecycle, runs, versions

project, start = load_project(), Barrier(4)

def ask(work):
    start.wait()
    return work()

sys.setswitchinterval(1e-5)
works = [
    lambda: runs.list_runs(project), lambda: versions.list_versions(project),
    lambda: lifecycle.deleted_runs(project), lambda: runs.write(project, "none", metrics=[]),
]
with ThreadPoolExecutor(4) as pool:
    print(len(list(pool.map(ask, works))))
"""


def test_threads_that_are_first_do_not_meet_half_a_module(project: Project) -> None:
    made = "from mlops_nb.config import load_project\nfrom mlops_nb.store import runs\n"
    made += "runs.create(load_project(), uid='u', name='a', started_ms=1, tags={})"
    for code in (made, AT_ONCE, AT_ONCE):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
