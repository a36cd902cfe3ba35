"""Results made again in real kernels, from a real store."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError
from mlops_nb.store import runs
from mlops_nb.tracking.bisect import bisect
from mlops_nb.tracking.changes import Setting, applied, changed_cells, mirror
from mlops_nb.tracking.replay import without_installs
from mlops_nb.tracking.reproduce import reproduce
from mlops_nb.tracking.reproduction import compare
from mlops_nb.tracking.slicefile import Slice, SliceCell, read_slice
from mlops_nb.tracking.sync import sync

# Executed as they stand here: out of order, with cells that are edited and deleted afterwards.
EXECUTED = {
    "start": "%load_ext mlops_nb\nimport json, random",
    "edited": "factor = 2",
    "repeated": "total = 0",
    "again": "total = total + 1",
    "again 2": "total = total + 1",
    "deleted": "rows = [float(v) for v in open('data.csv').read().split()]",
    "grown": "rows.append(total)",
    "failing": "bonus = 5\nraise ValueError('half way')",
    "unrelated": "noise = random.random()",
    "hidden": "%%mlops run hidden --metric m --param factor\nm = sum(rows) * factor + bonus",
    "unseeded": "%%mlops run unseeded --metric m seconds\nm, seconds = random.random(), 1.0",
    "seeded": "%%mlops run seeded --metric m\nrandom.seed(7)\nm = random.random()",
    "missing": "%%mlops run missing --metric m\nm = len(open('gone.txt').read())",
    "bad": "%%mlops run bad --metric m\nm = 1\nraise json.JSONDecodeError('always', '', 0)",
    "unnamed": "%%mlops run --metric m\nm = factor",
    "versioned": "%%mlops run versioned --metric m\nfrom importlib.metadata import version\n"
    "m = float('.'.join(version('six').split('.')[:2]))",
}
SAVED = ["%load_ext mlops_nb\nimport json, random", "factor = 3", "total = 0", "total = total + 1",
         "rows.append(total)", "m = sum(rows) * factor + bonus"]  # fmt: skip


def git(folder: Path, *words: str) -> None:
    command = ["git", "-c", "user.email=a@example.org", "-c", "user.name=a", *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("reproduce")
    (root / "mlops.toml").write_text('experiment = "again"\n')
    (root / ".gitignore").write_text(".mlops\ngone.txt\n")
    (root / "data.csv").write_text("1\n2\n")
    (root / "gone.txt").write_text("here")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "start")
    cells = [nbformat.v4.new_code_cell(source, id=name.replace(" ", "-"))
             for name, source in EXECUTED.items()]  # fmt: skip
    notebook = nbformat.v4.new_notebook(cells=cells)
    path = root / "work.ipynb"
    resources = {"metadata": {"path": str(root)}}
    NotebookClient(notebook, allow_errors=True, resources=resources).execute(
        env={**os.environ, "JPY_SESSION_NAME": str(path)}
    )
    kept = {"factor = 3": "edited", "total = total + 1": "again"}
    saved = [nbformat.v4.new_code_cell(s, id=kept.get(s, f"s{i}")) for i, s in enumerate(SAVED)]
    nbformat.write(nbformat.v4.new_notebook(cells=saved), path)
    (root / "gone.txt").unlink()
    project = load_project(root)
    sync(project)
    return project


def slice_of(project: Project, name: str) -> Path:
    return runs.download(project, runs.get_run(project, name).run_id, "mlops/slice.ipynb")


@pytest.mark.slow
def test_the_slice_is_what_was_executed_and_papermill_runs_it(made: Project) -> None:
    path = slice_of(made, "hidden")
    nbformat.validate(nbformat.read(path, 4))
    assert read_slice(path).surroundings["commands"] == []  # git, asked by us, is none of theirs
    sources = [cell.source for cell in read_slice(path).cells]
    names = ["start", "edited", "repeated", "again", "again 2", "deleted", "grown"]
    assert sources[:7] == [EXECUTED[name] for name in names]
    assert sources[7].startswith("bonus = 5\ntry:\n    raise ValueError")
    assert sources[8:] == [EXECUTED["hidden"]]
    command = [sys.executable, "-m", "papermill", "--cwd", str(made.root), "-k", "python3"]
    out = made.root / "out.ipynb"
    home = {**os.environ, "MLOPS_HOME": str(made.root / "elsewhere")}
    done = subprocess.run([*command, str(path), str(out)], env=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not [c for c in nbformat.read(out, 4).cells for o in c.outputs if "ename" in o]


@pytest.mark.slow
def test_what_hides_in_a_session_is_made_again_and_told(made: Project) -> None:
    result = reproduce(made, "hidden")
    assert (result.verdict, result.exit_code) == ("reproduced", 0)
    assert [(m.name, m.before, m.after) for m in result.metrics] == [("m", 15.0, 15.0)]
    told = " ".join(note.text for note in result.notes)
    assert "cells the result needs are not in work.ipynb" in told
    assert "In [2] (edited since)" in told
    assert "In [6] (no longer there)" in told
    assert "one cell ran 2 times" in told
    record = runs.get_run(made, "hidden")
    assert record.tags["mlops.reproduced"] == "reproduced"
    kept = json.loads(runs.download(made, record.run_id, "mlops/reproduce.json").read_text())
    assert kept["verdict"] == "reproduced"
    assert len([r for r in runs.list_runs(made) if r.name == "hidden"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "verdict", "cause"),
    [
        ("unseeded", "different", "not deterministic: two runs of the same cells differ in m"),
        ("seeded", "reproduced", ""),
        ("missing", "impossible", "gone.txt"),
        ("bad", "reproduced", ""),
        ("work", "reproduced", ""),
    ],
)
def test_verdicts(made: Project, name: str, verdict: str, cause: str) -> None:
    result = reproduce(made, name)
    assert result.verdict == verdict
    assert cause in " ".join(found.text for found in result.causes)
    if name == "unseeded":
        assert {m.name: m.verdict for m in result.metrics}["seconds"] == "not compared"
        assert any("numbers of random were drawn" in found.text for found in result.causes)
    assert "<script" not in result._repr_html_()


@pytest.mark.slow
def test_bisect_names_the_cell_and_the_file_that_moved_the_metric(made: Project) -> None:
    (made.root / "data.csv").write_text("1\n5\n")
    try:
        result = reproduce(made, "hidden")
        assert result.verdict == "different"
        assert "data.csv has changed since the run" in [c.text for c in result.causes]
        found = bisect(made, "hidden")
    finally:
        (made.root / "data.csv").write_text("1\n2\n")
    assert found.exit_code == 1
    moved = {step.kind: step.moved for step in found.steps if step.moved}
    assert moved == {"cell": {"m": (15.0, 20.0)}, "data": {"m": (15.0, 21.0)}}
    assert "factor = 3" in next(step.what for step in found.steps if step.kind == "cell")
    assert (made.root / "data.csv").read_text() == "1\n2\n"


@pytest.mark.slow
def test_the_runs_own_environment_is_made_by_uv(made: Project) -> None:
    result = reproduce(made, "seeded", env="locked")
    assert (result.verdict, result.environment) == ("reproduced", "locked")
    assert list((made.home / "environments").glob("*/bin/python"))
    shutil.rmtree(made.home / "environments")


@pytest.mark.slow
def test_bisect_names_the_package_that_moved_the_metric(made: Project) -> None:
    record = runs.get_run(made, "versioned")
    path = next((made.home / "artifacts").glob(f"**/{record.run_id}/**/mlops/environment.txt"))
    written = path.read_text()
    # As if the run had been made before two packages were upgraded, one of which matters.
    older = re.sub(r"(?m)^six==.*$", "six==1.16.0", written)
    older = re.sub(r"(?m)^colorama==.*\n|(?m:^idna==.*$)", "idna==3.6", older)
    path.write_text(older)
    try:
        found = bisect(made, "versioned")
    finally:
        path.write_text(written)
        shutil.rmtree(made.home / "environments", ignore_errors=True)
    now = float(".".join(version("six").split(".")[:2]))
    moved = {step.what: step.moved for step in found.steps if step.moved}
    assert [what.split()[0] for what in moved] == ["six"]
    assert list(moved.values()) == [{"m": (1.16, now)}]
    assert found.exit_code == 1


@pytest.mark.slow
def test_a_cell_of_a_bare_papermill_job_is_a_run_with_its_parameters(
    project: Project, tmp_path: Path
) -> None:
    import papermill

    cells = [
        nbformat.v4.new_code_cell("%load_ext mlops_nb"),
        nbformat.v4.new_code_cell("depth = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("%%mlops run papered --metric m --param depth\nm = depth * 2.0"),
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    path = project.root / "job.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    papermill.execute_notebook(
        path,
        tmp_path / "out.ipynb",
        {"depth": 4},
        cwd=str(project.root),
        progress_bar=False,
    )
    sync(project)
    record = runs.get_run(project, "papered")
    assert (record.status, record.metrics, record.params["depth"]) == ("FINISHED", {"m": 8.0}, "4")
    result = reproduce(project, "papered")
    assert result.verdict == "reproduced"


def test_a_run_of_a_script_cannot_be_made_again(stored: Project) -> None:
    runs.create(stored, uid="1a", name="script", started_ms=1, tags={})
    with pytest.raises(InputError, match=r"has no mlops/slice.ipynb"):
        reproduce(stored, "script")


def test_metrics_are_compared_one_by_one() -> None:
    before = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "e": math.nan, "fit_seconds": 1.0, "x": 1.0}
    after = {"a": 1.0, "b": 2.0000001, "c": 3.1, "e": math.nan, "fit_seconds": 9.0, "x": 2.0}
    verdicts = {v.name: v.verdict for v in compare(before, after, 1e-6, ignore=["x"])}
    assert verdicts == {
        "a": "equal", "b": "within tolerance", "c": "different", "d": "missing", "e": "equal",
        "fit_seconds": "not compared", "x": "not compared",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "left_out"),
    [
        ("!pip install x", True),
        ("%pip install -q x", True),
        ("  !python -m pip install x", True),
        ("!conda install y -y", True),
        ("!pip list", False),
        ("pipe = install(3)", False),
        ("!wget http://x", False),
    ],
)
def test_lines_that_change_the_environment_are_left_out(line: str, left_out: bool) -> None:
    shown = without_installs(f"a = 1\n{line}\nb = 2")
    assert ("left out" in shown) is left_out
    assert shown.count("\n") == 2


def _slice(*sources: str) -> Slice:
    cells = tuple(SliceCell(source, count) for count, source in enumerate(sources, 1))
    return Slice(cells=cells, surroundings={})


def test_changes_of_cells_are_found_and_applied() -> None:
    before, after = _slice("a", "b", "c", "r"), _slice("a", "B", "C", "d", "r")
    found = list(changed_cells(before, after))
    everything: Any = applied(Setting(cells=before.cells), found)
    assert [cell.source for cell in everything.cells] == ["a", "B", "C", "d", "r"]
    pairs = list(changed_cells(_slice("a", "b", "r"), _slice("x", "y", "r")))
    assert len(pairs) == 2
    one = applied(Setting(cells=_slice("a", "b", "r").cells), pairs[1:])
    assert [cell.source for cell in one.cells] == ["a", "y", "r"]


def test_a_mirror_links_to_everything_but_what_is_swapped(tmp_path: Path) -> None:
    root, target = tmp_path / "root", tmp_path / "mirror"
    (root / "data/deep").mkdir(parents=True)
    (root / "data/x.csv").write_text("new")
    (root / "data/deep/y.csv").write_text("y")
    (root / "other.py").write_text("o")
    mirror(root, {"data/x.csv": b"old"}, target)
    assert (target / "data/x.csv").read_text() == "old"
    assert (root / "data/x.csv").read_text() == "new"
    assert (target / "data/deep").is_symlink()
    assert (target / "other.py").read_text() == "o"
