"""Every code block of the README does what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_nb.config import load_project

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
MLOPS = str(Path(sys.executable).parent / "mlops")


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


def commands(prefix: str) -> list[str]:
    lines = [
        line.partition("#")[0].strip() for text in blocks("bash") for line in text.splitlines()
    ]
    return [line for line in lines if line.startswith(prefix)]


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert {language for language, _ in BLOCKS} <= {"bash", "python", "toml", "yaml"}
    known = ("make ", "mlops ", "pip install ")
    assert len(commands("")) == sum(len(commands(prefix)) for prefix in known)


@pytest.mark.parametrize("command", commands("make "))
def test_make_targets_exist(command: str) -> None:
    done = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", commands("pip install "))
def test_the_installations_resolve(command: str) -> None:
    """The base install itself is run by tests/lint/test_pre_commit.py."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.is_file():
        pytest.skip("there is no uv in this environment")
    done = subprocess.run(
        [str(uv), *shlex.split(command), "--dry-run", "--python", sys.executable],
        cwd=ROOT,
        env={**os.environ, "SKIP_JUPYTER_BUILDER": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "does not have an extra" not in done.stderr


@pytest.mark.parametrize("text", blocks("toml"))
def test_job_files_are_valid(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert load_project(tmp_path).config.jobs


@pytest.mark.parametrize("text", blocks("yaml"))
def test_the_hook_is_one_that_the_repository_offers(text: str) -> None:
    """What a foreign repository does with it is run in tests/lint/test_pre_commit.py."""
    yaml = pytest.importorskip("yaml")
    offered = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (repository,) = yaml.safe_load(text)["repos"]
    assert {hook["id"] for hook in repository["hooks"]} <= {hook["id"] for hook in offered}


@pytest.mark.slow
def test_the_cells_run(tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    cells = [nbformat.v4.new_code_cell(text) for text in blocks("python")]
    book = nbformat.v4.new_notebook(cells=cells)
    done = NotebookClient(
        book, timeout=180, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert "forest" in str(done.cells[2].outputs)
    assert (tmp_path / ".mlops" / "mlops.db").is_file()


@pytest.mark.slow
def test_the_commands_run(tmp_path: Path) -> None:
    """A new project on a table of one's own, as the README starts one."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(3)
    size = 3000
    months, region = rng.integers(1, 60, size), rng.choice(["north", "south"], size)
    churned = rng.random(size) < 0.15 + 0.4 * (months < 12) + 0.1 * (region == "south")
    history = pd.DataFrame({"months": months, "region": region, "churned": churned.astype(int)})
    (tmp_path / "data").mkdir()
    history.to_csv(tmp_path / "data" / "history.csv", index=False)
    for command in commands("mlops "):
        done = subprocess.run(
            [MLOPS, *command.split()[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert "version 1 is live" in done_status(tmp_path)


def done_status(folder: Path) -> str:
    return subprocess.run(
        [MLOPS, "status"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
