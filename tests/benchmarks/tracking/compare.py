"""Tracking against its peers, in one run on one machine; each peer in an environment of its own.

Not a test: ``python tests/benchmarks/tracking/compare.py`` prints the tables of
``docs/benchmarks.md``. The environments are made by uv in a folder outside of the repository.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOOLS = Path(__file__).with_name("tools.py")
POINTS = 20_000
# tool → (what to install, points of one measurement: MLflow's synchronous calls take milliseconds)
PEERS = {
    "mlflow": (["mlflow>=3.17,<3.18"], 2_000),
    "mlflow-async": (["mlflow>=3.17,<3.18"], POINTS),
    "wandb": (["wandb"], POINTS),
    "trackio": (["trackio"], POINTS),
    "aim": (["aim"], POINTS),
    "sacred": (["sacred", "setuptools<81"], POINTS),
}
ROUNDS = 3
KILLS = 10
PACE = "0.01"
"""Seconds without a call after every 50 points before a kill, so that threads have a chance."""

SETTLE = 3.0
"""Seconds for the processes that a killed tool had started, to write what they have."""


def main() -> None:
    """Print one row a tool."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "mlops-peers")
    options.add_argument("--only", nargs="+", default=["ours", *PEERS])
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--kills", type=int, default=KILLS)
    found = options.parse_args()
    print("| tool | a call, p50 | p95 | points/s, end included | CPU | kept after SIGKILL |")
    print("|---|---|---|---|---|---|")
    for tool in found.only:
        python = environment(tool, found.home)
        points = PEERS.get(tool, ([], POINTS))[1]
        measured = [log(tool, python, points) for _ in range(found.rounds)]
        p50, p95, wall, cpu = (
            statistics.median(m[key] for m in measured) for key in ("p50", "p95", "wall", "cpu")
        )
        kept = [kill(tool, python, points) for _ in range(found.kills)] if tool != "aim" else []
        shown = f"{min(kept):.1%} to {max(kept):.1%}" if kept else "not counted"
        row = f"| {tool} | {p50 * 1e6:,.1f} µs | {p95 * 1e6:,.1f} µs | {points / wall:,.0f} "
        print(f"{row}| {cpu / points * 1e6:,.0f} µs a point | {shown} |", flush=True)


def environment(tool: str, home: Path) -> Path:
    """Return the interpreter of a tool's environment, made on first use."""
    if tool == "ours":
        return Path(sys.executable)
    packages = PEERS[tool][0]
    folder = home / tool.partition("-")[0]
    python = folder / "bin" / "python"
    if not python.exists():
        uv = shutil.which(
            "uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        )
        if uv is None:
            sys.exit("error: uv is needed to make the peers' environments")
        subprocess.run([uv, "venv", "--quiet", "-p", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *packages], check=True)
    return python


def log(tool: str, python: Path, points: int) -> dict[str, float]:
    """Return the seconds of one measurement."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer = subprocess.run(
            [python, TOOLS, tool, "log", Path(folder) / "here", str(points), "0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
        )  # fmt: skip
    measured: dict[str, float] = json.loads(answer.stdout.strip().splitlines()[-1])
    return measured


def kill(tool: str, python: Path, points: int) -> float:
    """Kill the tool after a random point, and return how much of what it had accepted is there."""
    after = random.randrange(points // 10, points)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        here = str(Path(folder) / "here")
        process = subprocess.Popen(
            [python, TOOLS, tool, "log", here, str(points * 10), PACE],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        accepted = 0
        for line in process.stdout:
            accepted = int(line) if line.strip().isdigit() else accepted
            if accepted >= after:
                break
        # The process alone, as the kernel's out-of-memory killer does; what it started goes on.
        os.kill(process.pid, signal.SIGKILL)
        said = [int(line) for line in process.stdout.read().split() if line.isdigit()]
        process.wait()
        process.stdout.close()
        time.sleep(SETTLE)
        counted = subprocess.run(
            [python, TOOLS, tool, "count", here, "0", "0"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return min(1.0, int(counted.stdout) / max([accepted, *said]))


if __name__ == "__main__":
    main()
