from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_nb.cli.monitor import command
from mlops_nb.errors import ConfigError, InputError

FINDING = """
import json, os, pathlib
result = {"name": "drift.column", "subject": "x", "status": "failed", "value": 1.0,
          "threshold": 0.5, "window": "", "message": "moved", "advice": "", "evidence": {}}
text = json.dumps({"schema": 1, "model": model_name, "window": "w", "results": [result]})
(pathlib.Path(os.environ["MLOPS_ATTEMPT_FOLDER"]) / "results.json").write_text(text)
"""


@pytest.fixture
def monitored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose monitor notebook always finds something."""
    sources = [("model_name = ''\nstart: 'date' = None\nend: 'date' = None", ["parameters"])]
    cells = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {"tags": tags},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, (source, tags) in enumerate([*sources, (FINDING, [])])
    ]
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    (tmp_path / "monitor.ipynb").write_text(json.dumps(book), encoding="utf-8")
    (tmp_path / "mlops.toml").write_text(
        '[jobs.monitor]\nnotebook = "monitor.ipynb"\n', encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_wrong_words(monitored: Path) -> None:
    runner = CliRunner()
    with pytest.raises(InputError, match="a window is"):
        runner.invoke(command, ["flights", "--window", "soon"], catch_exceptions=False)
    with pytest.raises(InputError, match="--at wants"):
        runner.invoke(command, ["flights", "--at", "soon"], catch_exceptions=False)
    with pytest.raises(InputError, match=r"cannot be written as 'out\.pdf'"):
        runner.invoke(command, ["flights", "--report", "out.pdf"], catch_exceptions=False)
    (monitored / "mlops.toml").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"monitor\.ipynb"):
        runner.invoke(command, ["flights"], catch_exceptions=False)


@pytest.mark.slow
def test_findings_are_exit_code_1_and_the_report_is_copied(monitored: Path) -> None:
    arguments = ["flights", "--window", "7d", "--at", "2013-05-01", "--report", "out.html"]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 1, done.output
    assert "failed  drift.column/x: moved" in done.output
    assert "moved" in (monitored / "out.html").read_text(encoding="utf-8")
    short = [*arguments[:-1], "out.md"]
    told = CliRunner().invoke(command, short, catch_exceptions=False)
    assert (told.exit_code, "out.md" in told.output) == (1, True)
    assert "### 🔴 flights, " in (monitored / "out.md").read_text(encoding="utf-8")
    again = CliRunner().invoke(command, [*arguments, "--format", "json"], catch_exceptions=False)
    record = json.loads(again.stdout)
    assert record["parameters"] == {
        "model_name": "flights",
        "start": "2013-04-24",
        "end": "2013-04-30",
    }
    assert record["results"][0]["name"] == "drift.column"
