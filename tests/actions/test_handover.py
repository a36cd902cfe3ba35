"""A folder that an engineer runs with nothing else: written, verified, run in an environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from lightgbm import LGBMClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mlops_nb.actions.handover import hand_over
from mlops_nb.actions.promote import promote
from mlops_nb.actions.smoke import smoke
from mlops_nb.cli import model
from mlops_nb.config import load_project
from mlops_nb.errors import InputError, MlopsError, NotFoundError
from mlops_nb.lint.run import lint_paths
from mlops_nb.monitoring import predictions_log
from mlops_nb.registry import slo
from mlops_nb.registry.scoring import load_model
from mlops_nb.result import Status
from mlops_nb.store import runs
from mlops_nb.uv import find_uv

pytestmark = pytest.mark.slow

CARD = {"title": "Cancer", "limits": "women only", "intended_use": "a second look"}


def line() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1))


@pytest.fixture
def quick_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the index alone where a test is not about the lock."""
    monkeypatch.setattr(
        "mlops_nb.actions.handover.hashed_lock", lambda *_: "pandas==3.0.0 --hash=sha256:0\n"
    )


def test_make_smoke_passes_in_a_fresh_environment(registry: Any, tmp_path: Path) -> None:
    registry.register("trees", LGBMClassifier(n_estimators=5, verbose=-1), card=CARD)
    promote("cancer", project=registry.project)
    written = tmp_path / "out" / "cancer.zip"
    asked = CliRunner().invoke(model.command, ["handover", "cancer@champion", "-o", str(written)])
    assert (asked.exit_code, "in it: make smoke" in asked.output) == (0, True), asked.output
    away = tmp_path / "elsewhere"
    with zipfile.ZipFile(written) as archive:
        archive.extractall(away)
    shutil.rmtree(registry.project.home)  # nothing else is needed
    folder = away / "cancer"

    lock = (folder / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert lock.count("==") <= lock.count("--hash=sha256:")
    assert "lightgbm==" in lock
    assert "mlflow" not in lock

    uv = Path(find_uv()).parent
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    environment = {**clean, "PATH": f"{uv}:{os.environ['PATH']}"}

    def make(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *words], cwd=folder, env=environment, capture_output=True, text=True,
            check=False, timeout=600,
        )  # fmt: skip

    done = make("smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "50 rows are answered as expected" in done.stdout
    assert "it says what it said when it was handed over" in done.stdout

    scored = make("score", "BATCH=smoke/input.parquet")
    assert scored.returncode == 0, scored.stdout + scored.stderr
    log = predictions_log("cancer", load_project(folder))
    rows = log.read(log.days()[0], log.days()[-1])
    assert len(rows) == 50
    assert rows["model_version"].unique().tolist() == ["1"]

    expected = pd.read_parquet(folder / "smoke/expected.parquet")
    expected.assign(score=0.5).to_parquet(folder / "smoke/expected.parquet")
    refused = make("smoke")
    assert refused.returncode != 0
    assert "smoke/expected.parquet: FAILED" in refused.stdout + refused.stderr


@pytest.mark.usefixtures("quick_lock")
def test_what_is_in_it(registry: Any, tmp_path: Path) -> None:
    registry.project.root.joinpath("watch.md").write_text("# Call Ada\n", encoding="utf-8")
    project = registry.reload(
        "[gates]\nmilliseconds-per-1000-rows = 500\n"
        '[jobs.score]\nnotebook = "score.ipynb"\nschedule = "0 6 * * *"\nplaybook = "watch.md"\n'
    )
    registry.register("line", line(), card=CARD)
    folder = hand_over("cancer@challenger", tmp_path / "box", rows=7, project=project)
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {
        "Makefile", "PLAYBOOK.md", "README.md", "SHA256SUMS", "card.html", "card.json", "card.md",
        "contract.toml", "handover.json", "mlops.toml", "model/model.skops",
        "reference_profile.json", "requirements.lock", "score.ipynb", "slo.toml", "smoke.py",
        "smoke/expected.parquet", "smoke/input.parquet",
        *(name for name in names if name.startswith("wheels/mlops_nb-")),
    }  # fmt: skip
    assert (folder / "PLAYBOOK.md").read_text(encoding="utf-8") == "# Call Ada\n"
    levels = tomllib.loads((folder / "slo.toml").read_text(encoding="utf-8"))
    assert levels["latency"] == {"milliseconds-per-1000-rows": 500.0}
    assert levels["freshness"] == {"hours": 25.0}
    assert "min-rows and max-rows" in (folder / "slo.toml").read_text(encoding="utf-8")
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "@" not in readme.replace("@champion", "")
    assert "the run knows no commit" in readme
    given = pd.read_parquet(folder / "smoke/input.parquet")
    assert (len(given), list(given)) == (7, registry.features)
    assert [r.status for r in smoke(folder)][:2] == [Status.PASSED, Status.PASSED]

    # What asks a registry stays behind, and nothing that spoke of it.
    book = folder / "score.ipynb"
    said = book.read_text(encoding="utf-8")
    assert not [word for word in ("explain", "reasons", "shadow", "MlopsError") if word in said]
    assert not lint_paths(load_project(folder), [book]).diagnostics

    # The folder is a project of its own: the name alone means the version in it.
    own = load_project(folder)
    assert load_model("cancer@champion", own).version.version == 1
    with pytest.raises(NotFoundError, match="was handed over with cancer/1"):
        load_model("cancer/2", own)
    with pytest.raises(NotFoundError, match="not with other"):
        load_model("other", own)
    with pytest.raises(InputError, match="is there already"):
        hand_over("cancer@challenger", folder, project=project)


@pytest.mark.usefixtures("quick_lock")
def test_another_model_in_the_folder_is_refused(registry: Any, tmp_path: Path) -> None:
    registry.register("line", line())
    folder = hand_over("cancer@challenger", tmp_path / "box")
    other = registry.run("other", line().set_params(logisticregression__C=9.0))
    assert other
    stored = registry.project.home / "staged" / "other.skops"
    shutil.copyfile(stored, folder / "model/model.skops")
    with pytest.raises(MlopsError, match="not the one that was handed over"):
        smoke(folder)
    done = subprocess.run(
        [sys.executable, "smoke.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "do not use it" in done.stdout


@pytest.mark.usefixtures("quick_lock")
def test_answers_that_changed_are_told(registry: Any, tmp_path: Path) -> None:
    registry.register("line", line())
    folder = hand_over("cancer@challenger", tmp_path / "box")
    expected = pd.read_parquet(folder / "smoke/expected.parquet")
    expected.assign(score=expected["score"] + 1e-3).to_parquet(folder / "smoke/expected.parquet")
    given = pd.read_parquet(folder / "smoke/input.parquet")
    given.assign(mean_area=-9e9).to_parquet(folder / "smoke/input.parquet")
    contract, answers, _ = smoke(folder)
    assert (contract.status, answers.status) == (Status.FAILED, Status.FAILED)
    assert "mean_area" in contract.message
    with pytest.raises(InputError, match="was not handed over"):
        smoke(tmp_path)


def test_nothing_is_left_of_one_that_fails(registry: Any, tmp_path: Path) -> None:
    version = registry.register("line", line())
    gone = registry.project.home / "environment.txt"
    gone.write_text("# python 3.11.7 on Linux x86_64\npandas==0.0.1\n", encoding="utf-8")
    runs.upload(registry.project, version.run_id, gone, "mlops/environment.txt")
    with pytest.raises(InputError, match="uv could not make the lock"):
        hand_over("cancer@challenger", tmp_path / "box")
    assert not [path for path in tmp_path.iterdir() if "box" in path.name]


def test_a_promise_that_nobody_made_is_a_gap() -> None:
    made = slo.latency(None, 4.2)
    assert (made.value, made.source) == (13, "3 times the 4.2 ms measured at registration")
    unsaid = slo.Objective(part="freshness", key="hours", value=None, source="say it")
    text = slo.to_toml([made, unsaid])
    assert tomllib.loads(text) == {"latency": {"milliseconds-per-1000-rows": 13}, "freshness": {}}
    assert "# hours is not stated: say it" in text


@pytest.mark.usefixtures("quick_lock")
def test_a_pickle_is_handed_over_by_choice_and_said_to_be_one(
    registry: Any, tmp_path: Path
) -> None:
    odd = make_pipeline(FunctionTransformer(pd.DataFrame.abs), *line())
    registry.register("odd", odd, allow_pickle=True)
    with pytest.raises(InputError, match="is a pickle"):
        hand_over("cancer@challenger", tmp_path / "box")
    folder = hand_over("cancer@challenger", tmp_path / "box", allow_pickle=True)
    assert "a pickle: loading it runs the code inside" in (folder / "README.md").read_text()
    assert "allow_pickle=True" in (folder / "score.ipynb").read_text(encoding="utf-8")
    assert (folder / "smoke.py").read_text(encoding="utf-8").count("allow_pickle=True") == 1
    with pytest.raises(InputError, match="is a pickle"):
        smoke(folder)
    assert smoke(folder, allow_pickle=True)[1].status is Status.PASSED
