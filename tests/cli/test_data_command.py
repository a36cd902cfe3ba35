from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from mlops_nb.cli.main import mlops
from mlops_nb.errors import InputError, NotFoundError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    one = pd.DataFrame({"x": rng.normal(0, 1, 1_000), "c": rng.choice(["a", "b"], 1_000)})
    one.to_parquet(tmp_path / "one.parquet")
    one.assign(x=rng.permutation(one["x"])).to_csv(tmp_path / "same.csv", index=False)
    one.assign(x=one["x"] + 1).to_parquet(tmp_path / "moved.parquet")
    one.drop(columns="c").to_parquet(tmp_path / "less.parquet")
    one.head(0).to_parquet(tmp_path / "empty.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(mlops, ["data", *arguments], standalone_mode=False)


def _code(result: Result) -> int:
    return result.exception.code if isinstance(result.exception, SystemExit) else result.exit_code


@pytest.mark.slow
def test_the_daily_check_loads_neither_pandas_nor_what_learns(folder: Path) -> None:
    _run("profile", "one.parquet", "-o", "reference.json")
    code = (
        "import sys\n"
        "sys.argv = ['mlops', 'data', 'drift', 'reference.json', 'moved.parquet']\n"
        "from mlops_nb.cli.main import mlops\n"
        "try:\n    mlops(standalone_mode=False)\n"
        "finally:\n    print({'pandas', 'sklearn', 'scipy.stats', 'plotly'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1] == "set()"


def test_profile_and_drift_against_it(folder: Path) -> None:
    made = _run("profile", "one.parquet", "-o", "out/reference.json")
    assert made.output == "out/reference.json: 2 columns, 1,000 rows\n"
    same = _run("drift", "out/reference.json", "same.csv")
    assert _code(same) == 0
    assert same.output.endswith("no drift in 2 columns (1,000 against 1,000 rows)\n")
    assert json.loads(_run("profile", "one.parquet").output)["rows"] == 1_000


def test_drift_exits_1_and_names_the_worst_first(folder: Path) -> None:
    found = _run("drift", "one.parquet", "moved.parquet", "--report", "drift.html")
    assert _code(found) == 1
    lines = found.output.splitlines()
    assert lines[0].split()[:3] == ["column", "kind", "status"]
    assert lines[1].split()[:3] == ["x", "numeric", "drifted"]
    assert lines[-2] == "report: drift.html"
    assert lines[-1].startswith("1 of 2 columns drifted: x")
    assert (folder / "drift.html").stat().st_size < 2_000_000


def test_a_kernel_keeps_its_threads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    _run("profile", "one.parquet")
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_drift_of_too_few_rows_exits_2(folder: Path) -> None:
    pd.read_parquet("one.parquet").head(1).to_parquet("row.parquet")
    found = _run("drift", "one.parquet", "row.parquet")
    assert _code(found) == 2
    last = found.output.splitlines()[-1]
    assert last.startswith("nothing could be compared: too few values to compare: 1, at least 30")


def test_drift_without_some_columns(folder: Path) -> None:
    found = _run("drift", "one.parquet", "moved.parquet", "--ignore", "x")
    assert _code(found) == 0
    assert found.output.splitlines()[-1].startswith("no drift in 1 column")


def test_drift_as_json(folder: Path) -> None:
    found = _run("drift", "one.parquet", "moved.parquet", "--format", "json", "--columns", "x")
    assert _code(found) == 1
    answer = json.loads(found.output)
    assert answer["drifted"] is True
    assert [c["column"] for c in answer["columns"]] == ["x"]
    assert answer["dataset"]["domain_classifier"]["auc"] > 0.6


def test_a_missing_column_is_an_error_of_that_column(folder: Path) -> None:
    found = _run("drift", "one.parquet", "less.parquet", "--format", "json")
    assert _code(found) == 1
    assert [c["status"] for c in json.loads(found.output)["columns"]] == ["passed", "error"]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("drift", "one.parquet", "empty.parquet"), InputError, "empty.parquet has no row"),
        (("drift", "nowhere.json", "one.parquet"), InputError, "no file nowhere.json"),
        (("drift", "one.parquet", "same.csv", "--columns", "y"), NotFoundError, "no column 'y'"),
        (("profile", "nowhere.parquet"), InputError, "no file nowhere.parquet"),
        (("profile", "one.parquet", "-o", "one.parquet/x"), InputError, "cannot write"),
    ],
)
def test_bad_input_is_a_message_and_exit_code_2(
    folder: Path, arguments: tuple[str, ...], error: type[InputError], words: str
) -> None:
    found = _run(*arguments)
    assert isinstance(found.exception, error)
    assert words in str(found.exception)
    assert found.exception.exit_code == 2


@pytest.mark.parametrize("name", ["profile", "drift"])
def test_help_ends_with_an_example(name: str) -> None:
    lines = _run(name, "--help").output.strip().splitlines()
    assert any(line.strip().startswith("Example: mlops data") for line in lines[-2:])
