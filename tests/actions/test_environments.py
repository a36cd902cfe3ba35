"""Environments compared and locked."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_nb.actions.compare_environments import PYTHON, compare_environments
from mlops_nb.actions.lock_environment import dockerfile, lock_environment, wanted
from mlops_nb.cli.main import mlops
from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.modelfile.modules import modules
from mlops_nb.result import Status

CLICK = metadata.version("click")


def notebook(project: Project, *sources: str, name: str = "a.ipynb") -> Path:
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": one}
        for one in sources
    ]
    path = project.root / name
    path.write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})
    )
    return path


def test_what_the_notebook_imports_stands_first_and_fails(project: Project) -> None:
    book = notebook(
        project, "%pip list\nimport sklearn.linear_model as m", "def f():\n import numpy"
    )
    (project.root / "requirements.lock").write_text(
        "aaa==1\nclick==2\nscikit_learn==1.0\nnumpy==9\n", encoding="utf-8"
    )
    here = {PYTHON: "3.11.7", "aaa": "2", "click": "2", "scikit-learn": "1.1", "numpy": "9"}
    compared = compare_environments(project, notebooks=[book], here=here)
    assert compared.matters == ("numpy", "scikit-learn")
    assert [(d.package, d.matters) for d in compared.differences] == [
        ("scikit-learn", True), ("aaa", False),
    ]  # fmt: skip
    lock, model = compared.results()
    assert (lock.status, model.status) == (Status.FAILED, Status.NOT_APPLICABLE)
    assert "scikit-learn 1.1 (1.0)" in lock.message

    harmless = compare_environments(project, notebooks=[], here={**here, "scikit-learn": "1.0"})
    assert harmless.results()[0].status is Status.WARNED
    here |= {"scikit-learn": "1.0", "aaa": "1"}
    same = compare_environments(project, notebooks=[book], here=here)
    assert same.results()[0].status is Status.PASSED


def test_a_package_that_is_missing_counts_when_it_matters(project: Project) -> None:
    book = notebook(project, "import numpy")
    lock = project.root / "requirements.lock"
    lock.write_text("numpy==9\npywin32==3 ; sys_platform == 'win32'\n", encoding="utf-8")
    (result, _) = compare_environments(project, notebooks=[book], here={PYTHON: "3.11"}).results()
    assert (result.status, result.value) == (Status.FAILED, 1.0)
    assert "numpy missing (9)" in result.message


class Evil:
    """Its pickle would run a command."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("touch /tmp/must-not-be",)


@pytest.mark.slow
def test_a_model_file_says_what_it_is_made_of_without_being_loaded(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    from mlops_nb import modelfile

    estimator = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    kept = modelfile.save(estimator, tmp_path / "model")
    assert {"sklearn", "numpy"} <= modules(kept.path)
    for protocol in (0, 2, 5):
        path = tmp_path / f"model-{protocol}.pkl"
        path.write_bytes(pickle.dumps(estimator, protocol=protocol))
        assert {"sklearn", "numpy"} <= modules(path)
    evil = tmp_path / "evil.pkl"
    evil.write_bytes(pickle.dumps(Evil()))
    assert modules(evil) & {"os", "posix"}
    assert not Path("/tmp/must-not-be").exists()
    evil.write_bytes(b"\x80\x04nonsense")
    with pytest.raises(InputError, match="cannot look into the model file"):
        modules(evil)


def test_what_is_wanted_is_declared_or_imported(project: Project) -> None:
    (project.root / "mine.py").write_text("")
    book = notebook(project, "import json, mine, yaml\nfrom click import echo")
    (project.root / "pyproject.toml").write_text(
        '[project]\nname = "x"\ndependencies = ["rich>=13"]'
    )
    assert wanted(project, [book]) == ["click", "pyyaml", "rich>=13"]
    other = notebook(project, "import not_here_at_all", name="b.ipynb")
    with pytest.raises(InputError, match="imports not_here_at_all, which is not installed here"):
        wanted(project, [other])
    (project.root / "pyproject.toml").unlink()
    with pytest.raises(InputError, match="nothing to lock"):
        wanted(project, [notebook(project, "import json", name="c.ipynb")])


def test_no_container_without_a_lock_that_has_hashes(project: Project) -> None:
    with pytest.raises(InputError, match="no lock to build from"):
        dockerfile(project)
    (project.root / "requirements.lock").write_text("a==1 \\\n    --hash=sha256:00\nb==2\n")
    with pytest.raises(InputError, match=r"has no hash of b==2"):
        dockerfile(project)


@pytest.mark.slow
def test_the_lock_is_what_runs_here_and_can_be_installed(project: Project, tmp_path: Path) -> None:
    book = notebook(project, "import click, msgspec")
    path = lock_environment(project, [book])
    text = path.read_text(encoding="utf-8")
    assert f"\nclick=={CLICK}" in text
    assert "://" not in text
    assert text.count("--hash=sha256:") > 2
    assert [p.name for p in project.root.glob(".requirements*")] == []

    recipe = dockerfile(project)
    assert (
        recipe.index("--require-hashes") < recipe.index("\nUSER app") < recipe.index("ENTRYPOINT")
    )
    assert "--compile" in recipe
    assert f"FROM python:{sys.version_info[0]}.{sys.version_info[1]}-slim" in recipe
    # What the recipe says about installing, done.
    words = recipe.partition("RUN python -m pip install ")[2].partition("-r requirements.lock")[0]
    options = words.replace("\\\n", " ").split()
    folder = tmp_path / "image"
    command = [sys.executable, "-m", "pip", "install", "-q", *options, "-r", str(path)]
    done = subprocess.run([*command, "--target", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(folder.glob("click/__pycache__/*.pyc"))

    checked = CliRunner().invoke(mlops, ["env", "check", "--format", "json"])
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.output)["results"][0]["status"] == "passed"
    path.write_text(text.replace(f"click=={CLICK}", "click==0.0.1"))
    (project.root / "mlops.toml").write_text('[jobs.a]\nnotebook = "a.ipynb"\n')
    compared = CliRunner().invoke(mlops, ["env", "diff", "a"])
    assert compared.exit_code == 1
    assert compared.output.splitlines()[1].split() == ["click", CLICK, "0.0.1", "-", "yes"]
    assert "1 differ, 1 of them matter" in compared.output
