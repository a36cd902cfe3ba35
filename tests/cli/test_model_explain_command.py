"""``mlops model explain`` and ``pack``, as a user types them."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

pytest.importorskip("mlflow")

from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlops_nb import modelfile
from mlops_nb.actions.register import register_model
from mlops_nb.cli.main import mlops
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, MlopsError
from mlops_nb.registry import evidence
from mlops_nb.store import models, runs

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(2)
ROWS = pd.DataFrame(
    {
        "age": RNG.integers(18, 70, 900),
        "months": RNG.integers(1, 60, 900),
        "region": RNG.choice(["north", "south"], 900),
    }
)
ROWS["left"] = (ROWS["months"] / 20 + (ROWS["region"] == "north") + RNG.normal(size=900) < 2) * 1


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a registered model; nobody is asked to move or to grow younger."""
    root = tmp_path_factory.mktemp("churn")
    (root / "mlops.toml").write_text("[explain]\nimmutable = ['age', 'region']\n", encoding="utf-8")
    project: Project = load_project(root)
    encode = make_column_transformer(
        (OneHotEncoder(), ["region"]), (StandardScaler(), ["age", "months"])
    )
    features = ["age", "months", "region"]
    fitted = make_pipeline(encode, LogisticRegression()).fit(ROWS[features], ROWS["left"])
    stored = modelfile.save(fitted, project.home / "staged" / "line")
    run_id = runs.create(
        project, uid="11", name="line", started_ms=int(time.time() * 1000), tags={}
    )
    models.log_model(project, run_id, stored.path, input_example=ROWS[features])
    register_model(
        run_id, "churn", reference=ROWS[:600], holdout=ROWS[600:], label="left", project=project
    )
    ROWS[:600].to_parquet(root / "train.parquet")
    ROWS[600:].to_parquet(root / "today.parquet")
    return root


@pytest.fixture(autouse=True)
def _there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


def said(*words: str) -> Result:
    return CliRunner().invoke(mlops, ["model", *words])


def answer(*words: str) -> Any:
    done = said(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_a_version_says_what_it_relies_on() -> None:
    done = said("explain", "churn/1")
    assert "churn/1: linear (exact), from" in done.output
    assert "months" in done.output
    found = answer("explain", "churn/1")
    assert (found["exact"], found["unit"]) == (True, "log-odds")
    assert found["importance"]["features"][0]["feature"] == "months"


def test_one_row_is_explained_with_a_hint_that_keeps_what_must_be_kept() -> None:
    scores = answer("explain", "churn/1", "--row", "0")["row"]
    assert {"row", "prediction", "score", "reasons", "hint"} == set(scores)
    told = said("explain", "churn/1", "--rows", "today.parquet", "--row", "3")
    assert told.exit_code == 0
    assert "row 3: prediction" in told.output
    for place in range(20):
        hint = answer("explain", "churn/1", "--row", str(place))["row"]["hint"]
        if hint is not None:
            assert [change["column"] for change in hint["changes"]] == ["months"]
    assert isinstance(scores["prediction"], int), "as the model says it, not as a table holds it"
    kept = answer("explain", "churn/1", "--row", "0", "--keep", "months")
    assert kept["row"]["hint"] is None


def test_reasons_of_a_whole_table_go_into_a_file(root: Path) -> None:
    done = said("explain", "churn/1", "--rows", "today.parquet", "-o", "why.parquet", "--top", "2")
    assert "wrote why.parquet" in done.output
    written = pd.read_parquet(root / "why.parquet")
    assert list(written.columns)[-4:] == ["prediction", "score", "reason_1", "reason_2"]
    assert len(written) == 300
    assert written["reason_1"].str.contains("the score by").all()
    assert said("explain", "churn/1", "-o", "why.csv").exit_code == 0
    # Once more on what was written: the reasons are those of the answers beside them.
    before = pd.read_parquet("why.parquet")
    before.assign(score=0.5, prediction=-1, reason_1="old").to_parquet("stale.parquet")
    assert said("explain", "churn/1", "--rows", "stale.parquet", "-o", "again.csv").exit_code == 0
    again = pd.read_csv("again.csv")
    assert again["score"].tolist() == pytest.approx(before["score"].tolist())
    assert again["reason_1"].tolist() == before["reason_1"].tolist()
    lost = said("explain", "churn/1", "-o", "nowhere/why.csv").exception
    assert isinstance(lost, InputError)
    assert "nowhere" in lost.message
    assert "None" not in lost.message


def test_a_curve_and_the_comparison_that_goes_into_the_card(root: Path) -> None:
    done = said("explain", "churn/1", "--column", "region", "--training", "train.parquet")
    assert done.exit_code == 0, done.output
    assert "north" in done.output
    assert "the additive baseline" in done.output
    project = load_project(root)
    from mlops_nb.registry.versions import resolve

    facts = evidence.read_json(project, resolve(project, "churn/1"), "card.json")
    assert [one["baseline"] for one in facts["simpler"]] == ["linear", "additive"]
    assert "What it gains over models that can be read" in said("card", "churn/1").output


def test_a_card_has_two_readers_and_says_what_odd_rows_do() -> None:
    science = said("card", "churn/1", "--for", "science").output
    assert "Decisions on the hold-out" in science
    assert "█" in science
    engineering = said("card", "churn/1", "--for", "engineering").output
    assert "refuses: " in engineering
    assert "categories never seen" in engineering
    assert "EU AI Act, Annex IV" in engineering
    found = json.loads(said("card", "churn/1", "--format", "json").output)
    assert len(found["crosswalk"]) == 41
    assert len(found["calibration"]) == 10
    assert sum(found["scores"]) == 300


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["explain", "churn/1", "--row", "300"], "there is no row 300: the table has 300"),
        (["explain", "churn/1", "--column", "month"], "no feature 'month'"),
        (["explain", "churn/1", "--row", "0", "--keep", "month"], "no feature 'month' to keep"),
        (["explain", "churn/1", "-o", "why.pdf"], "cannot write reasons to why.pdf"),
        (["explain", "churm/1"], "unknown model 'churm'"),
        (["audit", "--pack", "none.zip", "--allowed-signers", "none"], "there is no file none"),
    ],
)
def test_what_cannot_be_explained(words: list[str], message: str) -> None:
    error = said(*words).exception
    assert isinstance(error, MlopsError)
    assert message in str(error)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_pack_is_written_and_checked(root: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"], check=True)
    done = said("pack", "churn/1", "-o", "churn.zip", "--key", "key", "--as", "me@example.org")
    assert "wrote churn.zip: churn/1" in done.output
    assert "gap: nobody decided yet" in done.output
    checked = said("audit", "--pack", "churn.zip", "--allowed-signers", "key.pub")
    assert (checked.exit_code, "verified" in checked.output) == (0, True)
    zipped = (root / "churn.zip").read_bytes()
    (root / "churn.zip").write_bytes(zipped.replace(b"README.md", b"README.mx"))
    wrong = said("audit", "--pack", "churn.zip", "--allowed-signers", "key.pub", "--format", "json")
    assert wrong.exit_code == 1
    assert json.loads(wrong.output)["verified"] is False
    assert said("audit", "--pack", "churn.zip").exit_code == 2
    error = said("pack", "churn/1", "-o", "x.zip", "--key", "no-key", "--as", "me").exception
    assert isinstance(error, InputError)
