"""What tracking costs in a notebook and how fast it is in the store, in one run on one machine.

Not a test: ``python tests/benchmarks/tracking/notebook.py`` prints a table of
``docs/benchmarks.md``.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

ROUNDS = 7
RUNS = 10_000
BURST = 100_000


def main() -> None:
    """Print one row a comparison."""
    print("| what | ours | beside it | goal | measured |")
    print("|---|---|---|---|---|")
    chosen = sys.argv[1:]
    for name, measure in (
        ("load", load), ("cell", cell), ("first", first), ("store", store), ("list", list_runs),
    ):  # fmt: skip
        if not chosen or name in chosen:
            print(f"| {measure()} |", flush=True)


def load() -> str:
    """Compare loading our extension with loading an empty one, in fresh processes."""
    code = (
        "import sys, time\nfrom IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "began, cpu = time.perf_counter(), time.process_time()\n"
        "shell.run_line_magic('load_ext', sys.argv[1])\n"
        "print(time.perf_counter() - began, time.process_time() - cpu)"
    )
    with folder() as here:
        (here / "empty_ext.py").write_text("def load_ipython_extension(shell): pass\n")

        used = []

        def seconds(name: str) -> float:
            command = [sys.executable, "-c", code, name]
            answer = subprocess.run(command, capture_output=True, text=True, check=True)
            wall, cpu = map(float, answer.stdout.split()[-2:])
            if name == "mlops_nb":
                used.append(cpu)
            return wall

        ours, empty = pairs(lambda: seconds("mlops_nb"), lambda: seconds("empty_ext"))
    more = f"{(ours - empty) * 1e3:.1f} ms more ({statistics.median(used) * 1e3:.0f} ms of CPU)"
    beside = f"empty extension {empty * 1e3:.1f} ms"
    return row("`%load_ext mlops_nb`", f"{ours * 1e3:.1f} ms", beside, "≤ 60 ms more", more)


def cell() -> str:
    """Compare an empty cell with and without a run, evidence included, in a git working tree."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.io import capture_output

    with folder() as here:
        project(here)
        subprocess.run(["git", "init", "-q", "."], check=True)
        shell = InteractiveShell.instance()
        shell.run_line_magic("load_ext", "mlops_nb")

        def seconds(source: str) -> float:
            with capture_output():
                began = perf_counter()
                shell.run_cell(source, store_history=True)
                return perf_counter() - began

        seconds("%%mlops run warm\npass")
        time.sleep(3)  # the follower's start is not the cell's
        tracked, plain, used = [], [], []
        for _ in range(30):
            before = cpu()
            tracked.append(seconds("%%mlops run x\npass"))
            used.append(cpu() - before)
            plain.append(seconds("pass"))
        settle(here)
    ours, empty = (statistics.median(taken) * 1e3 for taken in (tracked, plain))
    more = f"{ours - empty:.1f} ms more ({statistics.median(used) * 1e3:.0f} ms of CPU, git's too)"
    beside = f"without it {empty:.1f} ms"
    name = "`%%mlops run` around an empty cell"
    return row(name, f"{ours:.1f} ms", beside, "≤ 15 ms more", more)


def first() -> str:
    """Measure how long the first point of a new project takes into its store."""
    code = (
        "import mlops_nb, time\nwith mlops_nb.run('first'):\n    mlops_nb.log_metric('m', 1)\n"
        "    print(time.time(), flush=True)\n    input()"
    )
    taken = []
    for _ in range(3):
        with folder() as here:
            project(here)
            process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            logged = float(process.stdout.readline())  # type: ignore[union-attr]
            while points(here) < 1:
                time.sleep(0.01)
            taken.append(time.time() - logged)
            process.communicate("\n")
            settle(here)
    ours, spread = f"{statistics.median(taken):.2f} s", f"{min(taken):.2f} to {max(taken):.2f} s"
    return row("first point of a new project in the store", ours, "-", "≤ 3 s", spread)


def store() -> str:
    """Measure points a second into the store, and what a NumPy-bound cell loses meanwhile."""
    import mlops_nb

    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    import numpy as np

    values = np.random.default_rng(0).normal(size=200_000)

    def work(turns: int) -> float:
        began = perf_counter()
        for _ in range(turns):
            np.sort(values)
        return perf_counter() - began

    slower, rates = [], []
    for _ in range(3):
        with folder() as here:
            project(here)
            with mlops_nb.run("burst") as run:
                run.log_metric("m", 0)
                while points(here) < 1:
                    time.sleep(0.01)
                alone = work(200)
                for step in range(1, BURST):
                    run.log_metric("m", step, step=step)
                began, beside, turns = perf_counter(), 0.0, 0
                while points(here) < BURST:
                    beside += work(50)
                    turns += 50
                rates.append(BURST / (perf_counter() - began))
                slower.append(beside / turns / (alone / 200) - 1)
            settle(here)
    name = "100,000 points into SQLite beside a NumPy-bound cell"
    goal = "≥ 7,000 points/s, < 15 % slower"
    ours, slow = f"{statistics.median(rates):,.0f} points/s", f"{statistics.median(slower):.1%}"
    return row(name, ours, "the same cell alone", goal, f"{slow} slower")


def list_runs() -> str:
    """Compare our list of runs with one page of MLflow's client, over 10,000 runs."""
    from mlops_nb.config import load_project
    from mlops_nb.store.connection import client, experiment_id
    from mlops_nb.tracking.table import run_table

    with folder() as here:
        project(here)
        opened = load_project()
        tracking, experiment = client(opened), experiment_id(opened)
        fill(here / ".mlops" / "mlops.db", experiment)
        for _ in range(2):
            run_table(opened, limit=100)
        ours, peer = pairs(
            lambda: timed(lambda: repr(run_table(opened, limit=100))),
            lambda: timed(
                lambda: tracking.search_runs(
                    [experiment], max_results=100, order_by=["attributes.start_time DESC"]
                )
            ),
        )
    name = "`mlops run list` over 10,000 runs, a page of 100"
    beside = f"`MlflowClient.search_runs` {peer * 1e3:.0f} ms"
    return row(name, f"{ours * 1e3:.0f} ms", beside, "≤ 1.5×", f"{ours / peer:.2f}×")


def fill(database: Path, experiment: str) -> None:
    """Write 10,000 runs with five parameters, metrics and tags each straight into the tables."""
    ids = [f"{i:032x}" for i in range(RUNS)]
    with sqlite3.connect(database) as connection:
        connection.executemany(
            "INSERT INTO runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, "
            "artifact_uri, experiment_id, source_type, user_id) "
            "VALUES (?, ?, 'FINISHED', ?, ?, 'active', '', ?, 'LOCAL', 'me')",
            [(run, f"run {i}", i * 1000, i * 1000 + 500, experiment) for i, run in enumerate(ids)],
        )
        for k in range(5):
            connection.executemany(
                "INSERT INTO params (key, value, run_uuid) VALUES (?, '1', ?)",
                [(f"p{k}", run) for run in ids],
            )
            connection.executemany(
                "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) "
                "VALUES (?, 0.5, 1, 0, 0, ?)",
                [(f"m{k}", run) for run in ids],
            )
            connection.executemany(
                "INSERT INTO tags (key, value, run_uuid) VALUES (?, '1', ?)",
                [(f"t{k}", run) for run in ids],
            )


def pairs(ours: Callable[[], float], peer: Callable[[], float]) -> tuple[float, float]:
    """Return the medians of both, measured in turns."""
    measured = [(ours(), peer()) for _ in range(ROUNDS)]
    first_side, second_side = zip(*measured, strict=True)
    return statistics.median(first_side), statistics.median(second_side)


def cpu() -> float:
    """Return the processor seconds of this process and of those it waited for."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def timed(call: Callable[[], object]) -> float:
    """Return the seconds of a call."""
    began = perf_counter()
    call()
    return perf_counter() - began


def points(here: Path) -> int:
    """Return how many points of metrics the project's store has."""
    database = here / ".mlops" / "mlops.db"
    if not database.exists():
        return 0
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)
    try:
        number: int = connection.execute("SELECT count(*) FROM metrics").fetchone()[0]
    except sqlite3.OperationalError:  # its tables are being made
        return 0
    finally:
        connection.close()
    return number


def settle(here: Path) -> None:
    """Wait until everything is in the store."""
    while any((here / ".mlops" / "journal").glob("*.jsonl")):
        time.sleep(0.05)


def project(here: Path) -> None:
    """Make a folder a project."""
    (here / "mlops.toml").write_text('experiment = "bench"\n', encoding="utf-8")


def row(*cells: str) -> str:
    """Return the cells of one row of the table."""
    return " | ".join(cells)


@contextmanager
def folder() -> Iterator[Path]:
    """Work in an empty folder."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        os.chdir(made)
        try:
            yield Path(made)
        finally:
            os.chdir(before)


if __name__ == "__main__":
    main()
