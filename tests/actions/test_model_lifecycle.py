"""Two runs, two versions, gates, promotion, rollback, audit: the whole way in a real store."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from mlops_nb import modelfile
from mlops_nb.actions.evaluate import evaluate
from mlops_nb.actions.promote import promote
from mlops_nb.actions.reference import load_baseline, load_holdout, load_reference
from mlops_nb.actions.register import register_model
from mlops_nb.actions.rollback import restore, rollback
from mlops_nb.config import Fairness, Gates, Project, load_project
from mlops_nb.errors import GateError, InputError, MlopsError, NotFoundError
from mlops_nb.registry import evidence, gates
from mlops_nb.registry.ledger import history, verify
from mlops_nb.registry.scoring import load_model
from mlops_nb.registry.versions import list_versions, resolve
from mlops_nb.result import Result, Status
from mlops_nb.store import models, runs, versions

DATA = load_breast_cancer(as_frame=True).frame
DATA["side"] = (DATA["mean area"] > 600).map({True: "big", False: "small"})
FEATURES = [name for name in DATA.columns if name not in ("target", "side")]
TRAIN, LATER = DATA.iloc[:300], DATA.iloc[300:]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("registry")
    (root / "mlops.toml").write_text(
        f'experiment = "registry"\nowner = "night shift"\n'
        f'tracking-uri = "sqlite:///{root}/.mlops/mlops.db"\n'
        "[gates]\nminimum = { roc_auc = 0.9 }\nmaximum = { brier = 0.2 }\n",
        encoding="utf-8",
    )
    return load_project(root)


def run_with(project: Project, name: str, estimator: Any, *, pickled: bool = False) -> str:
    stored = modelfile.save(estimator, project.home / "staged" / name, allow_pickle=pickled)
    run_id = runs.create(
        project, uid=name.encode().hex(), name=name, started_ms=int(time.time() * 1000), tags={}
    )
    models.log_model(project, run_id, stored.path, input_example=TRAIN[FEATURES])
    return run_id


def fitted(estimator: Any) -> Any:
    return estimator.fit(TRAIN[FEATURES], TRAIN["target"])


def weak() -> Any:
    return fitted(DecisionTreeClassifier(max_depth=2, random_state=0))


def strong() -> Any:
    return fitted(make_pipeline(StandardScaler(), LogisticRegression(C=0.1)))


def register(project: Project, source: str, name: str, **options: Any) -> Any:
    options = {"reference": TRAIN, "holdout": LATER, "label": "target", **options}
    return register_model(source, name, project=project, **options)


def test_the_whole_way(project: Project) -> None:
    first = register(
        project,
        run_with(project, "tree", weak()),
        "cancer",
        groups=["side"],
        card={"intended_use": "a second look", "limits": "<script>alert(1)</script> | women only"},
    )
    assert (first.label, first.aliases, first.status) == ("cancer/1", ("challenger",), "registered")
    assert first.metrics["roc_auc"] > 0.9
    assert load_baseline("cancer/1", project) == {**first.metrics, "rows": len(LATER)}

    reference = load_reference("cancer@challenger", project)
    assert {"prediction", "score", "target", "mean radius", "side"} <= set(reference.columns)
    assert reference.rows == len(TRAIN)
    holdout = load_holdout("cancer/1", project)
    assert len(holdout) == len(LATER)
    assert {"prediction", "score", "target", "mean radius"} <= set(holdout.columns)

    by_name = {result.name: result for result in evaluate("cancer@challenger", project=project)}
    assert by_name["gate.challenger"].status is Status.NOT_APPLICABLE
    assert by_name["gate.card"].status is Status.PASSED
    assert promote("cancer", project=project).previous is None

    second = register(project, run_with(project, "line", strong()), "cancer")
    promotion = promote("cancer@challenger", reason="better", project=project)
    assert (promotion.previous, promotion.version.aliases) == (1, ("champion",))
    assert resolve(project, "cancer@previous").version == 1
    gain = next(r for r in promotion.results if r.name == "gate.challenger")
    assert gain.status is Status.PASSED
    assert gain.evidence["champion_version"] == 1
    assert 0 < gain.evidence["low"] < gain.value < gain.evidence["high"]

    register(project, "tree", "cancer")
    with pytest.raises(GateError, match=r"cancer/3 was not promoted: gate.challenger") as caught:
        promote("cancer@challenger", project=project)
    assert caught.value.exit_code == 1
    assert resolve(project, "cancer").version == 2
    assert resolve(project, "cancer/3").status == "failed"
    with pytest.raises(InputError, match="champion already"):
        promote("cancer/2", project=project)

    assert rollback("cancer", reason="alerts", project=project).version == 1
    with pytest.raises(NotFoundError, match="no @previous"):
        rollback("cancer", project=project)
    assert promote("cancer/2", project=project).previous == 1
    story = [(entry.action, entry.version) for entry in history(project, "cancer")]
    assert story == [("promote", 1), ("promote", 2), ("rollback", 1), ("promote", 2)]
    assert {result.status for result in verify(project, "cancer")[:-1]} == {Status.PASSED}

    scores = load_model("cancer", project).score(LATER.sample(frac=1, random_state=1))
    assert scores.index.equals(LATER.sample(frac=1, random_state=1).index)
    assert list(scores.columns) == ["prediction", "score"]
    assert ((scores["score"] >= 0.5) == scores["prediction"]).all()
    assert second.run_id == promotion.version.run_id


def test_the_card_says_what_is_known_and_what_is_not(project: Project) -> None:
    version = register(
        project,
        run_with(project, "carded", weak()),
        "carded",
        groups=["side"],
        card={"title": "Cancer <b>", "limits": "<script>alert(1)</script> | women only"},
    )
    evaluate("carded@challenger", project=project)
    facts = evidence.read_json(project, version, "card.json")
    assert facts["owner"] == "night shift"
    assert {group["level"] for group in facts["groups"]} == {"big", "small"}
    assert facts["model"]["types"] == ["sklearn.tree._tree.Tree"]
    assert facts["importance"]["features"][0]["drop"] > 0
    assert {r["name"] for r in facts["gates"]} >= {"gate.minimum", "gate.maximum", "gate.card"}
    gaps = " ".join(facts["gaps"])
    for missing in ("intended use", "commit", "notebook slice", "content hash", "period"):
        assert missing in gaps
    for metric in facts["metrics"].values():
        assert metric["low"] <= metric["value"] <= metric["high"]
    page = evidence.read(project, version, "card.html").decode()
    assert "<script>" not in page
    assert "Cancer &lt;b&gt;" in page
    assert "http" not in page
    assert "prefers-color-scheme: dark" in page
    text = evidence.read(project, version, "card.md").decode()
    assert "For the engineer on call" in text
    assert "\\<script\\>" in text


def test_a_metric_below_its_floor_refuses(project: Project) -> None:
    register(project, run_with(project, "guess", fitted(DummyClassifier())), "guess")
    with pytest.raises(GateError, match=r"roc_auc is 0\.5"):
        promote("guess", project=project)
    with pytest.raises(NotFoundError, match="no champion yet"):
        load_model("guess", project)
    assert verify(project, "guess")[1].status is Status.NOT_APPLICABLE


def test_a_gate_of_ones_own(project: Project) -> None:
    register(project, run_with(project, "own", weak()), "own")

    @gates.gate
    def small_enough(case: gates.Case) -> Result:
        size = case.card["model"]["bytes"]
        status = Status.FAILED if size > 10 else Status.PASSED
        return Result(name="gate.size", subject=case.version.label, status=status, message="big")

    @gates.gate
    def broken(case: gates.Case) -> Result:
        raise ZeroDivisionError

    try:
        with pytest.raises(GateError, match=r"gate.size: big; gate.broken: the gate could not"):
            promote("own", project=project)
    finally:
        gates.remove("small_enough")
        gates.remove("broken")
    promote("own", project=project)


def test_groups_fairness_calibration_speed_and_lint_are_gates(project: Project) -> None:
    rules = Gates(
        group_minimum={"roc_auc": 0.5},
        fairness=Fairness(selection_ratio=0.8),
        calibration_error=0.5,
        milliseconds_per_1000_rows=10_000,
        megabytes=10,
        lint=True,
    )
    strict = replace(project, config=msgspec.structs.replace(project.config, gates=rules))
    run_id = run_with(project, "judged", strong())
    book = {
        "nbformat": 4, "nbformat_minor": 5, "metadata": {"language_info": {"name": "python"}},
        "cells": [{"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None,
                   "outputs": [], "source": "print(never_bound)"}],
    }  # fmt: skip
    notebook = project.home / "slice.ipynb"
    notebook.write_text(json.dumps(book), encoding="utf-8")
    runs.upload(project, run_id, notebook, "mlops/slice.ipynb")
    register(project, run_id, "judged", groups=["side"])
    by_name = {r.name: r for r in evaluate("judged@challenger", project=strict)}
    assert by_name["gate.group_minimum"].status is Status.PASSED
    assert by_name["gate.calibration"].status is Status.PASSED
    assert by_name["gate.latency"].status is by_name["gate.size"].status is Status.PASSED
    # Big tumours are called benign far less often than small ones.
    assert by_name["gate.fairness.selection_ratio"].status is Status.FAILED
    assert by_name["gate.lint"].status is Status.FAILED
    assert "'never_bound'" in by_name["gate.lint"].message


def test_aliases_moved_behind_the_logs_back(project: Project) -> None:
    run_id = run_with(project, "moved", weak())
    register(project, run_id, "moved")
    promote("moved", project=project)
    register(project, run_id, "moved")
    versions.set_alias(project, "moved", "champion", 2)
    chain, aliases, anchor, anchored = verify(project, "moved")
    assert anchored.status is Status.NOT_APPLICABLE, "the project is in no repository"
    assert (chain.status, anchor.status) == (Status.PASSED, Status.PASSED)
    assert aliases.status is Status.FAILED
    with pytest.raises(MlopsError, match="not where the audit log says"):
        rollback("moved", project=project)
    with pytest.raises(MlopsError, match="the audit log knows version 1"):
        load_model("moved", project)
    assert load_model("moved/2", project).version.version == 2
    assert restore("moved", project=project).version == 1
    assert verify(project, "moved")[1].status is Status.PASSED
    with pytest.raises(InputError, match="nothing to restore"):
        restore("moved", project=project)


def test_a_champion_made_by_hand_can_be_put_on_record(project: Project) -> None:
    register(project, run_with(project, "byhand", weak()), "byhand")
    versions.set_alias(project, "byhand", "champion", 1)
    found = verify(project, "byhand")[1]
    assert (found.status, found.advice) == (Status.FAILED, "mlops model promote byhand/1")
    assert promote("byhand/1", project=project).version.aliases == ("champion",)
    assert verify(project, "byhand")[1].status is Status.PASSED
    with pytest.raises(InputError, match="champion already"):
        promote("byhand/1", project=project)


def test_a_store_that_fails_between_two_aliases_promotes_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(project, run_with(project, "torn-a", weak()), "torn")
    promote("torn", project=project)
    register(project, run_with(project, "torn-b", strong()), "torn")
    real, calls = versions.set_alias, []

    def failing(project: Project, name: str, alias: str, version: int) -> None:
        calls.append(alias)
        if calls == ["previous", "champion"]:
            raise MlopsError("the store went away")
        real(project, name, alias, version)

    monkeypatch.setattr(versions, "set_alias", failing)
    with pytest.raises(MlopsError, match="went away"):
        promote("torn", project=project)
    monkeypatch.undo()
    assert versions.aliases(project, "torn") == {"champion": 1, "challenger": 2}
    assert [entry.version for entry in history(project, "torn")] == [1]
    assert promote("torn", project=project).version.version == 2


def _die_after(alias_moved: str, model: str, root: Path) -> None:
    project = load_project(root)
    real = versions.set_alias

    def dying(project: Project, name: str, alias: str, version: int) -> None:
        real(project, name, alias, version)
        if alias == alias_moved:
            os.kill(os.getpid(), signal.SIGKILL)

    versions.set_alias = dying
    promote(f"{model}/2", project=project)


# Between the two aliases, and after both but before the log.
@pytest.mark.parametrize(("moved", "champion"), [("previous", 1), ("champion", 2)])
def test_a_process_killed_before_the_log_was_written_is_found_and_undone(
    project: Project, moved: str, champion: int
) -> None:
    model = f"killed-{moved}"
    register(project, run_with(project, f"{model}-a", weak()), model)
    promote(model, project=project)
    register(project, run_with(project, f"{model}-b", strong()), model)
    worker = multiprocessing.get_context("spawn").Process(
        target=_die_after, args=(moved, model, project.root)
    )
    worker.start()
    worker.join(180)
    assert worker.exitcode == -signal.SIGKILL
    assert versions.aliases(project, model)["champion"] == champion
    assert verify(project, model)[1].status is Status.FAILED
    with pytest.raises(MlopsError, match="not where the audit log says"):
        promote(f"{model}/1", project=project)
    assert restore(model, project=project).version == 1
    assert "previous" not in versions.aliases(project, model)
    assert promote(f"{model}/2", project=project).previous == 1


def test_a_log_cut_short_shows(project: Project) -> None:
    register(project, run_with(project, "cut", weak()), "cut")
    promote("cut", project=project)
    state = project.home / "state.db"
    with sqlite3.connect(state) as connection:
        connection.execute("DROP TRIGGER audit_no_delete")
        last = connection.execute("SELECT * FROM audit ORDER BY position DESC LIMIT 1").fetchone()
        connection.execute("DELETE FROM audit WHERE position = ?", (last[0],))
    connection.close()
    anchor = verify(project, "cut")[2]
    assert anchor.status is Status.FAILED
    assert "cut/1" in anchor.message
    with sqlite3.connect(state) as connection:
        connection.execute(f"INSERT INTO audit VALUES ({','.join('?' * len(last))})", last)
    connection.close()
    assert verify(project, "cut")[2].status is Status.PASSED


def _promote(root: Path, version: int, gate: Any, answers: Any) -> None:
    project = load_project(root)
    resolve(project, "raced")  # imports and connections are paid for before the start
    gate.wait(120)
    try:
        promote(f"raced/{version}", project=project)
        answers.put("won")
    except GateError as error:
        answers.put(error.message)


def test_two_processes_cannot_both_promote(project: Project) -> None:
    register(project, run_with(project, "raced-a", weak()), "raced")
    promote("raced", project=project)
    run_id = run_with(project, "raced-b", strong())
    register(project, run_id, "raced")
    register(project, run_id, "raced")
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(2), context.Queue()
    workers = [
        context.Process(target=_promote, args=(project.root, version, start, answers))
        for version in (2, 3)
    ]
    for worker in workers:
        worker.start()
    said = sorted(answers.get(timeout=180) for _ in workers)
    for worker in workers:
        worker.join(60)
    assert said.count("won") == 1
    lost = next(text for text in said if text != "won")
    assert "became champion while" in lost or "was not promoted: gate.challenger" in lost
    assert len(history(project, "raced")) == 2
    assert {result.status for result in verify(project, "raced")[:-1]} == {Status.PASSED}


def test_a_model_file_changed_after_registration_is_not_loaded(project: Project) -> None:
    version = register(project, run_with(project, "swapped", weak()), "swapped")
    folder = models.download_model(project, version.source)
    modelfile.save(strong(), folder / "model")
    with pytest.raises(MlopsError, match="changed after its registration"):
        load_model("swapped@challenger", project)


def test_a_pickle_is_marked_and_needs_permission(project: Project) -> None:
    model = fitted(
        make_pipeline(
            FunctionTransformer(pd.DataFrame.abs), StandardScaler(), LogisticRegression(C=0.1)
        )
    )
    run_id = run_with(project, "pickled", model, pickled=True)
    with pytest.raises(InputError, match="is a pickle"):
        register(project, run_id, "pickled")
    version = register(project, run_id, "pickled", allow_pickle=True)
    gaps = evidence.read_json(project, version, "card.json")["gaps"]
    assert any("pickle" in gap for gap in gaps)
    with pytest.raises(InputError, match="is a pickle"):
        load_model("pickled@challenger", project)
    load_model("pickled@challenger", project, allow_pickle=True).score(LATER)


def test_other_tasks(project: Project) -> None:
    line = LinearRegression().fit(TRAIN[FEATURES[1:]], TRAIN["mean radius"])
    version = register(project, run_with(project, "radius", line), "radius", label="mean radius")
    assert set(version.metrics) == {"mae", "rmse", "r2"}
    assert list(load_model("radius/1", project).score(LATER).columns) == ["prediction"]

    iris = load_iris(as_frame=True)
    rows = iris.data.assign(kind=iris.target.map({0: "a", 1: "b", 2: "c"}))
    tree = DecisionTreeClassifier(max_depth=3).fit(iris.data, rows["kind"])
    version = register(
        project, run_with(project, "iris", tree), "iris", reference=rows, holdout=rows, label="kind"
    )
    assert set(version.metrics) == {"accuracy", "macro_f1", "log_loss"}

    flat = fitted(LinearSVC())
    version = register(project, run_with(project, "flat", flat), "flat", threshold=0.3)
    assert "roc_auc" not in version.metrics
    gaps = evidence.read_json(project, version, "card.json")["gaps"]
    assert any("no probabilities" in gap for gap in gaps)


def test_what_does_not_fit_is_refused_before_anything_is_registered(project: Project) -> None:
    run_id = run_with(project, "fine", weak())
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"holdout": LATER.drop(columns="mean radius")}, "lacks: 'mean radius'"),
        ({"label": "targett"}, "lacks: 'targett'"),
        ({"groups": ["sid"]}, "lacks: 'sid'"),
        ({"holdout": LATER.assign(target=None)}, "no row of the hold-out has a label"),
        ({"holdout": LATER.assign(target=7)}, "holds 7, which the model does not know"),
        ({"alias": "champion"}, "given by promotion"),
        ({"card": {"limit": "x"}}, "no field 'limit'"),
        ({"threshold": 2.0}, "between 0 and 1"),
    ]
    for options, message in wrong:
        with pytest.raises(InputError, match=message):
            register(project, run_id, "unborn", **options)
    with pytest.raises(InputError, match="cannot be a model's name"):
        register(project, run_id, "a/b")
    with pytest.raises(NotFoundError, match="no run"):
        register(project, "nosuchrun", "unborn")
    empty = runs.create(project, uid="e" * 8, name="empty", started_ms=1, tags={})
    with pytest.raises(NotFoundError, match="logged no model"):
        register(project, empty, "unborn")
    with pytest.raises(NotFoundError, match="unknown model 'unborn'"):
        list_versions(project, "unborn")


def test_a_registration_that_fails_half_way_leaves_no_version(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = run_with(project, "half", weak())

    def full(*_: object) -> None:
        raise MlopsError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(evidence, "write_json", full)
        with pytest.raises(MlopsError, match="disk is full"):
            register(project, run_id, "half")
    with pytest.raises(NotFoundError, match="unknown model 'half'"):
        list_versions(project, "half")
    whole = register(project, run_id, "half")
    with monkeypatch.context() as patched:
        patched.setattr(evidence, "write_json", full)
        with pytest.raises(MlopsError, match="disk is full"):
            register(project, run_id, "half")
    assert [version.label for version in list_versions(project, "half")] == [whole.label]


def test_evidence_is_json_that_anybody_can_read(project: Project) -> None:
    version = register(project, run_with(project, "plain", weak()), "plain")
    for name in ("metrics.json", "card.json", "reference_profile.json"):
        values = json.loads(evidence.read(project, version, name))
        assert values["schema"] == 1
    assert len(evidence.read_table(project, version, "holdout.parquet")) == len(LATER)
    with pytest.raises(NotFoundError, match=r"has no gates\.json"):
        evidence.read(project, version, "gates.json")


def test_a_reference_in_order_of_time_knows_its_own_variation(project: Project) -> None:
    # Twelve rows a day are enough for a day's mean, and too few for the histogram of one.
    dated = TRAIN.assign(day=pd.date_range("2026-01-01", periods=len(TRAIN), freq="2h"))
    version = register(
        project, run_with(project, "dated", strong()), "dated", reference=dated, time="day"
    )
    reference = load_reference(version.label, project)
    assert "day" not in reference.columns
    assert reference.periods is not None
    undated = register(project, run_with(project, "undated", weak()), "undated")
    assert load_reference(undated.label, project).periods is None
    assert set(load_model(version.label, project).score(LATER)) == {"prediction", "score"}
