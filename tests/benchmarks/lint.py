"""`mlops lint` and its peers on the same notebooks, in one run: notebooks per second of one core.

Not a test: ``python tests/benchmarks/lint.py FOLDER`` prints the table of ``docs/benchmarks.md``.
Each peer gets an environment of its own, made by uv outside of the repository when it is missing
(``--peers`` says where). Seconds are those of the processor, of the process and its children, so
that a machine with other work to do still gives fair ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

SCRIPTS = Path(sys.executable).parent
PEERS = {"ruff": ["ruff"], "nbqa": ["nbqa", "flake8", "pylint"], "pynblint": ["pynblint", "click<8.2"]}  # fmt: skip  # noqa: E501


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one command took."""

    processor: float
    wall: float
    code: int


def main() -> None:
    """Print one row a linter, and the time of a whole process on one notebook."""
    options = arguments()
    peers = {name: environment(options.peers / name, packages) for name, packages in PEERS.items()}
    with tempfile.TemporaryDirectory() as made:
        found = copied(options.folder, Path(made) / "all", options.notebooks)
        some = found[:: max(len(found) // options.slow, 1)]
        work = Path(made)
        (work / "mlops.toml").write_text("", encoding="utf-8")
        print(f"{len(found)} notebooks, {sum(p.stat().st_size for p in found) / 1e6:.0f} MB; the")
        print(f"slow peers on {len(some)} of them. {rules()} rules of ours.\n")
        print("| linter | notebooks | CPU s | wall s | notebooks per CPU-second | ours |")
        print("|---|---|---|---|---|---|")
        ours = row("mlops lint, all rules, cold, one process", found, cold(work, "1"))
        row("mlops lint, all rules, cold, all cores", found, cold(work, ""), ours)
        row("mlops lint, warm cache", found, warm(work), ours)
        for name, command in commands(peers).items():
            row(name, found if name == "ruff" else some, on(work, command), ours)
        print(f"\nOne notebook, whole process: {single(work, found)}")


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="folder of notebooks")
    parser.add_argument("--notebooks", type=int, default=500, help="at most so many")
    parser.add_argument("--slow", type=int, default=50, help="at most so many for slow peers")
    parser.add_argument(
        "--peers", type=Path, default=Path(tempfile.gettempdir()) / "mlops-lint-peers"
    )
    return parser.parse_args()


def environment(folder: Path, packages: Sequence[str]) -> Path:
    """Return the scripts of an environment with a peer in it, made when it is missing."""
    scripts = folder / "bin"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        uv = SCRIPTS / "uv" if (SCRIPTS / "uv").exists() else Path("uv")
        run = [str(uv), "venv", "--quiet", str(folder)]
        subprocess.run(run, check=True)
        run = [str(uv), "pip", "install", "--quiet", "--python", str(scripts / "python"), *packages]
        subprocess.run(run, check=True)
        (folder / "ready").touch()
    return scripts


def copied(folder: Path, target: Path, most: int) -> list[Path]:
    """Copy notebooks that every linter can read; return the copies.

    A peer that meets a file it cannot read ends there: what only some can read says nothing of
    speed.
    """
    seen = (p for p in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts)
    chosen = [path for path in seen if is_plain(path)]
    chosen = chosen[:: max(len(chosen) // most, 1)][:most]
    target.mkdir()
    for number, path in enumerate(chosen):
        shutil.copyfile(path, target / f"n{number:05}.ipynb")
    return sorted(target.iterdir())


def is_plain(path: Path) -> bool:
    """Tell whether a file is a Python notebook of format 4."""
    with suppress(OSError, ValueError):
        document = json.loads(path.read_bytes())
        language = document["metadata"].get("language_info", {}).get("name")
        return document["nbformat"] == 4 and language == "python" and bool(document["cells"])
    return False


def rules() -> int:
    """Return how many rules run."""
    from mlops_nb.config import Lint
    from mlops_nb.lint.selection import selected

    return len(selected(Lint()))


def commands(peers: dict[str, Path]) -> dict[str, Sequence[str]]:
    """Return each peer's command line, as its users write it."""
    nbqa = str(peers["nbqa"] / "nbqa")
    return {
        "ruff": [str(peers["ruff"] / "ruff"), "check", "--no-cache", "--isolated", "--exit-zero"],
        "nbqa flake8": [nbqa, "flake8"],
        "pynblint": [str(peers["pynblint"] / "pynblint")],
        "nbqa pylint": [nbqa, "pylint", "--disable=import-error"],
    }


Run = Callable[[Sequence[Path]], Measured]


def cold(work: Path, jobs: str) -> Run:
    """Return what runs our linter without its cache."""
    options = ["--jobs", jobs] if jobs else []
    return on(work, [str(SCRIPTS / "mlops"), "lint", "--no-cache", "--format", "github", *options])


def warm(work: Path) -> Run:
    """Return what runs our linter a second time."""
    run = on(work, [str(SCRIPTS / "mlops"), "lint", "--format", "github"])

    def twice(paths: Sequence[Path]) -> Measured:
        run(paths)
        return run(paths)

    return twice


def on(work: Path, command: Sequence[str]) -> Run:
    """Return what runs a command on notebooks; pynblint takes one path, a folder."""

    def run(paths: Sequence[Path]) -> Measured:
        if not command[0].endswith("pynblint"):
            return timed([*command, *map(str, paths)], work)
        folder = work / "only"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in paths:
            shutil.copyfile(path, folder / path.name)
        return timed([*command, str(folder)], work)

    return run


def timed(command: Sequence[str], work: Path) -> Measured:
    """Run a command and return what it took."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    kwargs = {"cwd": work, "env": {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}}
    done = subprocess.run(command, capture_output=True, check=False, **kwargs)  # type: ignore[call-overload]
    wall = perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(processor=spent, wall=wall, code=done.returncode)


def row(name: str, paths: Sequence[Path], run: Run, ours: float | None = None) -> float:
    """Print one row and return its notebooks per CPU-second."""
    taken = run(paths)
    rate = len(paths) / taken.processor
    ratio = f"{ours / rate:.2g}×" if ours else "1"
    note = "" if taken.code in (0, 1) or "nbqa" in name else f" (exit {taken.code})"
    print(
        f"| {name}{note} | {len(paths)} | {taken.processor:.2f} | {taken.wall:.2f} "
        f"| {rate:,.3g} | {ratio} |",
        flush=True,
    )
    return rate


def single(work: Path, paths: Sequence[Path]) -> str:
    """Return the median seconds of our whole process on the notebook of middle size."""
    path = sorted(paths, key=lambda p: p.stat().st_size)[len(paths) // 2]
    command = [str(SCRIPTS / "mlops"), "lint", "--no-cache", str(path)]
    taken = sorted((timed(command, work) for _ in range(9)), key=lambda m: m.wall)[4]
    size = path.stat().st_size / 1e3
    return f"{taken.wall:.3f} s, {taken.processor:.3f} s of them CPU ({size:.0f} kB)"


if __name__ == "__main__":
    main()
