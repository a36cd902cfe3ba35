"""What ``scale.py`` measures on: stores, states, tables and notebooks of any size."""

from __future__ import annotations

import sqlite3
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CHUNK = 250_000
FEATURES = [f"n{i}" for i in range(8)]
PER_RUN = 5  # parameters, and metrics
PER_JOB = 10  # attempts in the history


def fill_runs(folder: Path, size: int) -> None:
    """Write runs straight into MLflow's tables: its client would take hours."""
    from mlops_nb.config import load_project
    from mlops_nb.store import runs as stored

    (folder / "mlops.toml").write_text('experiment = "many"\n', encoding="utf-8")
    project = load_project(folder)
    now = int(time.time() * 1000)
    first = stored.create(project, uid="first", name="first", started_ms=now, tags={})
    ids = [(n, uuid.uuid4().hex) for n in range(size - 1)]
    keyed = [(n, run, k) for n, run in ids for k in range(PER_RUN)]
    points = [(f"m{k}", (n * 31 + k) % 997 / 997, now, run) for n, run, k in keyed]
    with sqlite3.connect(project.home / "mlops.db") as store:
        query = "SELECT experiment_id FROM runs WHERE run_uuid = ?"
        (experiment,) = store.execute(query, (first,)).fetchone()
        store.executemany(
            "INSERT INTO runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, "
            "artifact_uri, experiment_id, user_id, source_type) "
            "VALUES (?, ?, 'FINISHED', ?, ?, 'active', '', ?, 'ada', 'UNKNOWN')",
            [
                (r, f"run {n}", now - n * 60_000, now - n * 60_000 + 4200, experiment)
                for n, r in ids
            ],
        )
        store.executemany(
            "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
            [("mlflow.runName", f"run {n}", run) for n, run in ids]
            + [("mlops.uid", run[:8], run) for _, run in ids],
        )
        store.executemany(
            "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
            [(f"p{k}", str(n % (k + 7)), run) for n, run, k in keyed],
        )
        for name in ("metrics", "latest_metrics"):
            store.executemany(
                f"INSERT INTO {name} (key, value, timestamp, step, is_nan, run_uuid) "
                "VALUES (?, ?, ?, 0, 0, ?)",
                points,
            )


def fill_jobs(folder: Path, size: int) -> None:
    """Configure jobs that are not due, with ten attempts of each in the state."""
    from mlops_nb.config import load_project
    from mlops_nb.state import attempts as _its_table  # noqa: F401
    from mlops_nb.state.database import transaction

    tables = (
        f'[jobs.j{n}]\nnotebook = "n.ipynb"\nschedule = "{n % 60} 3 1 1 *"\ncatch-up = "none"\n'
        for n in range(size)
    )
    (folder / "mlops.toml").write_text("".join(tables), encoding="utf-8")
    write_notebook(folder / "n.ipynb")
    project = load_project(folder)
    with transaction(project):
        pass  # it makes the tables
    first = datetime(2026, 1, 1, tzinfo=UTC)
    days = [f"{first + timedelta(days=day):%Y-%m-%dT%H:%M:%S.%fZ}" for day in range(PER_JOB)]
    with sqlite3.connect(project.home / "state.db") as store:
        store.executemany(
            "INSERT INTO attempts (attempt, job, logical_time, origin, status, started, ended, "
            "folder, message) VALUES (?, ?, ?, 'schedule', 'succeeded', ?, ?, 'f', '')",
            [(uuid.uuid4().hex, f"j{n}", day, day, day) for n in range(size) for day in days],
        )


def make_table(path: Path, size: int, seed: int) -> None:
    """Write a table in parts that fit in memory."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(seed)
    writer = None
    for begin in range(0, size, CHUNK):
        part = min(CHUNK, size - begin)
        columns: dict[str, Any] = {
            name: random.normal(i, 1 + i, part) if i % 2 else random.lognormal(0, 1, part)
            for i, name in enumerate(FEATURES)
        }
        for i in range(4):
            levels = np.array([f"level {j}" for j in range(3 * (i + 1) ** 2)])
            columns[f"t{i}"] = levels[random.integers(0, len(levels), part)]
        columns["customer"] = np.arange(begin, begin + part)
        made = pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)
        writer = writer or pq.ParquetWriter(path, made.schema)
        writer.write_table(made)
    if writer:
        writer.close()


def score(path: str) -> None:
    """Score a table at once and append it to the log, as a scoring notebook does."""
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier

    from mlops_nb.monitoring import predictions_log
    from mlops_nb.registry.scoring import ScoringModel
    from mlops_nb.registry.versions import ModelVersion

    frame = pd.read_parquet(path, columns=[*FEATURES, "customer"])
    some = frame.head(20_000)
    label = (some["n1"] > some["n1"].median()).astype(int)
    made = HistGradientBoostingClassifier(max_iter=50, random_state=0).fit(some[FEATURES], label)
    version = ModelVersion(
        name="m", version=1, aliases=(), run_id="r", source="s", created=datetime.now(UTC)
    )
    model = ScoringModel(
        version=version, features=FEATURES, task="binary", threshold=0.5, estimator=made
    )
    scored = model.score(frame)
    scored["prediction_id"] = frame["customer"].astype(str)
    scored["timestamp"] = pd.Timestamp("2026-04-01", tz="UTC")
    predictions_log("m").append(scored, version=1)


def write_notebook(path: Path) -> None:
    """Write a notebook with a parameter and four cells more."""
    import nbformat

    cells = [nbformat.v4.new_code_cell(source) for source in ["x = 0", *["x"] * 4]]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
