from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result

from mlops_nb.cli.job import as_moment, as_parameters, command
from mlops_nb.errors import ConfigError, InputError, MlopsError, NotFoundError

CONFIG = (
    '[jobs.score]\nnotebook = "n.ipynb"\nschedule = "0 6 * * *"\n'
    '[jobs.after]\nnotebook = "n.ipynb"\nafter = {job = "score", on = "alert"}\n'
)


@pytest.fixture
def with_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two jobs over one notebook, as the current folder."""
    sources = [("depth = 3", ["parameters"]), ("assert depth < 5, 'too deep'", [])]
    cells = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {"tags": tags},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, (source, tags) in enumerate(sources)
    ]
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    (tmp_path / "n.ipynb").write_text(json.dumps(book), encoding="utf-8")
    (tmp_path / "mlops.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_list_names_every_job(with_jobs: Path) -> None:
    text = invoke("list").output
    assert "score" in text
    assert "0 6 * * *" in text
    assert "after score on alert" in text
    jobs = json.loads(invoke("list", "--format", "json").output)["jobs"]
    assert [job["job"] for job in jobs] == ["score", "after"]
    assert jobs[0]["next_due"].endswith("06:00:00+00:00")


def test_nothing_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (["list"], ["run", "x"], ["tick"]):
        with pytest.raises(ConfigError, match="no job is declared"):
            invoke(*arguments)
    assert list(tmp_path.iterdir()) == [] or (tmp_path / ".mlops").exists()


def test_history_of_nothing_and_of_an_unknown_job(with_jobs: Path) -> None:
    assert "attempt" in invoke("history").output
    told = json.loads(invoke("history", "--format", "json").output)
    assert told == {"schema": 1, "attempts": [], "page": None}
    with pytest.raises(NotFoundError, match="unknown job 'scor'"):
        invoke("history", "scor")


@pytest.mark.parametrize("pair", ["depth", "=3", ""])
def test_a_parameter_without_name_or_value(pair: str) -> None:
    with pytest.raises(InputError, match="NAME=VALUE"):
        as_parameters((pair,))


def test_parameters_keep_what_follows_the_first_sign() -> None:
    assert as_parameters(("query=a=b", "empty=")) == {"query": "a=b", "empty": ""}
    with pytest.raises(InputError, match="twice"):
        as_parameters(("a=1", "a=2"))


def test_moments() -> None:
    moment = as_moment("2026-04-01", "--at")
    assert moment is not None
    assert moment.isoformat() == "2026-04-01T00:00:00+00:00"
    zoned = as_moment("2026-04-01T06:00+02:00", "--at")
    assert zoned is not None
    assert zoned.isoformat() == "2026-04-01T06:00:00+02:00"
    assert as_moment(None, "--at") is None
    with pytest.raises(InputError, match="--at wants a date"):
        as_moment("tomorrow", "--at")


@pytest.mark.parametrize(
    "name", ["list", "run", "history", "tick", "serve", "sweep", "backfill", "export"]
)
def test_help_ends_with_an_example(name: str) -> None:
    assert invoke(name, "--help").output.strip().splitlines()[-1].strip().startswith("Example:")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["sweep", "score"], "wants the values of a parameter"),
        (["sweep", "score", "-p", "depth=1,x"], "wants an integer, got 'x'"),
        (["backfill", "score", "2026-04-02", "2026-04-01"], "is empty"),
        (["backfill", "after", "2026-04-01", "2026-04-02"], "has no schedule"),
        (["backfill", "score", "2026-04-01", "2026-04-02", "--every", "soon"], "--every wants"),
        (["backfill", "score", "2026-01-01", "2026-04-02", "--every", "1s"], "10,000 at most"),
        (["sweep", "score", "-p", "depth=1", "--engine", "ray://x"], "unknown engine"),
        (["tick", "scor"], "unknown job 'scor'"),
        (["run", "score", "--resume"], "no attempt that failed"),
    ],
)
def test_what_cannot_be_asked_for(with_jobs: Path, arguments: list[str], text: str) -> None:
    with pytest.raises(MlopsError) as caught:
        invoke(*arguments)
    assert text in str(caught.value)


def test_an_export_is_written_or_printed(with_jobs: Path) -> None:
    printed = invoke("export", "systemd").output
    assert "job tick" in printed
    assert "written: units/" in invoke("export", "systemd", "-o", "units").output
    assert len(list((with_jobs / "units").iterdir())) == 3
    told = json.loads(invoke("export", "kubernetes", "--image", "i", "--format", "json").output)
    assert json.loads(told["files"][0]["text"])["kind"] == "CronJob"


@pytest.mark.slow
def test_a_sweep_and_a_backfill_go_on_where_they_were(with_jobs: Path) -> None:
    command = ["sweep", "score", "-p", "depth=1,2,9", "--logical-time", "2026-04-01"]
    first = invoke(*command, "--workers", "2", "--format", "json")
    assert first.exit_code == 1
    ran = json.loads(first.stdout)["ran"]
    assert [(one["parameters"]["depth"], one["status"]) for one in ran] == [
        ("1", "succeeded"),
        ("2", "succeeded"),
        ("9", "failed"),
    ]
    again = json.loads(invoke(*command, "--format", "json").stdout)["ran"]
    assert [one["before"] for one in again] == [True, True, False]
    assert [one["attempt"] for one in again][:2] == [one["attempt"] for one in ran][:2]
    filled = invoke("backfill", "score", "2026-05-01", "2026-05-03")
    assert filled.exit_code == 0
    assert "2 succeeded, 0 did not" in filled.output
    assert "2026-05-02 06:00" in filled.output


@pytest.mark.slow
def test_a_run_and_what_is_told_of_it(with_jobs: Path) -> None:
    good = invoke("run", "score", "-p", "depth=4", "--format", "json")
    assert good.exit_code == 0
    record = json.loads(good.stdout)
    assert record["schema"] == 1
    assert record["parameters"] == {"depth": 4}
    assert {"job", "attempt", "run_id", "status", "exit_code", "output", "report", "started"} <= (
        set(record)
    )
    bad = invoke("run", "score", "-p", "depth=6", "--logical-time", "2026-04-01")
    assert bad.exit_code == 1
    assert "cell 1 (In [3]) `assert depth < 5, 'too deep'`: AssertionError: too deep" in bad.output
    assert "Traceback" not in bad.output
    history = json.loads(invoke("history", "score", "--format", "json").output)["attempts"]
    assert [attempt["status"] for attempt in history] == ["failed", "succeeded"]
    assert history[0]["logical_time"] == "2026-04-01T00:00:00+00:00"
    assert "too deep" in invoke("history").output
    path = Path(invoke("history", "--html").output.strip())
    assert path == with_jobs / ".mlops" / "jobs" / "index.html"
    page = path.read_text(encoding="utf-8")
    links = re.findall('href="([^"]+)"', page)
    assert len(links) == 4
    assert all((path.parent / unquote(link)).is_file() for link in links)
    assert "1 failed, 1 succeeded" in page
    ticked = invoke("tick", "--at", "2026-04-02T07:00")
    assert ticked.exit_code == 0
    assert "score was due at 2026-04-02 06:00 UTC" in ticked.output
    again = invoke("tick", "--at", "2026-04-02T07:00", "--format", "json")
    assert json.loads(again.output) == {"schema": 1, "ran": []}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["run", "scor"], "did you mean 'score'"),
        (["run", "score", "-p", "dept=3"], "did you mean 'depth'"),
        (["run", "score", "-p", "depth=x"], "wants an integer, got 'x'"),
        (["run", "score", "--logical-time", "x"], "--logical-time wants"),
    ],
)
def test_a_wrong_word_is_exit_code_2(with_jobs: Path, arguments: list[str], text: str) -> None:
    mlops = str(Path(sys.executable).parent / "mlops")
    done = subprocess.run([mlops, "job", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert text in done.stderr
