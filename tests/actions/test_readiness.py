"""Gates that ask other capabilities: the run made again, the contract, the business, the watch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from mlops_nb.actions.evaluate import evaluate
from mlops_nb.actions.promote import promote
from mlops_nb.actions.reference import load_contract
from mlops_nb.cli import alert
from mlops_nb.errors import ConfigError, GateError, InputError
from mlops_nb.result import Status
from mlops_nb.store import runs

pytestmark = pytest.mark.slow


def weak() -> Any:
    return DecisionTreeClassifier(max_depth=1, random_state=0)


def strong() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1))


def test_reproduction_contract_and_business(registry: Any) -> None:
    project = registry.reload(
        "[gates]\nreproduced = true\ncontract = true\nbusiness = { misses = 0 }\n"
        "[business.misses]\ngoal = 1\ndirection = 'down'\n"
        "sql = '100 * avg(CAST(prediction <> target AS INT))'\n"
    )
    contract = project.root / "contract.toml"
    contract.write_text(
        "schema = 1\nmin-rows = 100000\n[columns.mean_area]\ntype = 'number'\nminimum = 100\n"
        "[columns.later_known]\ntype = 'text'\n",
        encoding="utf-8",
    )
    first = registry.register("tree", weak(), contract=contract)
    by_name = {r.name: r for r in evaluate("cancer@challenger", project=project)}
    assert by_name["gate.reproduced"].status is Status.FAILED
    # Only what it says of features counts: rows and other columns are a batch's.
    assert by_name["gate.contract"].status is Status.PASSED, by_name["gate.contract"].message
    assert by_name["gate.business"].status is Status.NOT_APPLICABLE

    report = project.home / "reproduce.json"
    verdict = {"schema": 1, "verdict": "reproduced", "environment": "locked", "causes": []}
    report.write_text(json.dumps(verdict), encoding="utf-8")
    runs.upload(project, first.run_id, report, "mlops/reproduce.json")
    promote("cancer", project=project)

    second = registry.register("line", strong())
    runs.upload(project, second.run_id, report, "mlops/reproduce.json")
    by_name = {r.name: r for r in evaluate("cancer@challenger", project=project)}
    figure = by_name["gate.business"]
    assert (figure.status, figure.subject) == (Status.PASSED, "misses")
    assert figure.value == pytest.approx(
        figure.evidence["champion"] - figure.evidence["challenger"]
    )
    assert 0 < figure.evidence["low"] < figure.value < figure.evidence["high"]
    # Derived from the training rows, which never held a value as large as one of the hold-out.
    assert load_contract("cancer/2", project).columns.keys() == set(registry.features)
    registry.register("doubled", weak(), holdout=registry.later.assign(mean_area=-5.0))
    broken = {r.name: r for r in evaluate("cancer@challenger", project=project)}["gate.contract"]
    assert broken.status is Status.FAILED
    assert "mean_area: 269 of 269 rows" in broken.message


def test_a_business_figure_that_cannot_be_computed_refuses(registry: Any) -> None:
    project = registry.reload(
        "[gates]\nbusiness = { money = 0, missing = 0 }\n"
        "[business.money]\ngoal = 1\nsql = 'sum(premium)'\n"
    )
    registry.register("tree", weak())
    promote("cancer", project=project)
    registry.register("line", strong())
    by_name = {r.name: r for r in evaluate("cancer@challenger", project=project)}
    found = by_name["gate.business"]
    assert found.status is Status.ERROR
    assert "business.money: the query cannot be run" in found.message
    with pytest.raises(GateError, match="premium"):
        promote("cancer", project=project)


NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{
        "cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}, "outputs": [],
        "execution_count": None, "source": "model_name = 'cancer'",
    }],
}  # fmt: skip


def test_no_champion_that_nobody_watches(registry: Any) -> None:
    project = registry.reload("[gates]\nlaunch-ready = true\n")
    root: Path = project.root
    registry.register("tree", weak())
    with pytest.raises(GateError, match=r"no job of .* runs a monitor\.ipynb"):
        promote("cancer", project=project)

    (root / "monitor.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    project = registry.reload('[jobs.monitor]\nnotebook = "monitor.ipynb"\n')
    with pytest.raises(GateError) as caught:
        promote("cancer", project=project)
    for problem in ("has no schedule", "no test message was sent by: local", "has no playbook"):
        assert problem in caught.value.message
    assert "mlops alert test local" in caught.value.hint

    (root / "watch.md").write_text("# What to do\n", encoding="utf-8")
    project = registry.reload('schedule = "0 7 * * *"\nplaybook = "watch.md"\n')
    done = CliRunner().invoke(alert.command, ["test"])
    assert done.exit_code == 0, done.output
    assert promote("cancer", project=project).version.aliases == ("champion",)
    told = {r.name: r.message for r in evaluate("cancer", project=project)}
    assert "night shift answers for it" in told["gate.launch.playbook"]

    # The route leads elsewhere now, and no message has been there.
    project = registry.reload('[alerts.routes]\nlocal = "json://127.0.0.1:9"\n')
    by_name = {r.name: r for r in evaluate("cancer", project=project)}
    assert by_name["gate.launch.alerts"].status is Status.FAILED
    assert CliRunner().invoke(alert.command, ["test"]).exit_code == 1
    by_name = {r.name: r for r in evaluate("cancer", project=project)}
    assert "did not arrive" in by_name["gate.launch.alerts"].message


def test_a_monitor_of_another_model_is_none_of_this_one(registry: Any) -> None:
    (registry.project.root / "monitor.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    project = registry.reload(
        '[gates]\nlaunch-ready = true\n[jobs.monitor]\nnotebook = "monitor.ipynb"\n'
        'schedule = "0 7 * * *"\nparameters = { model_name = "other" }\n'
    )
    registry.register("tree", weak())
    by_name = {r.name: r for r in evaluate("cancer@challenger", project=project)}
    assert "watches other, not cancer" in by_name["gate.launch.monitor"].message


def test_a_contract_that_cannot_be_read_registers_nothing(registry: Any) -> None:
    wrong = registry.project.root / "contract.toml"
    wrong.write_text("[columns.a]\ntype = 'txt'\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"columns\.a\.type|columns.*type"):
        registry.register("tree", weak(), contract=wrong)
    registry.register("tree-2", weak())
    project = registry.reload("[gates]\nfiles = ['gone.py']\n")
    with pytest.raises(ConfigError, match="no file of gates"):
        evaluate("cancer@challenger", project=project)
