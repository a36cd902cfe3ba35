"""Two people with two notebooks each write into one MLflow server that keeps runs in PostgreSQL.

In the middle the server goes away, then its database. Real kernels, real child processes.
"""

from __future__ import annotations

import ast
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from mlops_nb.config import Project, load_project
from mlops_nb.store import runs
from mlops_nb.store.connection import client
from mlops_nb.tracking import sync

pytestmark = pytest.mark.slow

POINTS = 200
PHASES = ("all well", "server away", "database away", "well again")
CELL = """
%%mlops run "{name}" --param notebook --metric last
import time
notebook, slowest, began = "{notebook}", 0.0, time.perf_counter()
for i in range({points}):
    before = time.perf_counter()
    mlops_nb.log_metric("m", i / 3, step=i)
    slowest = max(slowest, time.perf_counter() - before)
    time.sleep(0.005)
mlops_nb.log_text(notebook, "notes/name.txt")
last = i
"""
# Asked for in a cell of its own: how long the run's beginning and end took counts as well.
TOOK = "(slowest, time.perf_counter() - began - {slept})"


@contextmanager
def notebook(folder: Path) -> Iterator[BlockingKernelClient]:
    """A kernel in a project's folder."""
    manager, kernel = start_new_kernel(kernel_name="python3", cwd=str(folder))
    try:
        reply = kernel.execute("%load_ext mlops_nb\nimport mlops_nb", reply=True, timeout=120)
        assert reply["content"]["status"] == "ok"
        yield kernel
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)


def execute(kernel: BlockingKernelClient, name: str, number: int) -> tuple[float, float]:
    """Execute a cell; return its slowest call and what it took beside its own pauses, seconds."""
    cell = CELL.format(name=name, notebook=f"notebook {number}", points=POINTS)
    reply = kernel.execute(cell.strip(), reply=True, timeout=300)
    assert reply["content"]["status"] == "ok", reply["content"]
    asked = {"took": TOOK.format(slept=POINTS * 0.005)}
    reply = kernel.execute("", user_expressions=asked, reply=True, timeout=60)
    answer = reply["content"]["user_expressions"]["took"]["data"]["text/plain"]
    slowest, beside = ast.literal_eval(answer)
    return slowest, beside


def test_four_notebooks_and_two_outages(
    tmp_path: Path, server_on_postgres, postgres, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = server_on_postgres
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    people = [make_project(tmp_path / name) for name in ("ada", "ben")]
    faults: list[tuple[Callable[[], None], Callable[[], None]]] = [
        (lambda: None, lambda: None),
        (server.stop, server.start),
        (postgres.stop, postgres.start),
        (lambda: None, lambda: None),
    ]
    took = []
    with ExitStack() as stack, ThreadPoolExecutor(4) as threads:
        kernels = [stack.enter_context(notebook(people[n % 2].root)) for n in range(4)]
        for phase, (stop, start) in zip(PHASES, faults, strict=True):
            # In the middle of the cells, while points are on their way.
            timer = threading.Timer(0.4, stop)
            timer.start()
            names = [f"{phase} {n}" for n in range(4)]
            took += list(threads.map(execute, kernels, names, range(4)))
            timer.join()
            start()
        wait_for_the_followers(people)
    for person in people:
        assert not sync.journals(person)
    check_runs(people[0])
    check_tables(database)
    slowest, beside = (max(column) for column in zip(*took, strict=True))
    print(f"slowest call {slowest * 1e3:.1f} ms, a cell at most {beside:.2f} s beside its pauses")
    assert slowest < 1
    assert beside < 10  # one call to a dead server takes MLflow four minutes


def make_project(folder: Path) -> Project:
    folder.mkdir()
    (folder / "mlops.toml").write_text('experiment = "shared"\n', encoding="utf-8")
    return load_project(folder)


def wait_for_the_followers(people: list[Project]) -> None:
    """Wait until the child processes of the notebooks have brought everything over."""
    deadline = time.monotonic() + 180
    while any(sync.journals(person) for person in people) and time.monotonic() < deadline:
        time.sleep(0.2)


def check_runs(project: Project) -> None:
    """All runs are there once, with each point once, seen by either of the two."""
    records = runs.list_runs(project, limit=100)
    expected = [f"{phase} {n}" for phase in PHASES for n in range(4)]
    assert sorted(record.name for record in records) == sorted(expected)
    for record in records:
        history = client(project).get_metric_history(record.run_id, "m")
        points = sorted((point.step, point.value) for point in history)
        assert points == [(i, i / 3) for i in range(POINTS)]
        assert record.status == "FINISHED"
        assert record.params == {"notebook": f"notebook {record.name[-1]}"}
        text = runs.download(project, record.run_id, "notes/name.txt").read_text()
        assert text == record.params["notebook"]


def check_tables(database: str) -> None:
    """It is PostgreSQL that holds them, and nothing beside them."""
    engine = sa.create_engine(database)
    with engine.connect() as connection:
        counts = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("runs", "metrics WHERE key = 'm'", "experiments WHERE name = 'shared'")
        ]
    engine.dispose()
    cells = len(PHASES) * 4
    assert counts == [cells, cells * POINTS, 1]
