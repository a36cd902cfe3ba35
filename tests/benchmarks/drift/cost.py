"""What a drift report costs: CPU, time and peak memory of whole processes, ours beside the peers.

``python tests/benchmarks/drift/cost.py [ROWS] [--files N] [--polars PYTHON] [--evidently PYTHON]
[--nannyml PYTHON] [--whylogs PYTHON]`` prints the table of ``docs/benchmarks.md``; each peer runs
under the Python of its own environment, and is left out when none is named, as when the rows stand
in several files.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

CHUNK = 250_000
MLOPS = Path(sys.executable).with_name("mlops")

EVIDENTLY = """
import sys, pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
one, two = map(pd.read_parquet, sys.argv[1:3])
Report([DataDriftPreset()]).run(two, one).save_html(sys.argv[3])
"""
NANNYML = """
import os, sys, pandas as pd
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
import nannyml
one, two = map(pd.read_parquet, sys.argv[1:3])
made = nannyml.UnivariateDriftCalculator(column_names=list(one.columns)).fit(one)
made.calculate(two).filter(period="analysis").to_df().to_json(sys.argv[3])
"""
WHYLOGS = """
import sys, pandas as pd
import whylogs as why
for path in sys.argv[1:3]:
    why.log(pd.read_parquet(path)).profile().view()
"""
FLOOR_DUCKDB = """
import sys, duckdb
for path in sys.argv[1:3]:
    duckdb.sql(f"select min(columns(*)), max(columns(*)) from '{path}'").fetchall()
"""
FLOOR_POLARS = """
import sys, polars as pl
for path in sys.argv[1:3]:
    pl.scan_parquet(path).select(pl.all().min().name.suffix("<"), pl.all().max()).collect()
"""
PEERS = {
    "polars": FLOOR_POLARS,
    "evidently": EVIDENTLY,
    "nannyml": NANNYML,
    "whylogs": WHYLOGS,
}
"""The first is a floor as well: it does nothing but read."""


def main() -> None:
    """Print one row a tool."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=1, help="files that a side's rows stand in")
    for peer in PEERS:
        parser.add_argument(f"--{peer}")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out")
        one, two = (make_side(Path(folder), side, chosen.rows, chosen.files) for side in (0, 1))
        stored = str(Path(folder) / "reference.json")
        subprocess.run([MLOPS, "data", "profile", one, "-o", stored], check=True)
        drift = [str(MLOPS), "data", "drift"]
        runs = {
            "nothing: `mlops --version`": [str(MLOPS), "--version"],
            "floor: DuckDB scans both files": [sys.executable, "-c", FLOOR_DUCKDB, one, two],
            "ours, report": [*drift, one, two, "--no-classifier", "--report", f"{out}.html"],
            "ours, report and classifier": [*drift, one, two, "--report", f"{out}.html"],
            "ours, daily: stored reference profile": [*drift, stored, two, "--format", "json"],
        }
        for peer, script in PEERS.items():
            if chosen.files == 1 and (python := getattr(chosen, peer)):
                runs[peer] = [python, "-c", script, one, two, f"{out}.{peer}"]
        print(f"| {chosen.rows:,} × 50 | CPU seconds | seconds | peak MB |\n|---|---|---|---|")
        for name, command in runs.items():
            print("| {} | {:.1f} | {:.1f} | {:.0f} |".format(name, *measure(command)), flush=True)


def make_side(folder: Path, side: int, rows: int, files: int) -> str:
    """Write one side's rows into so many files; return the path or the glob of them."""
    for part in range(files):
        # In processes of their own: what this one holds would count as their children's peak.
        made = multiprocessing.get_context("spawn").Process(
            target=make,
            args=(str(folder / f"{side}-{part}.parquet"), rows // files),
            kwargs={"seed": side * files + part},
        )
        made.start()
        made.join()
    return str(folder / f"{side}-{'*' if files > 1 else 0}.parquet")


def make(path: str, rows: int, *, seed: int) -> None:
    """Write 40 columns of numbers and 10 of text, of many shapes, in parts that fit in memory."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(seed)
    writer = None
    for begin in range(0, rows, CHUNK):
        size = min(CHUNK, rows - begin)
        columns: dict[str, object] = {}
        for i in range(10):
            columns[f"normal_{i}"] = rng.normal(i, 1 + i, size)
            columns[f"skewed_{i}"] = rng.lognormal(0, 1 + i / 10, size)
            columns[f"count_{i}"] = rng.poisson(1 + 3 * i, size)
            columns[f"gaps_{i}"] = np.where(rng.random(size) < i / 20, np.nan, rng.random(size))
            levels = np.array([f"level {j}" for j in range(3 * (i + 1) ** 2)])
            columns[f"text_{i}"] = levels[rng.integers(0, len(levels), size)]
        table = pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def measure(command: list[str]) -> tuple[float, float, float]:
    """Return the CPU seconds, the seconds and the peak MB of a process; drift is no failure."""
    started = perf_counter()
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ
    )
    assert child.stderr is not None
    told = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1) or b"Traceback" in told:
        print(told.decode()[-500:], file=sys.stderr)
        return (float("nan"),) * 3
    return _cpu(used), perf_counter() - started, used.ru_maxrss / 1024


def _cpu(used: resource.struct_rusage) -> float:
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
