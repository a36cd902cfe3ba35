"""What the registry costs: scoring against the estimator itself, registering against MLflow.

Not a test: ``python tests/benchmarks/registry.py`` prints the tables of ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

COLUMNS = 50
FITTED = 20_000
ROUNDS = 7
ROLLBACKS = 5
MOVE_ALIAS = """
from mlflow import MlflowClient
MlflowClient("{uri}", "{uri}").set_registered_model_alias("m", "other", "1")
"""


def main() -> None:
    """Print the tables; with ``--peak`` what one way of scoring takes in memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peak", nargs=2, metavar=("MODEL", "WAY"))
    arguments = parser.parse_args()
    if arguments.peak:
        print(peak(*arguments.peak, arguments.rows))
        return
    scoring(arguments.rows)
    rolling_back()
    registering()  # last: MLflow's own way leaves its settings in this process


def table(rows: int) -> pd.DataFrame:
    """Return a frame of numbers, 8 bytes a cell."""
    values = np.random.default_rng(0).normal(size=(rows, COLUMNS))
    return pd.DataFrame(values, columns=[f"c{n:02}" for n in range(COLUMNS)])


def estimators() -> dict[str, Any]:
    """Return two fitted estimators: one as cheap as there is, one of today."""
    rows = table(FITTED)
    label = (rows["c00"] + rows["c01"] * rows["c02"] > 0).astype(int)
    return {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression()).fit(
            rows, label
        ),
        "gradient boosting": HistGradientBoostingClassifier(max_iter=50, random_state=0).fit(
            rows, label
        ),
    }


def scoring_model(estimator: Any) -> Any:
    """Return an estimator as `load_model` does, the store left out."""
    from datetime import UTC, datetime

    from mlops_nb.registry.scoring import ScoringModel
    from mlops_nb.registry.versions import ModelVersion

    version = ModelVersion(
        name="m", version=1, aliases=(), run_id="r", source="s", created=datetime.now(UTC)
    )
    return ScoringModel(
        version=version,
        features=[f"c{n:02}" for n in range(COLUMNS)],
        task="binary",
        threshold=0.5,
        estimator=estimator,
    )


def scoring(rows: int) -> None:
    """Print `score` against `predict_proba` on the same frame, in turns, and memory."""
    frame = table(rows)
    print(f"| {rows:,} rows × {COLUMNS} columns | `score` | `predict_proba` | ratio |")
    print("|---|---|---|---|")
    for name, estimator in estimators().items():
        model = scoring_model(estimator)
        plain = estimator.predict_proba(frame)[:, 1]
        np.testing.assert_allclose(model.score(frame)["score"], plain)
        pairs = [
            (
                seconds(lambda model=model: model.score(frame)),
                seconds(lambda estimator=estimator: estimator.predict_proba(frame)),
            )
            for _ in range(ROUNDS)
        ]
        report(name, pairs)
        a, b = (memory(name, way, rows) for way in ("score", "plain"))
        print(f"| {name}, MB beyond the frame | {a:.0f} | {b:.0f} | {a / b:.2f} |")


def memory(name: str, way: str, rows: int) -> float:
    """Return the peak of a process of its own that scores once."""
    done = subprocess.run(
        [sys.executable, __file__, "--rows", str(rows), "--peak", name, way],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.strip().splitlines()[-1])


def peak(name: str, way: str, rows: int) -> float:
    """Return by how many MB scoring lifts this process's peak of resident memory."""
    estimator = estimators()[name]
    small = table(2000)
    model = scoring_model(estimator)
    model.score(small)
    frame = table(rows)
    # Making the frame took more than it is: the high-water mark starts anew (Linux).
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = high_water()
    if way == "score":
        model.score(frame)
    else:
        estimator.predict_proba(frame)
    return high_water() - before


def high_water() -> float:
    """Return the peak of this process's resident memory, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def registering() -> None:
    """Print `register_model`, evidence included, against `mlflow.sklearn.log_model`."""
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = our_registration(Path(folder) / "ours"), mlflow_registration(Path(folder))
        ours(), peer()  # imports, and the stores' first tables
        pairs = [(seconds(ours), seconds(peer)) for _ in range(ROUNDS)]
    print("\n| one version registered, SQLite | `register_model` | MLflow | ratio |")
    print("|---|---|---|---|")
    report("20,000 reference and 5,000 hold-out rows", pairs)


def our_registration(root: Path) -> Callable[[], object]:
    """Return a registration with its evidence: profile, metrics with intervals, card."""
    from mlops_nb import modelfile
    from mlops_nb.actions.register import register_model
    from mlops_nb.config import load_project
    from mlops_nb.store import models, runs

    root.mkdir()
    (root / "mlops.toml").write_text('experiment = "benchmark"\n', encoding="utf-8")
    project = load_project(root)
    rows, held = table(FITTED), table(5000)
    rows["late"] = (rows["c00"] > 0).astype(int)
    held["late"] = (held["c00"] > 0).astype(int)
    estimator = estimators()["logistic regression"]
    made = iter(range(1000))

    def register() -> object:
        uid = f"{next(made):08x}"
        stored = modelfile.save(estimator, project.home / "staged" / uid)
        run_id = runs.create(
            project, uid=uid, name=uid, started_ms=int(time.time() * 1000), tags={}
        )
        example = rows.drop(columns="late").head(5)
        models.log_model(project, run_id, stored.path, input_example=example)
        return register_model(
            run_id, "m", reference=rows, holdout=held, label="late", project=project
        )

    return register


def mlflow_registration(folder: Path) -> Callable[[], object]:
    """Return MLflow's own registration: model, signature and version, and nothing else."""
    import mlflow
    import mlflow.sklearn

    rows = table(FITTED)
    estimator = estimators()["logistic regression"]
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    # MLflow's own default for the files is ./mlruns, wherever this is started.
    mlflow.create_experiment("benchmark", artifact_location=(folder / "artifacts").as_uri())

    def register() -> object:
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        mlflow.set_experiment("benchmark")
        with mlflow.start_run():
            return mlflow.sklearn.log_model(
                estimator,
                name="model",
                input_example=rows.head(5),
                pip_requirements=["scikit-learn"],
                registered_model_name="m",
                serialization_format="skops",
            )

    return register


def rolling_back() -> None:
    """Print what `mlops model rollback` takes, from the shell and back to it.

    Beside it MLflow's own client, which moves one alias and keeps no record of it.
    """
    from mlops_nb.actions.promote import promote
    from mlops_nb.config import load_project

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "ours"
        register, project = our_registration(root), load_project(root)
        for _ in range(ROLLBACKS + 1):
            register()
            promote("m", reason="benchmark", override=True, project=project)
        ours = [str(Path(sys.executable).with_name("mlops")), "model", "rollback", "m"]
        peer = [sys.executable, "-c", MOVE_ALIAS.format(uri=project.tracking_uri)]
        pairs = [(command(ours, root), command(peer, root)) for _ in range(ROLLBACKS)]
    print("\n| a new process | `mlops model rollback` | MLflow, one alias | ratio |")
    print("|---|---|---|---|")
    report("back to the champion before", pairs)


def command(words: list[str], folder: Path) -> tuple[float, float]:
    """Return how long a command takes, and how long the processors work for it."""
    # Installed packages have their bytecode; an environment may forbid it to a checkout.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started, before = time.perf_counter(), children()
    subprocess.run(words, cwd=folder, check=True, capture_output=True, env=environment)
    return time.perf_counter() - started, children() - before


def children() -> float:
    """Return the processor seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Return how long a call takes, and how long the processors work for it."""
    started, worked = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - started, time.process_time() - worked


def report(name: str, pairs: list[tuple[tuple[float, float], tuple[float, float]]]) -> None:
    """Print the fastest rounds of both sides, elapsed and of the processors, with their ratios.

    The fastest: what else runs on a machine makes a round slower and never faster.
    """
    for number, what in enumerate(("seconds", "CPU seconds")):
        a, b = (min(one[number] for one in side) for side in zip(*pairs, strict=True))
        print(f"| {name}, {what} | {a:.2f} | {b:.2f} | {a / b:.2f} |", flush=True)


if __name__ == "__main__":
    main()
