"""``mlops init`` leaves a project that works and spoils nothing that was there."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from mlops_nb import monitoring
from mlops_nb.actions.init import init, likely_ids
from mlops_nb.cli.main import mlops
from mlops_nb.config import Project, load_project
from mlops_nb.errors import ConfigError, InputError


def test_an_empty_folder_becomes_a_project(tmp_path: Path) -> None:
    root = tmp_path / "new"
    steps = init(root, {"target": "churned", "model_name": 'chu"rn'})
    assert {step.done for step in steps} == {"made"}
    project = load_project(root)
    assert project.root == root
    assert set(project.config.jobs) == {"train", "score", "monitor", "retrain"}
    assert project.config.jobs["monitor"].schedule
    assert project.config.alerts.routes == {"local": "local"}
    train = json.loads((root / "notebooks/train.ipynb").read_text())
    cell = next(c for c in train["cells"] if "parameters" in c["metadata"].get("tags", []))
    values: dict[str, object] = {}
    exec("".join(cell["source"]), values)
    assert values["target"] == "churned"
    assert values["model_name"] == 'chu"rn'


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    init(tmp_path, {})
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert {step.done for step in init(tmp_path, {})} == {"kept"}
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_what_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "mine"\nversion = "1"')
    (tmp_path / ".gitignore").write_text("*.log")
    (tmp_path / ".pre-commit-config.yaml").write_text(
        "repos:\n  - repo: local\n    hooks:\n      - id: mine\n"
    )
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/train.ipynb").write_text("mine")
    done = {step.path.name: step.done for step in init(tmp_path, {})}
    assert done["pyproject.toml"] == done[".gitignore"] == "extended"
    assert done["train.ipynb"] == "kept"
    assert (tmp_path / "notebooks/train.ipynb").read_text() == "mine"
    assert 'name = "mine"' in (tmp_path / "pyproject.toml").read_text()
    assert (tmp_path / ".gitignore").read_text().startswith("*.log\n.mlops/")
    hooks = (tmp_path / ".pre-commit-config.yaml").read_text()
    assert hooks.index("id: mine") < hooks.index("id: mlops-lint")


@pytest.mark.parametrize("text", ["ci:\n  skip: []\nrepos:\n- repo: local\n", "repos: []\nci: 1\n"])
def test_a_strange_hook_file_is_refused_before_anything_is_written(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / ".pre-commit-config.yaml").write_text(text)
    with pytest.raises(InputError, match="cannot be extended"):
        init(tmp_path, {})
    assert [p.name for p in tmp_path.iterdir()] == [".pre-commit-config.yaml"]


def test_a_wrong_configuration_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text('onwer = "me"\n')
    with pytest.raises(ConfigError, match="did you mean 'owner'"):
        init(tmp_path, {})
    assert [p.name for p in tmp_path.iterdir()] == ["mlops.toml"]


def test_a_column_that_the_data_lack_is_told_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("months,churned\n1,0\n")
    answers = {"data": "../history.csv", "target": "churnd"}
    with pytest.raises(InputError, match=r"history.csv has no column 'churnd'") as caught:
        init(tmp_path, answers)
    assert caught.value.hint == "did you mean 'churned'?"
    with pytest.raises(InputError, match="no column 'region'"):
        init(tmp_path, {**answers, "target": "churned", "groups": "months, region"})
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]
    init(tmp_path, {"data": "../to-come.csv", "target": "churnd"})
    assert (tmp_path / "notebooks" / "train.ipynb").is_file()


def test_columns_that_look_like_ids_are_told(tmp_path: Path) -> None:
    rows = "".join(f"{i},c{i},{i % 7},{i / 8},{i % 2}\n" for i in range(40))
    (tmp_path / "history.csv").write_text(f"row,customer,months,paid,churned\n{rows}")
    answers = {"data": "../history.csv", "target": "churned"}
    assert likely_ids(tmp_path, answers) == ["row", "customer"]
    assert likely_ids(tmp_path, {**answers, "id_column": "row"}) == []
    assert likely_ids(tmp_path, {**answers, "data": "../to-come.csv"}) == []
    arguments = ["init", str(tmp_path), "--data", str(tmp_path / "history.csv")]
    told = CliRunner().invoke(mlops, [*arguments, "--target", "churned"]).output
    assert "each row has its own value of row and customer" in told
    again = CliRunner().invoke(mlops, [*arguments, "--target", "churned"]).output
    assert "each row has its own value" not in again


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(InputError, match="is a file"):
        init(tmp_path / "x", {})


def test_labels_that_are_not_all_there_make_no_error_of_a_right_answer(project: Project) -> None:
    """Whole numbers become 1.0 in a column with gaps; the monitor's count of errors must not."""
    text = (files("mlops_nb") / "templates/notebooks/monitor.ipynb").read_text(encoding="utf-8")
    sources = ["".join(cell["source"]) for cell in json.loads(text)["cells"]]
    (counting,) = (source for source in sources if 'monitoring.business("errors"' in source)
    log = monitoring.predictions_log("m", project)
    ids, said = [str(number) for number in range(10)], [1, 0] * 5
    rows = pd.DataFrame({"prediction_id": ids, "prediction": said, "score": 0.5})
    log.append(rows.assign(timestamp=pd.Timestamp("2026-01-05")), version=1)
    log.label(pd.DataFrame({"prediction_id": ids[:4], "y": [1, 0, 1, 1]}))
    window = log.read("2026-01-05", "2026-01-05")
    names = {"monitoring": monitoring, "pd": pd, "labelled": window.dropna(subset=["y"])}
    names |= {"model_name": "m", "target": "y", "most_errors": 0.5}
    exec(counting, names)
    (errors,) = names["results"]
    assert (errors.value, errors.status) == (0.25, "passed")
