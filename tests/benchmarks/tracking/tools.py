"""One tracker logs points: ``python tools.py TOOL log|count FOLDER POINTS PAUSE``.

``log`` prints how many points were accepted so far, line by line, and at last a JSON line with the
seconds of each call (p50, p95), of all of it and of the processors. ``count`` prints how many
points can be read back, in another process. PAUSE is slept after every 50 points, in seconds.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

SAY_EVERY = 50
Log = Callable[[int], object]
Finish = Callable[[], object]


def main() -> None:
    """Do what the arguments say."""
    tool, verb, folder, points, pause = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    if verb == "count":
        print(COUNT[tool]())
        return
    log, finish = START[tool]()
    taken = []
    began = time.perf_counter()
    for step in range(int(points)):
        started = time.perf_counter()
        log(step)
        taken.append(time.perf_counter() - started)
        if step % SAY_EVERY == SAY_EVERY - 1:
            print(step + 1, flush=True)
            time.sleep(float(pause))
    more = finish()
    wall = time.perf_counter() - began
    taken.sort()
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(u.ru_utime + u.ru_stime for u in usage) + (more if isinstance(more, float) else 0.0)
    p50, p95 = taken[len(taken) // 2], taken[int(len(taken) * 0.95)]
    print(json.dumps({"p50": p50, "p95": p95, "wall": wall, "cpu": cpu}), flush=True)


def value(step: int) -> float:
    """Return the point of a step."""
    return 1.0 / (1 + step)


def start_ours() -> tuple[Log, Finish]:
    """Log into the journal while the follower brings it into the SQLite store."""
    import mlops_nb
    from mlops_nb.tracking import follower

    Path("mlops.toml").write_text('experiment = "bench"\n', encoding="utf-8")
    context = mlops_nb.run("bench")
    run = context.__enter__()

    def finish() -> float:
        context.__exit__(None, None, None)
        child = follower._children[run.project.root][0]
        while any((run.project.home / "journal").glob("*.jsonl")):
            time.sleep(0.05)
        # The follower outlives this process, so nobody has counted its time.
        words = (
            Path(f"/proc/{child.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        )
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    return (lambda step: run.log_metric("loss", value(step), step=step)), finish


def count_ours() -> int:
    """Recover what is left and count the points in the store."""
    from mlops_nb.config import load_project
    from mlops_nb.tracking.sync import sync

    project = load_project()
    sync(project)
    return _rows(project.home / "mlops.db", "SELECT count(*) FROM metrics")


def start_mlflow(*, asynchronous: bool) -> tuple[Log, Finish]:
    """Log through MLflow's fluent functions into SQLite."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{Path('mlflow.db').absolute()}")
    if asynchronous:
        mlflow.config.enable_async_logging()
    mlflow.start_run()

    def finish() -> None:
        if asynchronous:
            mlflow.flush_async_logging()
        mlflow.end_run()

    return (lambda step: mlflow.log_metric("loss", value(step), step=step)), finish


def count_mlflow() -> int:
    """Count the points in the store."""
    return _rows(Path("mlflow.db"), "SELECT count(*) FROM metrics WHERE key = 'loss'")


def start_wandb() -> tuple[Log, Finish]:
    """Log into W&B's offline file."""
    import wandb

    settings = wandb.Settings(mode="offline", console="off", silent=True, x_disable_stats=True)
    run = wandb.init(project="bench", dir=".", settings=settings)
    return (lambda step: run.log({"loss": value(step)}, step=step)), run.finish


def count_wandb() -> int:
    """Count the records of the offline file: LevelDB's log format, after a header of 7 bytes."""
    from wandb.proto import wandb_internal_pb2

    (file,) = Path("wandb").glob("offline-run-*/*.wandb")
    data, at, found, record = file.read_bytes(), 7, 0, b""
    while at + 7 <= len(data):
        if 32_768 - at % 32_768 < 7:  # no header fits into the rest of a block
            at += 32_768 - at % 32_768
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        record += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind not in {1, 4} or at > len(data):  # whole, or the last part
            continue
        message = wandb_internal_pb2.Record()
        message.ParseFromString(record)
        found += message.WhichOneof("record_type") == "history"
        record = b""
    return found


def start_trackio() -> tuple[Log, Finish]:
    """Log into trackio's SQLite file."""
    os.environ["TRACKIO_DIR"] = str(Path("trackio").absolute())
    import trackio

    trackio.init(project="bench", name="bench")
    return (lambda step: trackio.log({"loss": value(step)}, step=step)), trackio.finish


def count_trackio() -> int:
    """Count the points in its database."""
    return _rows(Path("trackio") / "bench.db", "SELECT count(*) FROM metrics")


def start_aim() -> tuple[Log, Finish]:
    """Log into aim's own store."""
    from aim import Run

    run = Run(repo=".", experiment="bench", system_tracking_interval=None, log_system_params=False)
    return (lambda step: run.track(value(step), name="loss", step=step)), run.close


def start_sacred() -> tuple[Log, Finish]:
    """Log into memory; the observer writes with each heartbeat."""
    from sacred import Experiment
    from sacred.observers import FileStorageObserver

    experiment = Experiment("bench", save_git_info=False)
    experiment.observers.append(FileStorageObserver("sacred"))
    experiment.main(lambda: None)
    run = experiment._create_run()
    run()
    return (lambda step: run.log_scalar("loss", value(step), step)), run._emit_heartbeat


def count_sacred() -> int:
    """Count the points in its file."""
    files = list(Path("sacred").glob("*/metrics.json"))
    return sum(
        len(json.loads(f.read_text() or "{}").get("loss", {}).get("steps", [])) for f in files
    )


def _rows(path: Path, query: str) -> int:
    if not path.exists():
        return 0
    with sqlite3.connect(path, timeout=60) as connection:
        try:
            number: int = connection.execute(query).fetchone()[0]
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return 0  # killed before it had made its tables
    return number


START: dict[str, Callable[[], tuple[Log, Finish]]] = {
    "ours": start_ours,
    "mlflow": lambda: start_mlflow(asynchronous=False),
    "mlflow-async": lambda: start_mlflow(asynchronous=True),
    "wandb": start_wandb,
    "trackio": start_trackio,
    "aim": start_aim,
    "sacred": start_sacred,
}
COUNT: dict[str, Callable[[], int]] = {
    "ours": count_ours,
    "mlflow": count_mlflow,
    "mlflow-async": count_mlflow,
    "wandb": count_wandb,
    "trackio": count_trackio,
    "sacred": count_sacred,
}

if __name__ == "__main__":
    main()
