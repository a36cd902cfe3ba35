"""The requirements that hold for a notebook, whatever file they are written in."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_nb.lint.surroundings import has_module, requirements

FILES = {
    "requirements.txt": "# tools\nPandas==3.0.1  # table\nscikit_learn[plot]>=1.5\n--index-url x\n",
    "requirements-dev.in": "pandas == 3.0.1\nscikit-learn\n",
    "environment.yml": (
        "dependencies:\n  - python=3.11\n  - conda-forge::pandas=3.0.1\n"
        "  - pip:\n    - scikit-learn\n"
    ),
    "pyproject.toml": (
        '[project]\nname = "flights"\ndependencies = ["pandas==3.0.1"]\n'
        '[project.optional-dependencies]\nml = ["scikit-learn>=1.5"]\n'
    ),
    "Pipfile": '[packages]\npandas = "==3.0.1"\nscikit-learn = "*"\n',
}


@pytest.mark.parametrize("name", FILES)
def test_the_names_are_read_from_each_kind_of_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    found = requirements(tmp_path, tmp_path)
    assert {"pandas", "scikit-learn"} <= found.keys()
    assert found["pandas"] in ("3.0.1", "")
    assert "index-url" not in found


def test_poetry_and_groups(tmp_path: Path) -> None:
    text = (
        '[dependency-groups]\ntest = ["pytest", {include-group = "x"}]\n'
        '[tool.poetry.dependencies]\npolars = "^1"\n'
        '[tool.poetry.group.dev.dependencies]\nruff = "*"\n'
    )
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert {"pytest", "polars", "ruff"} <= requirements(tmp_path, tmp_path).keys()


def test_the_nearest_file_up_to_the_root_holds(tmp_path: Path) -> None:
    inner = tmp_path / "project" / "notebooks"
    inner.mkdir(parents=True)
    (tmp_path / "requirements.txt").write_text("outside\n", encoding="utf-8")
    assert requirements(inner, tmp_path / "project") == {}
    (tmp_path / "project" / "requirements.txt").write_text("inside\n", encoding="utf-8")
    assert requirements(inner, tmp_path / "project").keys() == {"inside"}
    (tmp_path / "project" / "requirements.txt").write_text("changed-since\n", encoding="utf-8")
    assert requirements(inner, tmp_path / "project").keys() == {"changed-since"}


def test_a_broken_file_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n", encoding="utf-8")
    assert requirements(tmp_path, tmp_path) == {}


def test_modules_beside_and_above(tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    (tmp_path / "src" / "flights").mkdir(parents=True)
    folder.mkdir()
    (folder / "utils.py").touch()
    assert has_module("utils", folder, tmp_path)
    assert has_module("flights", folder, tmp_path)
    assert not has_module("flights", folder, None)
    assert not has_module("gone", folder, tmp_path)
