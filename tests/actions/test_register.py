"""Registering: a model that no run logged, what its evidence holds, and how a notebook asks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_nb import modelfile
from mlops_nb.actions.register import register_model
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, MlopsError
from mlops_nb.registry import evidence
from mlops_nb.registry.scoring import load_model
from mlops_nb.store import models, runs
from mlops_nb.tracking.sync import sync

pytestmark = pytest.mark.slow

DATA = load_breast_cancer(as_frame=True).frame
DATA["side"] = (DATA["mean area"] > 600).map({True: "big", False: "small"})
FEATURES = [name for name in DATA.columns if name not in ("target", "side")]
TRAIN, LATER = DATA.iloc[:300], DATA.iloc[300:]
LINE = make_pipeline(StandardScaler(), LogisticRegression()).fit(TRAIN[FEATURES], TRAIN["target"])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("registering")
    (root / "mlops.toml").write_text('experiment = "registering"\n', encoding="utf-8")
    return load_project(root)


def register(project: Project, source: Any, name: str, **options: Any) -> Any:
    options = {"reference": TRAIN, "holdout": LATER, "label": "target", **options}
    return register_model(source, name, project=project, **options)


def test_a_fitted_model_gets_a_run_of_its_own(project: Project) -> None:
    version = register(project, LINE, "line", groups=["side"])
    sync(project)
    run = runs.get_run(project, version.run_id)
    assert (run.name, run.status) == ("register line", "FINISHED")
    scores = load_model("line/1", project).score(LATER)["score"]
    assert scores.tolist() == pytest.approx(LINE.predict_proba(LATER[FEATURES])[:, 1].tolist())
    facts = evidence.read_json(project, version, "card.json")
    assert [item["name"] for item in facts["data"]["inputs"]] == ["reference"]
    assert facts["data"]["inputs"][0]["hash"].startswith("sha256:")
    assert "the logged model has no signature" not in facts["gaps"]
    assert [one["column"] for one in facts["fairness"]] == ["side"]
    measured = evidence.read_json(project, version, "metrics.json")
    assert measured["fairness"] == facts["fairness"]
    assert "demographic parity" in evidence.read(project, version, "card.md").decode()


def test_what_is_no_model_leaves_no_run(project: Project) -> None:
    before = len(runs.list_runs(project))
    with pytest.raises(InputError, match="the reference lacks columns of the model"):
        register(project, LINE, "narrow", reference=TRAIN.drop(columns="mean radius"))

    class Mine(LogisticRegression):
        """A type that nobody reviewed."""

    mine = Mine(max_iter=5000).fit(TRAIN[FEATURES], TRAIN["target"])
    assert len(runs.list_runs(project)) == before
    with pytest.raises(MlopsError, match=r"cannot be stored by skops|nobody reviewed"):
        register(project, mine, "mine")


def with_nothing_but_its_model(project: Project, name: str) -> str:
    stored = modelfile.save(LINE, project.home / "staged" / name)
    now = int(time.time() * 1000)
    run_id = runs.create(project, uid=f"uid-{name}", name=name, started_ms=now, tags={})
    models.log_model(project, run_id, stored.path)
    return run_id


def test_what_was_not_captured_is_said(project: Project) -> None:
    run_id = with_nothing_but_its_model(project, "bare")
    version = register(project, run_id, "bare")
    gaps = evidence.read_json(project, version, "card.json")["gaps"]
    for gap in (
        "the logged model has no signature",
        "the logged model has no input example",
        "no column of groups was named: slices and fairness were not measured",
    ):
        assert gap in gaps
    one_side = LATER[LATER["side"] == "big"]
    version = register(project, run_id, "bare", holdout=one_side, groups=["side"])
    gaps = evidence.read_json(project, version, "card.json")["gaps"]
    assert "fairness by 'side': fewer than two groups have 30 rows" in gaps


@pytest.fixture
def shell(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.chdir(project.root)
    made = InteractiveShell.instance()
    made.run_line_magic("load_ext", "mlops_nb")
    yield made
    made.run_line_magic("unload_ext", "mlops_nb")
    InteractiveShell.clear_instance()


def test_in_a_notebook_variables_are_named(shell: InteractiveShell, project: Project) -> None:
    with_nothing_but_its_model(project, "twice")
    shell.user_ns |= {"clf": LINE, "twice": TRAIN, "train": TRAIN, "later": LATER}
    told = "--reference train --holdout later --label target --owner me"
    version = shell.run_line_magic("mlops", f"model register clf named {told} --group side")
    assert version.label == "named/1"
    # A run may be called what a table is called.
    assert shell.run_line_magic("mlops", f"model register twice named {told}").version == 2
    answer = shell.run_line_magic("mlops", "model show named/1 --format json")
    assert answer["card"]["owner"] == "me"
    with pytest.raises(InputError, match="Missing option '--label'"):
        shell.run_line_magic("mlops", "model register clf named --reference a --holdout b")
    with pytest.raises(InputError, match="there is no file trian"):
        shell.run_line_magic("mlops", f"model register clf named {told} --reference trian")
