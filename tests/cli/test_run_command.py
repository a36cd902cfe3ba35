from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from mlops_nb.cli.run import command
from mlops_nb.config import Config, Project
from mlops_nb.errors import NotFoundError, StoreError
from mlops_nb.store import runs


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("cli")
    (root / "mlops.toml").write_text('experiment = "cli"\n')
    project = Project(root=root, config=Config(experiment="cli"))
    for number, depth in enumerate((3, 5)):
        made = runs.create(
            project, uid=f"{number}abc", name=f"r{depth}", started_ms=1000 * number + 1, tags={}
        )
        params = {"depth": str(depth), "same": "1"}
        metrics = [("auc", 0.5 + number / 4, 1, 0), ("odd", float("nan"), 1, 0)]
        runs.write(project, made, params=params, metrics=metrics)
    return project


def _run(*words: str) -> Result:
    return CliRunner().invoke(command, words)


@pytest.mark.slow
def test_list_text_and_json(filled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(filled.root)
    text = _run("list").output
    assert text.splitlines()[-1] == "2 runs"
    assert text.index("r5") < text.index("r3")
    answer = json.loads(_run("list", "--filter", "metrics.auc > 0.6", "--format", "json").output)
    assert answer["schema"] == 1
    assert [run["name"] for run in answer["runs"]] == ["r5"]
    assert answer["runs"][0]["metrics"] == {"auc": 0.75, "odd": "nan"}


@pytest.mark.slow
def test_show(filled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(filled.root)
    assert "depth  3" in _run("show", "r3").output
    assert json.loads(_run("show", "0abc", "--format", "json").output)["name"] == "r3"
    error = _run("show", "r4").exception
    assert isinstance(error, NotFoundError)
    assert error.hint == "known: r3, r5"
    assert error.exit_code == 2


@pytest.mark.slow
def test_compare(filled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(filled.root)
    lines = _run("compare", "r3", "r5").output.splitlines()
    assert lines[1].split() == ["params.depth", "3", "5"]
    assert not any("params.same" in line for line in lines)
    assert ["metrics.auc", "0.5", "0.75"] in [line.split() for line in lines]
    answer = json.loads(_run("compare", "r3", "r5", "--format", "json").output)
    assert answer["differing_params"] == ["depth"]
    assert _run("compare", "r3").exit_code == 2


def test_nothing_yet(project: Project) -> None:
    assert _run("list").output.startswith("no runs yet")


def test_unreachable_store_is_one_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    error = _run("list").exception
    assert isinstance(error, StoreError)
    assert error.exit_code == 2


@pytest.mark.parametrize("words", [(), ("list",), ("show",), ("compare",)])
def test_help_ends_with_an_example(words: tuple[str, ...]) -> None:
    assert _run(*words, "--help").output.strip().splitlines()[-1].startswith("  Example: mlops run")
