"""``mlops model`` from registration to rollback, as a user types it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from mlops_nb import modelfile
from mlops_nb.cli.main import main
from mlops_nb.config import Project, load_project
from mlops_nb.store import models, runs, versions

DATA = load_breast_cancer(as_frame=True).frame
FEATURES = [name for name in DATA.columns if name != "target"]
Mlops = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mlops(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mlops:
    """Run a command line in this process; answers exit code, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["mlops", "model", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def log_run(project: Project, name: str, estimator: object) -> None:
    stored = modelfile.save(estimator, project.home / "staged" / name)
    run_id = runs.create(
        project, uid=name.encode().hex(), name=name, started_ms=int(time.time() * 1000), tags={}
    )
    models.log_model(project, run_id, stored.path, input_example=DATA[FEATURES])


@pytest.mark.slow
def test_the_way_of_a_model(project: Project, mlops: Mlops) -> None:
    assert mlops("list") == (0, "no model is registered yet: mlops model register RUN NAME\n", "")
    train, later = DATA.iloc[:300], DATA.iloc[300:]
    train.to_parquet("train.parquet")
    later.to_csv("later.csv", index=False)
    x, y = train[FEATURES], train["target"]
    log_run(project, "tree", DecisionTreeClassifier(max_depth=2, random_state=0).fit(x, y))
    line = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    log_run(project, "line", line.fit(x, y))
    tables = ("--reference", "train.parquet", "--holdout", "later.csv", "--label", "target")

    code, out, _ = mlops("register", "tree", "cancer", *tables, "--owner", "me")
    assert (code, "registered cancer/1 @challenger" in out) == (0, True)
    assert mlops("evaluate", "cancer@challenger")[0] == 0
    code, out, _ = mlops("promote", "cancer", "--reason", "first")
    assert (code, "cancer/1 is @champion; before it: none" in out) == (0, True)

    code, out, _ = mlops("register", "line", "cancer", *tables, "--format", "json")
    assert json.loads(out)["version"]["version"] == 2
    code, out, _ = mlops("promote", "cancer@challenger", "--format", "json")
    assert (code, json.loads(out)["previous"]) == (0, 1)
    mlops("register", "tree", "cancer", *tables)
    code, out, _ = mlops("evaluate", "cancer/3", "--format", "json")
    assert (code, json.loads(out)["status"]) == (1, "failed")
    code, out, err = mlops("promote", "cancer/3")
    assert (code, out) == (1, "")
    assert "gate.challenger" in err

    code, out, _ = mlops("list", "--format", "json")
    listed = json.loads(out)
    assert [v["aliases"] for v in listed["versions"]] == [
        ["challenger"],
        ["champion"],
        ["previous"],
    ]
    code, out, _ = mlops("show", "cancer")
    assert "cancer/2 @champion" in out
    assert "gap: the intended use was not stated" in out
    code, out, _ = mlops("show", "cancer/1", "--format", "json")
    assert json.loads(out)["card"]["owner"] == "me"
    code, out, _ = mlops("card", "cancer")
    assert out.startswith("# cancer\n")
    assert mlops("card", "cancer", "-o", "card.html")[0] == 0
    assert Path("card.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert mlops("card", "cancer", "-o", "card.pdf")[0] == 2

    assert mlops("rollback", "cancer", "--reason", "alerts")[:2] == (
        0,
        "cancer/1 is @champion again\n",
    )
    code, out, _ = mlops("audit", "cancer", "--format", "json")
    assert [e["action"] for e in json.loads(out)["entries"]] == ["promote", "promote", "rollback"]
    assert mlops("audit", "--verify")[0] == 0
    versions.set_alias(load_project(), "cancer", "champion", 3)
    code, out, _ = mlops("audit", "cancer", "--verify", "--format", "json")
    assert (code, json.loads(out)["verified"]) == (1, False)
    code, out, _ = mlops("audit", "cancer", "--restore", "--verify")
    assert (code, "cancer/1 is @champion, as the log says" in out) == (0, True)

    for arguments, message in (
        (("show", "cancr"), "did you mean 'cancer'?"),
        (("show", "cancer@champoin"), "did you mean 'champion'?"),
        (("evaluate", "cancer/9"), "has no version 9"),
        (("rollback", "cancer"), "no @previous"),
        (("audit", "cancr"), "did you mean 'cancer'?"),
        (("register", "tere", "cancer", *tables), "did you mean 'tree'?"),
        (("register", "tree", "cancer", *tables[:2], "--holdout", "no.csv", *tables[4:]), "no.csv"),
        (("audit", "--restore"), "needs the NAME"),
    ):
        code, _, err = mlops(*arguments)
        assert (arguments, code) == (arguments, 2)
        assert message in err

    assert mlops("promote", "cancer/3", "--override", "--reason", "now or never")[0] == 0
    last = mlops("audit", "cancer")[1].splitlines()[-1]
    assert "promote (override)  cancer/3  now or never" in last
    for arguments in (
        ("serve", "cancer", "--port", "0"),
        ("handover", "cancer", "-o", "ho", "--rows", "0"),
        ("explain", "cancer", "--top", "0"),
    ):
        code, _, err = mlops(*arguments)
        assert (code, "is not in the range" in err) == (2, True)


@pytest.mark.parametrize(
    "name", ["list", "show", "register", "evaluate", "promote", "rollback", "audit", "card"]
)
def test_every_help_ends_with_an_example(mlops: Mlops, name: str) -> None:
    code, out, _ = mlops(name, "--help")
    assert (code, f"Example: mlops model {name}" in " ".join(out.split())) == (0, True)
