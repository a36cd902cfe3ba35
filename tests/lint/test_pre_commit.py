"""The hook, as another repository uses it: a real ``pre-commit run`` from a local clone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_nb.lint.example import Example

ROOT = Path(__file__).parents[2]
PRE_COMMIT = Path(sys.executable).with_name("pre-commit")
MEGABYTES = 60

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PRE_COMMIT.exists(), reason="pre-commit is not installed"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not in a clone of the repository"),
]


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    command = ["git", *identity, "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def hook_repository(tmp_path: Path) -> Path:
    """A repository that holds this one's files as they are now."""
    clone = tmp_path / "hook"
    for name in git(ROOT, "ls-files", "-z", "-co", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, clone / name)
    git(clone, "init", "-q")
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "all")
    return clone


@pytest.fixture
def foreign(tmp_path: Path, hook_repository: Path) -> Path:
    """Another repository, with the hook in its configuration."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    revision = git(hook_repository, "rev-parse", "HEAD").strip()
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hook_repository}\n  rev: {revision}\n  hooks:\n  - id: mlops-lint\n",
        encoding="utf-8",
    )
    git(folder, "init", "-q")
    return folder


def test_the_hook_stops_a_bad_notebook_and_lets_a_good_one_pass(
    foreign: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    unset = ("VIRTUAL_ENV", "PYTHONPATH", "GIT_DIR", "GIT_INDEX_FILE")
    environment = {k: v for k, v in os.environ.items() if k not in unset}
    environment["PRE_COMMIT_HOME"] = str(home)

    def run() -> subprocess.CompletedProcess[str]:
        git(foreign, "add", "-A")
        return subprocess.run(
            [str(PRE_COMMIT), "run", "--all-files", "--color=never"],
            cwd=foreign,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    (foreign / "good.ipynb").write_bytes(Example(cells=["print(1)"]).to_bytes())
    (foreign / "bad.ipynb").write_bytes(Example(cells=["print(gone)"]).to_bytes())
    (foreign / "notes.json").write_text("{", encoding="utf-8")
    stopped = run()
    assert stopped.returncode == 1, stopped.stdout + stopped.stderr
    assert "bad.ipynb:cell 0:1:7: NBX001 'gone' is bound nowhere" in stopped.stdout
    assert "1 finding in 2 notebooks" in stopped.stdout

    (foreign / "bad.ipynb").write_bytes(Example(cells=["gone = 1\nprint(gone)"]).to_bytes())
    passed = run()
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout

    environments = list(home.glob("repo*/py_env*"))
    assert len(environments) == 1
    files = [path for path in environments[0].rglob("*") if path.is_file()]
    size = sum(path.lstat().st_size for path in files) / 1e6
    assert size < MEGABYTES, f"the hook's environment takes {size:.0f} MB"
    assert not [path for path in files if "labextension" in path.parts and path.suffix == ".js"]
