"""Faults while a version becomes champion or scores: nothing lost, nothing half-promoted."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from mlops_nb.actions.evaluate import evaluate
from mlops_nb.actions.promote import promote
from mlops_nb.actions.run_job import run_job
from mlops_nb.errors import InputError, MlopsError, NotFoundError
from mlops_nb.jobs.attempt import AttemptStatus
from mlops_nb.monitoring import predictions_log
from mlops_nb.registry import evidence
from mlops_nb.registry.explain import explain
from mlops_nb.registry.ledger import history, verify
from mlops_nb.registry.scoring import load_model, model_path
from mlops_nb.registry.versions import resolve
from mlops_nb.result import Status
from mlops_nb.store import models, versions

pytestmark = pytest.mark.slow


def weak() -> Any:
    return DecisionTreeClassifier(max_depth=1, random_state=0)


def strong() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1))


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def test_a_store_that_goes_down_in_the_middle_of_a_promotion(registry: Any) -> None:
    registry.register("tree", weak())
    promote("cancer", project=registry.project)
    registry.register("line", strong())
    store = registry.project.home / "mlops.db"
    # The store's own database refuses at the second of the two aliases, as a full disk would.
    for event in ("INSERT", "UPDATE"):
        with database(store) as connection:
            connection.execute(
                f"CREATE TRIGGER down_{event} BEFORE {event} ON registered_model_aliases WHEN "
                "NEW.alias = 'champion' AND NEW.version = 2 "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
    with pytest.raises(MlopsError, match="disk is full"):
        promote("cancer", project=registry.project)
    assert versions.aliases(registry.project, "cancer") == {"champion": 1, "challenger": 2}
    assert [entry.version for entry in history(registry.project, "cancer")] == [1]
    assert load_model("cancer").version.version == 1, "whoever scores goes on with the champion"

    for event in ("INSERT", "UPDATE"):
        with database(store) as connection:
            connection.execute(f"DROP TRIGGER down_{event}")
    assert promote("cancer", project=registry.project).previous == 1
    assert {r.status for r in verify(registry.project, "cancer")[:-1]} == {Status.PASSED}


class Bomb:
    """What a pickle can do to whoever loads it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("forged", [False, True], ids=["file", "file-and-digest"])
def test_a_model_file_replaced_by_a_malicious_pickle_never_runs(
    registry: Any, tmp_path: Path, forged: bool
) -> None:
    registry.register("tree", weak())
    promote("cancer", project=registry.project)
    version = resolve(registry.project, "cancer")
    mark = tmp_path / "ran"
    stored = model_path(models.download_model(registry.project, version.source))
    stored.write_bytes(pickle.dumps(Bomb(mark)))
    if forged:
        digest = hashlib.sha256(stored.read_bytes()).hexdigest()
        tags = {"mlops.sha256": json.dumps(digest)}
        versions.set_tags(registry.project, "cancer", 1, tags)
    words = "is a pickle" if forged else "was changed after its registration"
    for reference in ("cancer", "cancer/1"):
        with pytest.raises(MlopsError, match=words):
            load_model(reference)
    registry.register("line", strong())
    with pytest.raises(MlopsError, match=words):
        promote("cancer", project=registry.project)
    assert versions.aliases(registry.project, "cancer")["champion"] == 1
    assert not mark.exists()


def test_files_that_a_disk_has_spoilt_are_named(registry: Any) -> None:
    """A model or evidence that is cut short, or gone, is one clear message and no traceback."""
    registry.register("tree", weak())
    promote("cancer", project=registry.project)
    version = resolve(registry.project, "cancer")
    stored = model_path(models.download_model(registry.project, version.source))
    whole = stored.read_bytes()
    stored.write_bytes(whole[:300])
    with pytest.raises(MlopsError, match="the model file of cancer/1 was changed after"):
        load_model("cancer")
    stored.unlink()
    with pytest.raises(InputError, match=r"holds no model\.skops") as gone:
        load_model("cancer")
    assert "backup" in gone.value.hint
    stored.write_bytes(whole)
    for name, use in (
        ("holdout.parquet", explain),
        ("metrics.json", explain),
        ("card.json", evaluate),
    ):
        content = evidence.read(registry.project, version, name)
        evidence.write(registry.project, version, name, content[:100])
        with pytest.raises(MlopsError, match=rf"{name} of cancer/1 is damaged") as spoilt:
            use("cancer", project=registry.project)
        assert "backup" in spoilt.value.hint
        evidence.write(registry.project, version, name, content)
    explain("cancer", project=registry.project)


def test_nobody_scores_by_a_log_that_was_tampered_with(registry: Any) -> None:
    registry.register("tree", weak())
    promote("cancer", reason="honest", project=registry.project)
    with database(registry.project.home / "state.db") as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET details = replace(details, 'honest', 'forged')")
    with pytest.raises(MlopsError, match="the audit log was changed"):
        load_model("cancer")
    registry.register("line", strong())
    with pytest.raises(MlopsError, match="the audit log was changed"):
        promote("cancer", project=registry.project)
    assert versions.aliases(registry.project, "cancer") == {"champion": 1, "challenger": 2}
    chain = verify(registry.project, "cancer")[0]
    assert (chain.status, chain.message) == (
        Status.FAILED, "entry 1 was changed after it was written",
    )  # fmt: skip
    assert load_model("cancer/1").version.version == 1, "a number does not ask who is champion"


SCORE = """
from pathlib import Path
from time import sleep
import pandas as pd
import mlops_nb as mlops
from mlops_nb import monitoring
rows = pd.read_parquet("rows.parquet")
champion = mlops.load_model("cancer@champion")
parts = []
for number in range(4):
    parts.append(champion.score(rows.iloc[number * 10 : number * 10 + 10]))
    Path("loaded").touch()
    while not Path("go").exists():
        sleep(0.02)
scored = rows.join(pd.concat(parts))
scored["timestamp"] = pd.Timestamp("2026-03-01")
scored["prediction_id"] = [f"p{n}" for n in rows.index]
monitoring.predictions_log("cancer").append(scored, version=champion.version.version)
"""


def test_a_version_deleted_under_a_running_score_job_loses_no_prediction(registry: Any) -> None:
    root = registry.project.root
    registry.register("tree", weak())
    promote("cancer", project=registry.project)
    rows = registry.later[registry.features].head(40).reset_index(drop=True)
    rows.to_parquet(root / "rows.parquet")
    cells = [{"cell_type": "code", "id": "a", "metadata": {}, "outputs": [],
              "execution_count": None, "source": SCORE}]  # fmt: skip
    book = {"nbformat": 4, "nbformat_minor": 5, "cells": cells, "metadata": {
        "kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}}  # fmt: skip
    (root / "score.ipynb").write_text(json.dumps(book), encoding="utf-8")
    project = registry.reload('[jobs.score]\nnotebook = "score.ipynb"\n')
    expected = load_model("cancer/1").score(rows)

    ended: list[Any] = []
    job = threading.Thread(target=lambda: ended.append(run_job(project, "score", {})))
    job.start()
    deadline = time.monotonic() + 120
    while not (root / "loaded").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    versions.delete_version(project, "cancer", 1)
    (root / "go").touch()
    job.join(120)
    assert ended[0].status is AttemptStatus.SUCCEEDED, ended[0].message
    found = predictions_log("cancer", project).read("2026-03-01", "2026-03-01")
    assert len(found) == 40
    pd.testing.assert_series_equal(
        found.set_index("prediction_id")["score"].loc[[f"p{n}" for n in range(40)]],
        expected["score"], check_index=False, check_names=False,
    )  # fmt: skip

    # The next one finds no champion, says so, and logs nothing.
    again = run_job(project, "score", {})
    assert again.status is AttemptStatus.FAILED
    assert "cancer" in again.message
    files = list((project.home / "predictions").rglob("*.parquet"))
    assert len(files) == 1
    with pytest.raises(NotFoundError, match=r"no champion yet|no version 1"):
        load_model("cancer")
