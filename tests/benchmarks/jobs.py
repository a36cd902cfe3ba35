"""Jobs against their peers, in one run on one machine: ratios last, seconds do not.

Not a test: ``python tests/benchmarks/jobs.py`` prints the tables of ``docs/benchmarks.md``;
``python tests/benchmarks/jobs.py outputs tick`` only some of them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep

import nbformat
import psutil

SCRIPTS = Path(sys.executable).parent
ROUNDS = 3
JOBS = 20
POINTS = int(os.environ.get("POINTS", "500"))
CONFIGURED = 10_000

NBCLIENT = """
import nbformat
from nbclient import NotebookClient
book = nbformat.read("n.ipynb", as_version=4)
NotebookClient(book, timeout=None).execute()
nbformat.write(book, "out.ipynb")
"""


def main() -> None:
    """Run what was asked for, or everything."""
    wanted = sys.argv[1:] or list(COMPARISONS)
    for name in wanted:
        COMPARISONS[name]()


def outputs() -> None:
    """Print 50 cells of 1 MB each: our job, plain nbclient, the papermill command."""
    book = notebook(["print('x' * 1_000_000)"] * 50)
    against("50 cells × 1 MB", book, ["nbclient", "papermill"])


def empty() -> None:
    """Print an empty notebook of 5 cells: our job, the papermill command."""
    against("an empty notebook of 5 cells", notebook(["pass"] * 5), ["papermill"])


def against(title: str, book: nbformat.NotebookNode, peers: list[str]) -> None:
    """Print our median seconds and each peer's, taken in turns, and the median of the ratios."""
    commands: dict[str, list[str]] = {
        "ours": [str(SCRIPTS / "mlops"), "job", "run", "n"],
        "nbclient": [sys.executable, "-c", NBCLIENT],
        "papermill": [str(SCRIPTS / "papermill"), "n.ipynb", "out.ipynb"],
    }
    taken: dict[str, list[float]] = {name: [] for name in ["ours", *peers]}
    for _ in range(ROUNDS):
        for name, seconds in taken.items():
            with project(book, '[jobs.n]\nnotebook = "n.ipynb"\n'):
                seconds.append(whole_process(commands[name]))
    ours = statistics.median(taken["ours"])
    for name in peers:
        ratio = statistics.median(a / b for a, b in zip(taken["ours"], taken[name], strict=True))
        peer = statistics.median(taken[name])
        print(f"| {title} ({name}) | {ours:.3g} s | {peer:.3g} s | {ratio:.3g} |", flush=True)


def parallel() -> None:
    """Print 20 due jobs with one worker and with two."""
    work = "import time\nt = time.process_time()\nwhile time.process_time() - t < 1:\n    pass"
    tables = "".join(
        f'[jobs.j{number}]\nnotebook = "n.ipynb"\nschedule = "0 0 * * *"\n'
        for number in range(JOBS)
    )
    ratios, one, two = [], [], []
    for _ in range(ROUNDS):
        seconds = []
        for workers in ("1", "2"):
            with project(notebook([work]), tables):
                tick = [str(SCRIPTS / "mlops"), "job", "tick", "--workers", workers]
                seconds.append(whole_process(tick))
        one.append(seconds[0])
        two.append(seconds[1])
        ratios.append(seconds[0] / seconds[1])
    print(
        f"| {JOBS} jobs, 2 at once (one after the other) | {statistics.median(two):.3g} s | "
        f"{statistics.median(one):.3g} s | {statistics.median(ratios):.3g}× faster |",
        flush=True,
    )


def sweep() -> None:
    """Print the rate of a long sweep's quarters, and the memory of its process in each."""
    with project(notebook(["x = 0", "x"], parameters=True), '[jobs.n]\nnotebook = "n.ipynb"\n'):
        values = ",".join(map(str, range(POINTS)))
        command = [str(SCRIPTS / "mlops"), "job", "sweep", "n", "-p", f"x={values}"]
        command += ["--workers", "2"]
        running = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        memory: list[tuple[float, int]] = []
        threading.Thread(target=watch, args=(running.pid, memory), daemon=True).start()
        began = perf_counter()
        ends = [perf_counter() for _line in running.stderr or ()]
        running.wait()
    quarter = len(ends) // 4
    for number in range(4):
        first = ends[number * quarter - 1] if number else began
        last = ends[(number + 1) * quarter - 1]
        peak = max((rss for moment, rss in memory if first <= moment <= last), default=0)
        rate = quarter / (last - first)
        print(
            f"| sweep of {len(ends)}, quarter {number + 1} | {rate:.2f}/s | {peak / 1e6:.0f} MB |"
        )


def watch(pid: int, memory: list[tuple[float, int]]) -> None:
    """Note the resident memory of a process until it ends."""
    process = psutil.Process(pid)
    while True:
        try:
            memory.append((perf_counter(), process.memory_info().rss))
        except psutil.Error:
            return
        sleep(0.2)


def tick() -> None:
    """Print a tick over 10,000 jobs of which none is due: whole process, and without start."""
    tables = "".join(
        f'[jobs.j{n}]\nnotebook = "n.ipynb"\nschedule = "{n % 60} {n % 24} * * *"\n'
        'timezone = "Europe/Berlin"\ncatch-up = "none"\n'
        for n in range(CONFIGURED)
    )
    inside = (
        "import time\nfrom datetime import UTC, datetime\n"
        "from mlops_nb.actions.tick_jobs import tick\nfrom mlops_nb.config import load_project\n"
        "began = time.perf_counter()\n"
        "done = tick(load_project(), datetime(2026, 4, 1, 0, 30, 30, tzinfo=UTC), names=())\n"
        "print(time.perf_counter() - began, len(done))"
    )
    with project(notebook(["pass"]), tables):
        seconds = []
        for _ in range(ROUNDS):
            done = subprocess.run(
                [sys.executable, "-c", inside], capture_output=True, text=True, check=True
            )
            seconds.append(float(done.stdout.split()[0]))
        ran = done.stdout.split()[1]
    print(f"| a tick over {CONFIGURED:,} jobs ({ran} ran) | {statistics.median(seconds):.3g} s |")


COMPARISONS: dict[str, Callable[[], None]] = {
    "outputs": outputs,
    "empty": empty,
    "parallel": parallel,
    "sweep": sweep,
    "tick": tick,
}


def notebook(sources: list[str], *, parameters: bool = False) -> nbformat.NotebookNode:
    """Return a notebook of code cells, the first of which may hold the parameters."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    if parameters:
        cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def whole_process(command: list[str]) -> float:
    """Return the wall seconds of a command that succeeds."""
    began = perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return perf_counter() - began


@contextmanager
def project(book: nbformat.NotebookNode, tables: str) -> Iterator[None]:
    """Work in a folder that holds a notebook and declares jobs of it."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        os.chdir(made)
        try:
            Path("mlops.toml").write_text(tables, encoding="utf-8")
            nbformat.write(book, "n.ipynb")
            yield
        finally:
            os.chdir(before)


if __name__ == "__main__":
    main()
