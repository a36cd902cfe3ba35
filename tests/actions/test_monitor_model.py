from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_nb.actions.monitor_model import length, monitor_job, monitor_model
from mlops_nb.config import Project, load_project
from mlops_nb.errors import ConfigError, InputError


def project_with(tmp_path: Path, config: str) -> Project:
    (tmp_path / "mlops.toml").write_text(config, encoding="utf-8")
    return load_project(tmp_path)


def write_notebook(path: Path, parameters: str, code: str) -> None:
    cells = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {"tags": tags},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, (source, tags) in enumerate([(parameters, ["parameters"]), (code, [])])
    ]
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    path.write_text(json.dumps(book), encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1d", timedelta(days=1)), ("36 h", timedelta(hours=36)), ("2w", timedelta(weeks=2))],
)
def test_a_window_is_a_number_and_a_unit(text: str, expected: timedelta) -> None:
    assert length(text) == expected


@pytest.mark.parametrize("text", ["", "d", "1", "0d", "-1d", "1 month"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="a window is"):
        length(text)


def test_the_job_that_names_the_model_comes_first(tmp_path: Path) -> None:
    config = (
        '[jobs.a]\nnotebook = "a/monitor.ipynb"\nparameters = {model_name = "hotels"}\n'
        '[jobs.monitor]\nnotebook = "watch.ipynb"\n'
    )
    project = project_with(tmp_path, config)
    assert monitor_job(project, "hotels") == "a"
    assert monitor_job(project, "flights") == "monitor"
    only = project_with(tmp_path, '[jobs.x]\nnotebook = "nb/monitor.ipynb"\n')
    assert monitor_job(only, "flights") == "x"
    with pytest.raises(ConfigError, match=r"runs a monitor\.ipynb"):
        monitor_job(project_with(tmp_path, ""), "flights")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "expected"),
    [("date", "2013-04-24 2013-05-01"), ("datetime", "2013-04-24T06:00:00+00:00 2013-05-01T06")],
)
def test_the_notebook_gets_model_and_period(tmp_path: Path, kind: str, expected: str) -> None:
    write_notebook(
        tmp_path / "monitor.ipynb",
        f"model_name = ''\nstart: '{kind}' = None\nend: '{kind}' = None",
        "print(model_name, start, end)",
    )
    project = project_with(tmp_path, '[jobs.monitor]\nnotebook = "monitor.ipynb"\n')
    at = datetime(2013, 5, 1, 6, tzinfo=UTC)
    record = monitor_model(project, "flights", window="7d", at=at, report=tmp_path / "o" / "r.html")
    assert record.status == "succeeded", record.message
    assert record.logical_time == at
    assert record.output is not None
    assert f"flights {expected}" in record.output.read_text(encoding="utf-8")
    assert "<title>monitor: succeeded" in (tmp_path / "o" / "r.html").read_text(encoding="utf-8")


CONCLUDE = """
from mlops_nb import monitoring
from mlops_nb.result import Result, Status
found = Result(name="performance.roc_auc", subject="model", status=Status.FAILED, message="fell",
               advice="retrain", window="May")
monitoring.conclude([found], model=model_name, window="May")
"""


@pytest.mark.slow
def test_a_report_names_the_step_of_the_playbook(tmp_path: Path) -> None:
    parameters = "model_name = ''\nstart: 'date' = None\nend: 'date' = None"
    write_notebook(tmp_path / "monitor.ipynb", parameters, CONCLUDE)
    (tmp_path / "book.md").write_text("# Book\n\n## When performance falls\n", encoding="utf-8")
    config = '[jobs.monitor]\nnotebook = "monitor.ipynb"\nplaybook = "book.md"\n'
    project = project_with(tmp_path, config)
    record = monitor_model(project, "flights", window="1d", report=tmp_path / "report.md")
    assert record.status == "findings", record.message
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert r"Playbook: book.md\#when-performance-falls" in text
