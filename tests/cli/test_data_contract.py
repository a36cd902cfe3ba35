from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from mlops_nb.cli.data import command
from mlops_nb.errors import InputError


def test_derive_edit_check(tmp_path: Path) -> None:
    good = pd.DataFrame({"x": range(100), "kind": ["a", "b"] * 50, "late": [0, 1] * 50})
    good.to_csv(tmp_path / "good.csv", index=False)
    good.assign(x=-good["x"] - 1).to_csv(tmp_path / "bad.csv", index=False)
    target = tmp_path / "contract.toml"
    arguments = ["contract", str(tmp_path / "good.csv"), "--without", "late"]
    runner = CliRunner()
    printed = runner.invoke(command, arguments, catch_exceptions=False)
    assert "[columns.kind]" in printed.output
    assert "late" not in printed.output
    runner.invoke(command, [*arguments, "-o", str(target)], catch_exceptions=False)
    assert target.read_text(encoding="utf-8") == printed.output
    fine = runner.invoke(command, ["check", str(target), str(tmp_path / "good.csv")])
    assert (fine.exit_code, "0 of them broken" in fine.output) == (0, True)
    bad = runner.invoke(command, ["check", str(target), str(tmp_path / "bad.csv")])
    assert bad.exit_code == 1
    assert "100 of 100 rows (100.00%) are below 0, such as" in bad.output
    as_json = runner.invoke(
        command, ["check", str(target), str(tmp_path / "bad.csv"), "--format", "json"]
    )
    told = json.loads(as_json.output)
    assert told["status"] == "failed"
    assert {r["name"] for r in told["results"] if r["status"] == "failed"} == {"quality.minimum"}
    with pytest.raises(InputError, match="no file"):
        runner.invoke(command, ["check", "none.toml", "x.csv"], catch_exceptions=False)
