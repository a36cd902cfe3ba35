"""Many notebooks: processes, the cache, a crashing rule, and everything a folder may hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.errors import ConfigError, InputError
from mlops_nb.lint import engine, run
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import PYTHON, Code, Example, stream
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.report import FileReport
from mlops_nb.lint.rule import rules
from mlops_nb.lint.run import Options, lint_paths

BAD = Example(cells=["print(gone)"]).to_bytes()
GOOD = Example(cells=["print(1)"]).to_bytes()


def look(project: Project, **options: Any) -> list[FileReport]:
    return lint_paths(project, [Path()], Options(**options)).reports


def found(project: Project, **options: Any) -> list[tuple[str, str]]:
    return [(d.file, d.code) for one in look(project, **options) for d in one.diagnostics]


# --- processes


def test_several_processes_find_the_same_in_the_same_order(project: Project) -> None:
    for number in range(40):
        cells = [f"print(gone_{number})"] * (number % 4)
        (project.root / f"{number:02}.ipynb").write_bytes(Example(cells=cells).to_bytes())
    assert look(project, jobs=2) == look(project, jobs=1)


def test_several_processes_fix_too(project: Project) -> None:
    counted = Example(cells=[Code("1", count=2), Code("2", count=1)]).to_bytes()
    for number in range(20):
        (project.root / f"{number:02}.ipynb").write_bytes(counted)
    assert {one.changes for one in look(project, jobs=2, change="safe")} == {1}
    assert found(project) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the death is inherited by fork")
def test_a_killed_process_is_said(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (project.root / f"{number:02}.ipynb").write_bytes(GOOD)
    monkeypatch.setattr(run.Linter, "lint", lambda *_: os.kill(os.getpid(), 9))
    with pytest.raises(InputError, match="a worker process was killed") as caught:
        look(project, jobs=2)
    assert caught.value.hint == "mlops lint --jobs 1"


# --- the cache


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The notebooks that were really looked at."""
    seen: list[str] = []
    real = run.Linter.lint_content

    def counted(self: run.Linter, path: Path, content: bytes) -> FileReport:
        seen.append(path.name)
        return real(self, path, content)

    monkeypatch.setattr(run.Linter, "lint_content", counted)
    return seen


def test_an_unchanged_notebook_is_not_looked_at_again(project: Project, reads: list[str]) -> None:
    (project.root / "a.ipynb").write_bytes(BAD)
    (project.root / "r.ipynb").write_bytes(
        Example(cells=["x"], metadata={"kernelspec": {"language": "R"}}).to_bytes()
    )
    (project.root / "broken.ipynb").write_bytes(b"{")
    first = look(project, cache=True)
    assert len(reads) == 3
    assert look(project, cache=True) == first
    assert len(reads) == 3
    (project.root / "a.ipynb").write_bytes(GOOD)
    look(project, cache=True)
    assert reads[3:] == ["a.ipynb"]
    assert (project.home / "cache" / "lint" / ".gitignore").read_text() == "*\n"


def test_what_else_matters_is_part_of_the_key(project: Project, reads: list[str]) -> None:
    path = project.root / "a.ipynb"
    path.write_bytes(BAD)

    def again(*, expected: bool, **options: Any) -> None:
        reads.clear()
        look(load_project(project.root), cache=True, **options)
        assert bool(reads) is expected, reads

    again(expected=True)
    again(expected=True, select=["NBX"])
    again(expected=False, select=["NBX"])
    (project.root / "mlops.toml").write_text('[lint.severity]\nNBX001 = "info"\n')
    again(expected=True)
    (project.root / "mlops.toml").write_text('[jobs.a]\nnotebook = "a.ipynb"\n')
    again(expected=True)
    (project.root / "module.py").touch()
    again(expected=True)
    (project.root / "requirements.txt").write_text("polars\n")
    again(expected=True)
    again(expected=False)
    path.rename(project.root / "b.ipynb")
    again(expected=True)


def test_a_broken_cache_is_made_anew(project: Project, reads: list[str]) -> None:
    (project.root / "a.ipynb").write_bytes(BAD)
    look(project, cache=True)
    (entry,) = (project.home / "cache" / "lint").glob("*/*/*")
    for content in (b"", b"[1", b'["", [[1]]]', entry.read_bytes()[:-9]):
        entry.write_bytes(content)
        assert found(project, cache=True) == [("a.ipynb", "NBX001")]
    assert len(reads) == 5


def test_without_a_place_for_it_there_is_no_cache(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "a.ipynb").write_bytes(BAD)
    project.home.write_text("a file where the folder would be")
    assert found(project, cache=True) == [("a.ipynb", "NBX001")]


def test_processes_share_a_cache(project: Project) -> None:
    for number in range(30):
        (project.root / f"{number}.ipynb").write_bytes(BAD)
    code = "from mlops_nb.cli.main import main; main()"
    command = [sys.executable, "-c", code, "lint", "--format", "json"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [process.communicate()[0] for process in running]
    assert len(set(answers)) == 1
    assert json.loads(answers[0])["summary"]["findings"] == 30
    assert not list((project.home / "cache" / "lint").glob("*/tmp*"))


# --- a rule that crashes


@pytest.fixture
def crashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """NBX001 fails on every notebook."""

    def check(_context: Context) -> list[Finding]:
        raise ZeroDivisionError("in the rule")

    broken = {**rules(), "NBX001": replace(rules()["NBX001"], check=check)}
    for module in ("selection", "engine"):
        monkeypatch.setattr(f"mlops_nb.lint.{module}.rules", lambda: broken)
    assert engine.rules() is broken


@pytest.mark.usefixtures("crashing")
def test_a_crashing_rule_is_a_finding_and_the_rest_goes_on(project: Project) -> None:
    (project.root / "a.ipynb").write_bytes(Example(cells=["print(late)", "late = 1"]).to_bytes())
    (project.root / "b.ipynb").write_bytes(GOOD)
    report = lint_paths(project, [Path()], Options(cache=True))
    shown = [(d.file, d.code, d.severity, d.internal) for d in report.diagnostics]
    assert shown == [
        ("a.ipynb", "NBX001", "error", True),
        ("a.ipynb", "NBX002", "error", False),
        ("b.ipynb", "NBX001", "error", True),
    ]
    assert report.failed
    assert "ZeroDivisionError: in the rule" in report.diagnostics[0].message
    assert not list((project.home / "cache").rglob("*/*/*"))  # a crash is not kept


# --- everything a folder may hold


def test_everything_a_folder_may_hold(project: Project) -> None:
    deep = "(" * 1000 + "1" + ")" * 1000
    files = {
        "bom": b"\xef\xbb\xbf" + GOOD,
        "broken": b'{"cells": [',
        "conflict": b"{\n<<<<<<< HEAD\n",
        "empty": b"",
        "html": b"<!DOCTYPE html>",
        "latin1": '{"cells": [], "a": "é"}'.encode("latin-1"),
        "lfs": b"version https://git-lfs.github.com/spec/v1\n",
        "deep_json": b"[" * 100_000,
        "number": b'{"cells": [], "n": ' + b"9" * 10_000 + b"}",
        "deep": Example(cells=[deep, "print(gone)"]).to_bytes(),
        "chain": Example(cells=["x = " + "1 + " * 5000 + "1", "print(gone)"]).to_bytes(),
        "minus": Example(cells=["x = " + "-" * 3000 + "1"]).to_bytes(),
        "dots": Example(cells=["x = a" + ".b" * 3000]).to_bytes(),
        "elif": Example(
            cells=["x = 1\nif x:\n    pass\n" + "elif x:\n    pass\n" * 2000]
        ).to_bytes(),
        "nul": Example(cells=["x = '\0'", "print(gone)"]).to_bytes(),
        "twins": Example(cells=["total = 1"], duplicate_id=True).to_bytes(),
        "v3": json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": []}]}).encode(),
        "julia": Example(cells=["x"], metadata={"kernelspec": {"language": "julia"}}).to_bytes(),
        "no_cells": b"{}",
        "odd": b'{"cells": [{"cell_type": 1, "source": {"a": []}, "outputs": [1], "id": []}]}',
    }
    for name, content in files.items():
        (project.root / f"{name}.ipynb").write_bytes(content)
    (project.root / "folder.ipynb").mkdir()
    (project.root / "folder.ipynb" / "inside.ipynb").write_bytes(BAD)
    (project.root / "loop.ipynb").symlink_to("loop.ipynb")
    (project.root / "gone.ipynb").symlink_to("nowhere")
    os.mkfifo(project.root / "pipe.ipynb")
    reports = {Path(one.file).stem: one for one in look(project)}
    codes = {name: {d.code for d in one.diagnostics} for name, one in reports.items()}
    unreadable = ("bom", "broken", "conflict", "empty", "html", "latin1", "lfs", "deep_json")
    for name in (*unreadable, "number", "no_cells", "loop", "gone", "pipe"):
        assert codes[name] == {"NBH001"}, name
    assert {"NBH004", "NBX001"} <= codes["deep"]
    assert {"NBH004", "NBX001"} <= codes["nul"]
    assert "NBX001" in codes["chain"]
    for name in ("chain", "minus", "dots", "elif"):
        assert "NBH004" in codes[name], name
    assert "NBH003" in codes["twins"]
    assert "NBH003" in codes["v3"]
    assert codes["inside"] == {"NBX001"}
    assert reports["julia"].skipped == "language: julia"
    assert not any(d.internal for one in reports.values() for d in one.diagnostics)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_finding(project: Project) -> None:
    path = project.root / "a.ipynb"
    path.write_bytes(GOOD)
    path.chmod(0)
    assert found(project) == [("a.ipynb", "NBH001")]


@pytest.mark.slow
def test_ten_thousand_cells_and_a_hundred_megabytes_of_output(project: Project) -> None:
    many = Example(cells=[f"x{n} = {n}" for n in range(10_000)] + ["print(gone)"])
    (project.root / "many.ipynb").write_bytes(many.to_bytes())
    large = Example(cells=[Code("print(gone)", outputs=[stream("a b c\n" * 17_000_000)])])
    (project.root / "large.ipynb").write_bytes(large.to_bytes())
    codes = set(found(project, select=["NBX001"]))
    assert codes == {("many.ipynb", "NBX001"), ("large.ipynb", "NBX001")}


@pytest.mark.slow
def test_a_folder_of_ten_thousand_notebooks(project: Project) -> None:
    for number in range(10_000):
        (project.root / f"{number}.ipynb").write_bytes(b"{")
    assert len(found(project, jobs=2)) == 10_000


# --- ruff


needs_ruff = pytest.mark.skipif(
    shutil.which("ruff", path=str(Path(sys.executable).parent)) is None, reason="no ruff"
)


@needs_ruff
def test_ruffs_findings_are_at_the_right_cells(project: Project) -> None:
    (project.root / "ruff.toml").write_text('lint.select = ["F", "E7", "B", "S301", "PIE790"]\n')
    example = Example(
        cells=[
            "%%capture out\nimport os\nimport json\n%matplotlib inline\nprint(json)",
            "def f(:",
            "pip install polars",
            ">>> try:\n...     print(out)\n... except:\n...     pass",
            "%%bash\nls",
            Code("import sys  # noqa: F401\nimport re  # mlops: ignore[F401]\nl = 1\nprint(gone)"),
            "# mlops: ignore[F401]\nimport ast",
        ],
        metadata={"kernelspec": {"display_name": "P", "name": "python3"}},
    )
    path = project.root / "a.ipynb"
    path.write_bytes(example.to_bytes())
    (report,) = look(project, with_ruff=True, select=["NBZ"])
    places = [(d.code, d.cell, d.cell_line, d.cell_column) for d in report.diagnostics]
    assert places == [
        ("F401", 0, 2, 8),
        ("E722", 3, 3, 5),
        ("F401", 5, 2, 8),
        ("E741", 5, 3, 1),
    ]
    lines = path.read_text().split("\n")
    first = report.diagnostics[0]
    assert lines[first.line - 1][first.column - 1 : first.end_column - 1] == "os"
    assert {d.severity for d in report.diagnostics} == {"info", "warning"}
    beside = {p.name for p in project.root.iterdir()}
    assert beside == {"mlops.toml", "ruff.toml", "a.ipynb"}


@needs_ruff
def test_a_wrong_configuration_of_ruff_is_said(project: Project) -> None:
    (project.root / "ruff.toml").write_text("nonsense = 1\n")
    (project.root / "a.ipynb").write_bytes(GOOD)
    with pytest.raises(InputError, match="ruff failed on"):
        look(project, with_ruff=True)


def test_without_ruff_the_way_to_it_is_said(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops_nb.lint.ruff.shutil.which", lambda *_, **__: None)
    with pytest.raises(InputError, match="ruff is not installed") as caught:
        look(project, with_ruff=True)
    assert caught.value.hint == "pip install ruff"


def test_metadata_of_any_kind_are_no_crash(project: Project) -> None:
    document = json.loads(GOOD) | {"metadata": {**PYTHON, "mlops": [1]}}
    (project.root / "a.ipynb").write_text(json.dumps(document))
    assert found(project) == []


def test_an_unknown_selection_is_refused_before_anything_is_read(project: Project) -> None:
    with pytest.raises(ConfigError):
        look(project, extend_select=["NBQ1"])
