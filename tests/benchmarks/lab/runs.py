"""How soon the table of 10,000 runs is there, and how smoothly it scrolls.

Not a test: ``python tests/benchmarks/lab/runs.py`` prints the table of docs/benchmarks.md. Opening
lasts from the command until the first rows are drawn, on a server that has answered before;
scrolling goes through all rows, a screen's part a frame, and counts the frames of the browser's
own clock. The peer is the same page with nothing of ours on it, which says what the machine and a
browser without a graphics card can do at all.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
import uuid
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from keystrokes import page_at, server  # its neighbour

from mlops_nb.config import load_project
from mlops_nb.store import runs

RUNS = 10_000
PARAMS, METRICS = 5, 5
OPEN = "() => window.jupyterapp.commands.execute('mlops:open-runs')"
CLOSE = (
    "() => [...window.jupyterapp.shell.widgets('main')]"
    ".filter(one => one.id === 'mlops-nb-runs-table').forEach(one => one.dispose())"
)
FRAMES = """rows => new Promise(done => {
  const box = document.querySelector('.mlops-Grid');
  const times = [];
  const began = performance.now();
  const step = now => {
    times.push(now);
    if (box !== null) { box.scrollTop += rows * 28; }
    if (performance.now() - began < 4000) { requestAnimationFrame(step); } else { done(times); }
  };
  requestAnimationFrame(step);
})"""


def main() -> None:
    """Print medians over some rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    opened, read, found = [], [], {"empty page": [], "5 rows a frame": [], "40 rows a frame": []}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "work"
        folder.mkdir()
        fill(folder)
        with server(folder, Path(made)) as url, page_at(url) as page:
            page.evaluate("() => fetch('/mlops/runs?limit=1').then(answer => answer.text())")
            for _ in range(rounds):
                page.evaluate(CLOSE)
                found["empty page"].append(frames(page, 0))
                began = time.perf_counter()
                page.evaluate(OPEN)
                page.locator(".mlops-Grid-body .mlops-Grid-row").first.wait_for()
                opened.append(time.perf_counter() - began)
                page.get_by_text(f"{RUNS} runs", exact=True).wait_for(timeout=120_000)
                read.append(time.perf_counter() - began)
                found["5 rows a frame"].append(frames(page, 5))
                found["40 rows a frame"].append(frames(page, 40))
            drawn = page.locator(".mlops-Grid-body .mlops-Grid-row").count()
    print(f"| the first rows, s | {median(opened):.2f} |")
    print(f"| all {RUNS:,} runs read, s | {median(read):.1f} |")
    for name, rates in found.items():
        print(f"| frames a second, {name} | {median(rates):.0f} |")
    print(f"| rows in the page | {drawn} |")


def frames(page: Any, rows: int) -> float:
    """Return the median of frames a second while the table moves by so many rows a frame."""
    times = page.evaluate(FRAMES, rows)
    gaps = [after - before for before, after in pairwise(times)]
    return 1000 * len(gaps) / sum(gaps)


def fill(folder: Path) -> None:
    """Write the runs straight into the tables: the client would take minutes."""
    (folder / "mlops.toml").write_text('experiment = "many"\n', encoding="utf-8")
    project = load_project(folder)
    now = int(time.time() * 1000)
    first = runs.create(project, uid="first", name="first", started_ms=now, tags={})
    with sqlite3.connect(project.home / "mlops.db") as store:
        (experiment,) = store.execute(
            "SELECT experiment_id FROM runs WHERE run_uuid = ?", (first,)
        ).fetchone()
        ids = [uuid.uuid4().hex for _ in range(RUNS - 1)]
        store.executemany(
            "INSERT INTO runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, "
            "artifact_uri, experiment_id, user_id, source_type) "
            "VALUES (?, ?, 'FINISHED', ?, ?, 'active', '', ?, 'ada', 'UNKNOWN')",
            [
                (run, f"run {n}", now - n * 60_000, now - n * 60_000 + 4200, experiment)
                for n, run in enumerate(ids)
            ],
        )
        store.executemany(
            "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
            [(f"p{k}", str(n % (k + 7)), run) for n, run in enumerate(ids) for k in range(PARAMS)],
        )
        store.executemany(
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) "
            "VALUES (?, ?, ?, 0, 0, ?)",
            [
                (f"m{k}", (n * 31 + k) % 997 / 997, now, run)
                for n, run in enumerate(ids)
                for k in range(METRICS)
            ],
        )


if __name__ == "__main__":
    main()
