"""How the cost of each part grows, and what the next size would cost: ``docs/scale.md``.

Not a test: ``python tests/benchmarks/scale.py PART`` prints one table, PART being ``runs``,
``rows``, ``notebooks FOLDER``, ``jobs`` or ``attempts``; ``--sizes 100,1000`` takes other sizes.
Processor seconds and peak memory of whole processes, so that a busy machine tells no lies. The
last column continues a line, fixed part and part by size, through all measured points.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scale_data import fill_jobs, fill_runs, make_table, write_notebook  # its neighbour

MLOPS = str(Path(sys.executable).with_name("mlops"))

SYNCED = """
import mlops_nb
from mlops_nb.tracking import context
context.ensure_follower = lambda project: False
with mlops_nb.run("one more"):
    for i in range(1000):
        mlops_nb.log_metric("m", i)
"""
FRAME = "import mlops_nb; assert len(mlops_nb.runs(limit={n})) == {n}"
SCORE = """
import sys
sys.path.insert(0, {here!r})
import scale_data
scale_data.score({table!r})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a process took: processor seconds, peak of resident memory in MB."""

    cpu: float
    peak: float


Costs = dict[str, Measured]


def main() -> None:
    """Print the table of one part."""
    parser = argparse.ArgumentParser(description="How the cost of a part grows.")
    parser.add_argument("part", choices=list(PARTS))
    parser.add_argument("folder", nargs="?", type=Path, help="of notebooks, for `notebooks`")
    parser.add_argument("--sizes", help="sizes to measure, with commas")
    options = parser.parse_args()
    cost, usual, further = PARTS[options.part]
    sizes = [int(float(size)) for size in options.sizes.split(",")] if options.sizes else usual
    if len(sizes) < 3:
        parser.error("a line that is continued needs three sizes")
    measured: dict[int, Costs] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="mlops-scale-") as folder:
            print(f"{size:,} ...", file=sys.stderr, flush=True)
            measured[size] = dict(cost(Path(folder), size, options.folder))
    table(options.part, measured, further)


def table(part: str, measured: dict[int, Costs], further: int) -> None:
    """Print one line an operation: CPU seconds / MB at each size, and at the next by a line."""
    heads = " | ".join(f"{size:,}" for size in measured)
    print(f"| {part}: CPU seconds / peak MB | {heads} | {further:,}, extrapolated | fit within |")
    print("|---" * (len(measured) + 3) + "|")
    for name in next(iter(measured.values())):
        row = {size: costs[name] for size, costs in measured.items() if name in costs}
        cells = " | ".join(f"{one.cpu:.2f} / {one.peak:,.0f}" for one in row.values())
        cpu, off = continued({size: one.cpu for size, one in row.items()}, further)
        peak, _ = continued({size: one.peak for size, one in row.items()}, further)
        print(f"| {name} | {cells} | {cpu:,.1f} / {peak:,.0f} | {off:.0%} |")


def continued(points: dict[int, float], at: int) -> tuple[float, float]:
    """Return a line's value at a size, and by how much it misses the worst of its points.

    The line makes the squares of the relative errors as small as they get.
    """
    import numpy as np
    from scipy.optimize import nnls

    sizes, values = np.array(list(points), dtype=float), np.array(list(points.values()))
    line, _ = nnls(np.column_stack([1 / values, sizes / values]), np.ones(len(values)))
    missed = np.abs((line[0] + line[1] * sizes) / values - 1).max()
    return float(line[0] + line[1] * at), float(missed)


def measure(command: list[str], cwd: Path) -> Measured:
    """Run a command and the processes it waits for; findings are no failure."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "MLFLOW_DISABLE_TELEMETRY": "true"}
    child = subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert child.stderr is not None
    said = child.stderr.read().decode()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1) or "Traceback" in said:
        raise SystemExit(f"{command}: exit {child.returncode}\n{said[-2000:]}")
    return Measured(cpu=used.ru_utime + used.ru_stime, peak=used.ru_maxrss / 1024)


def aside(call: Callable[..., None], *arguments: Any) -> None:
    """Call in a process of its own: what this one holds would count as its children's peak."""
    process = multiprocessing.get_context("spawn").Process(target=call, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{call.__name__} failed")


def runs(folder: Path, size: int, _: Path | None) -> Iterator[tuple[str, Measured]]:
    """Measure reading and writing in a SQLite store that holds so many runs."""
    aside(fill_runs, folder, size)
    threshold = "metrics.m0 > 0.9 and params.p0 = '3'"
    for name, command in {
        "nothing: `mlops --version`": [MLOPS, "--version"],
        "`mlops run list`, a page of 100": [MLOPS, "run", "list", "--limit", "100"],
        "the same with a filter": [MLOPS, "run", "list", "--filter", threshold],
        "one run by its name": [MLOPS, "run", "show", f"run {size // 2}"],
        "all runs as a DataFrame": [sys.executable, "-c", FRAME.format(n=size)],
        "`mlops status`": [MLOPS, "status"],
        "`mlops lifecycle`": [MLOPS, "lifecycle"],
    }.items():
        yield name, measure(command, folder)
    subprocess.run([sys.executable, "-c", SYNCED], cwd=folder, check=True)
    yield "one more run of 1,000 points", measure([MLOPS, "sync"], folder)
    megabytes = (folder / ".mlops" / "mlops.db").stat().st_size / 1e6
    print(f"{size:,} runs: {megabytes:,.0f} MB of SQLite", file=sys.stderr)


def rows(folder: Path, size: int, _: Path | None) -> Iterator[tuple[str, Measured]]:
    """Measure profile, drift and scoring of 8 columns of numbers and 4 of text."""
    for seed, name in enumerate(("one", "two")):
        aside(make_table, folder / f"{name}.parquet", size, seed)
    (folder / "mlops.toml").write_text("", encoding="utf-8")
    drift = [MLOPS, "data", "drift"]
    score = SCORE.format(here=str(Path(__file__).parent), table="two.parquet")
    for name, command in {
        "`mlops data profile`": [MLOPS, "data", "profile", "one.parquet", "-o", "one.json"],
        "`mlops data drift`, two tables": [*drift, "one.parquet", "two.parquet", "--no-classifier"],
        "the same with the sampled classifier": [*drift, "one.parquet", "two.parquet"],
        "the same against a stored profile": [*drift, "one.json", "two.parquet"],
        "score in pandas, append to the log": [sys.executable, "-c", score],
    }.items():
        yield name, measure(command, folder)


def notebooks(folder: Path, size: int, source: Path | None) -> Iterator[tuple[str, Measured]]:
    """Measure the linter on so many notebooks of a folder."""
    if source is None:
        raise SystemExit("name a folder of notebooks")
    found = sorted(path for path in source.rglob("*.ipynb") if path.is_file())
    if len(found) < size:
        raise SystemExit(f"{source} holds {len(found)} notebooks, fewer than {size}")
    (folder / "mlops.toml").write_text("", encoding="utf-8")
    for number, path in enumerate(found[:: len(found) // size][:size]):
        shutil.copyfile(path, folder / f"n{number:05}.ipynb")
    lint = [MLOPS, "lint", ".", "--format", "github"]
    for name, options in {
        "`mlops lint`, no cache, one process": ["--no-cache", "--jobs", "1"],
        "no cache, two processes": ["--no-cache", "--jobs", "2"],
        "filling the cache": ["--jobs", "1"],
        "nothing has changed": ["--jobs", "1"],
    }.items():
        yield name, measure([*lint, *options], folder)


def jobs(folder: Path, size: int, _: Path | None) -> Iterator[tuple[str, Measured]]:
    """Measure what so many configured jobs cost while none is due, with ten attempts of each."""
    aside(fill_jobs, folder, size)
    for name, words in {
        "`mlops job tick`, none due": ["job", "tick"],
        "`mlops job list`": ["job", "list"],
        "`mlops job history`": ["job", "history"],
        "`mlops status`": ["status"],
    }.items():
        yield name, measure([MLOPS, *words], folder)


def attempts(folder: Path, size: int, _: Path | None) -> Iterator[tuple[str, Measured]]:
    """Measure so many runs of a notebook of five empty cells, one after the other."""
    (folder / "mlops.toml").write_text('[jobs.n]\nnotebook = "n.ipynb"\n', encoding="utf-8")
    write_notebook(folder / "n.ipynb")
    values = ",".join(map(str, range(size)))
    sweep = [MLOPS, "job", "sweep", "n", "-p", f"x={values}", "--workers", "1"]
    yield "`mlops job sweep`, one worker", measure(sweep, folder)


Part = Callable[[Path, int, Path | None], Iterator[tuple[str, Measured]]]
PARTS: dict[str, tuple[Part, list[int], int]] = {
    "runs": (runs, [100, 1_000, 10_000, 100_000], 1_000_000),
    "rows": (rows, [100_000, 1_000_000, 10_000_000], 100_000_000),
    "notebooks": (notebooks, [10, 100, 1_000], 10_000),
    "jobs": (jobs, [100, 1_000, 10_000], 100_000),
    "attempts": (attempts, [1, 4, 12], 10_000),
}

if __name__ == "__main__":
    main()
