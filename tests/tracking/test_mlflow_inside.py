"""MLflow's own functions inside our run; a process for each test, as MLflow's state is global."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from mlops_nb.config import Project
from mlops_nb.store import runs
from mlops_nb.tracking import sync

pytestmark = pytest.mark.slow

_ALONE = """
import warnings
warnings.simplefilter("ignore")
from mlops_nb.tracking import binding, context
context.ensure_follower = lambda project: False
binding.WAIT_SECONDS = 120  # of a machine that does other things as well
"""


def _run(code: str, **more: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", _ALONE + code],
        capture_output=True,
        text=True,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", **more},
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_log_functions_and_autolog_land_in_our_run(stored: Project) -> None:
    _run("""
import mlflow, mlops_nb, os
from sklearn.linear_model import LogisticRegression
mlflow.sklearn.autolog(log_models=False)
with mlops_nb.run("mine"):
    mlops_nb.log_param("ours", 1)
    mlflow.log_param("theirs", 2)
    mlflow.log_metric("m", 0.5)
    LogisticRegression(C=0.25).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    with mlops_nb.run("inner", nested=True):
        mlflow.log_metric("inner", 1)
    mlflow.set_tag("after", "inner")
assert mlflow.active_run() is None
assert mlflow.last_active_run().data.params["theirs"] == "2"
assert "MLFLOW_TRACKING_URI" not in os.environ
""")
    sync.sync(stored)
    record = runs.get_run(stored, "mine")
    assert {"ours": "1", "theirs": "2", "C": "0.25"}.items() <= record.params.items()
    assert record.metrics["m"] == 0.5
    assert "training_score" in record.metrics
    assert (record.status, record.tags["after"]) == ("FINISHED", "inner")
    assert runs.get_run(stored, "inner").metrics == {"inner": 1.0}
    assert {run.name for run in runs.list_runs(stored)} == {"mine", "inner"}


def test_each_thread_has_its_own(stored: Project) -> None:
    _run("""
import mlflow, mlops_nb, threading
from concurrent.futures import ThreadPoolExecutor
barrier = threading.Barrier(2)
@mlops_nb.run
def work(name):
    barrier.wait(20)
    mlflow.log_param("who", name)
    mlops_nb.log_param("me", name)
    barrier.wait(20)
with ThreadPoolExecutor(2) as pool:
    list(pool.map(work, "ab"))
""")
    sync.sync(stored)
    found = runs.list_runs(stored)
    assert sorted((r.params["who"], r.params["me"]) for r in found) == [("a", "a"), ("b", "b")]


def test_cell_that_imports_it_first(stored: Project) -> None:
    _run("""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "mlops_nb")
shell.run_cell("%%mlops run cell\\nimport mlflow\\nmlflow.log_param('a', 1)", store_history=True)
""")
    sync.sync(stored)
    (record,) = runs.list_runs(stored)
    assert (record.name, record.params) == ("cell", {"a": "1"})


def test_that_we_import_it_does_not_bind(stored: Project) -> None:
    _run("""
import mlops_nb, sys
mlops_nb.runs()
assert "mlflow" in sys.modules
with mlops_nb.run("mine") as run:
    from mlflow.tracking import fluent
    assert fluent._active_run_stack.get() == []
""")


def test_server_that_never_answers_is_a_warning_within_seconds(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = _run(
            """
import mlflow, mlops_nb, time, os
binding.WAIT_SECONDS = 1
began = time.monotonic()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with mlops_nb.run("mine"):
        mlops_nb.log_param("a", 1)
print([str(w.message) for w in caught if "does not reach" in str(w.message)])
print(time.monotonic() - began < 20, flush=True)
os._exit(0)  # a thread still waits for the server
""",
            MLFLOW_TRACKING_URI=f"http://127.0.0.1:{server.getsockname()[1]}",
        )
    assert "mlflow.log_… does not reach run 'mine'" in said
    assert said.endswith("True\n")
    assert len(sync.journals(project)) == 1
