"""Speed against the named peer, in one run on one machine: ratios last, seconds do not.

Not a test: ``python tests/benchmarks/compare.py`` prints the table of ``docs/benchmarks.md``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import nbformat

SCRIPTS = Path(sys.executable).parent
ROUNDS = 5


def main() -> None:
    """Print one row a comparison."""
    print("| what | ours | peer | ratio |")
    print("|---|---|---|---|")
    for title, ours, peer, unit, scale in (
        ("one metric, median of a tight loop", our_metric, mlflow_metric, "µs", 1e6),
        ("an empty notebook of 5 cells as a job", our_job, papermill_job, "s", 1),
        ("`mlops lint` on one notebook, whole process", our_lint, ruff_lint, "s", 1),
    ):
        pairs = [(ours(), peer()) for _ in range(ROUNDS)]
        a, b = (statistics.median(side) * scale for side in zip(*pairs, strict=True))
        ratio = statistics.median(x / y for x, y in pairs)
        print(f"| {title} | {a:.3g} {unit} | {b:.3g} {unit} | {ratio:.3g} |")


def our_metric() -> float:
    """Return the seconds of one `log_metric`, journal included, store excluded."""
    import mlops_nb

    with folder(), mlops_nb.run("benchmark") as run:
        return median_of(lambda step: run.log_metric("loss", 0.5, step=step), 20_000)


def mlflow_metric() -> float:
    """Return the seconds of one synchronous `mlflow.log_metric` on SQLite."""
    import mlflow

    with folder() as here:
        mlflow.set_tracking_uri(f"sqlite:///{here / 'mlflow.db'}")
        with mlflow.start_run():
            return median_of(lambda step: mlflow.log_metric("loss", 0.5, step=step), 200)


def our_job() -> float:
    """Return the seconds of `mlops job run`: claim, supervision and HTML report included."""
    with folder() as here:
        (here / "mlops.toml").write_text('[jobs.empty]\nnotebook = "empty.ipynb"\n')
        nbformat.write(empty_notebook(), here / "empty.ipynb")
        return whole_process(SCRIPTS / "mlops", "job", "run", "empty")


def papermill_job() -> float:
    """Return the seconds of papermill's own command, which writes no report."""
    with folder() as here:
        nbformat.write(empty_notebook(), here / "empty.ipynb")
        return whole_process(SCRIPTS / "papermill", "empty.ipynb", "out.ipynb")


def our_lint() -> float:
    """Return the seconds of `mlops lint` with all rules."""
    return lint(SCRIPTS / "mlops", "lint")


def ruff_lint() -> float:
    """Return the seconds of `ruff check`: other rules, and the fastest linter there is."""
    return lint(SCRIPTS / "ruff", "check", "--no-cache", "--isolated")


def lint(*command: Path | str) -> float:
    """Return the seconds of a linter on the tour."""
    tour = Path(__file__).parents[2] / "notebooks" / "tour.ipynb"
    with folder() as here:
        (here / "tour.ipynb").write_bytes(tour.read_bytes())
        return whole_process(*command, "tour.ipynb")


def empty_notebook() -> nbformat.NotebookNode:
    """Return five cells that do nothing."""
    cells = [nbformat.v4.new_code_cell("pass") for _ in range(5)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def median_of(call: Callable[[int], object], times: int) -> float:
    """Return the median seconds of one call."""
    taken = []
    for step in range(times):
        started = perf_counter()
        call(step)
        taken.append(perf_counter() - started)
    return statistics.median(taken)


def whole_process(*command: Path | str) -> float:
    """Return the wall seconds of a command, whatever it exits with."""
    started = perf_counter()
    subprocess.run([str(word) for word in command], capture_output=True, check=False)
    return perf_counter() - started


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
