from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mlops_nb import git


def _git(folder: Path, *words: str) -> str:
    identity = [
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.org",
        "-c",
        "init.defaultBranch=main",
    ]
    answer = subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return answer.stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    _git(tmp_path, "init")
    (tmp_path / "a.py").write_text("x = 1\n")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-m", "first")
    return tmp_path


def test_clean_tree(tree: Path) -> None:
    state = git.snapshot(tree)
    assert state is not None
    assert (state.commit, state.branch) == (_git(tree, "rev-parse", "HEAD"), "main")
    assert (state.dirty, state.diff, state.remote) == (False, "", "")


def test_change_is_in_the_diff_and_untracked_is_named(tree: Path) -> None:
    (tree / "a.py").write_text("x = 2\n")
    (tree / "über uns.py").write_text("")
    state = git.snapshot(tree)
    assert state is not None
    assert state.dirty
    assert "+x = 2" in state.diff
    assert state.untracked == ("über uns.py",)


def test_staged_change_counts(tree: Path) -> None:
    (tree / "a.py").write_text("x = 3\n")
    _git(tree, "add", "a.py")
    state = git.snapshot(tree)
    assert state is not None
    assert "+x = 3" in state.diff


def test_huge_diff_is_cut(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "DIFF_LIMIT", 50)
    (tree / "a.py").write_text("y" * 500)
    state = git.snapshot(tree)
    assert state is not None
    assert len(state.diff) < 120
    assert "characters in all" in state.diff


def test_before_the_first_commit(tmp_path: Path) -> None:
    _git(tmp_path, "init")
    state = git.snapshot(tmp_path)
    assert state is not None
    assert state.commit == ""


def test_detached_head_has_no_branch(tree: Path) -> None:
    _git(tree, "checkout", "--detach")
    state = git.snapshot(tree)
    assert state is not None
    assert state.branch == ""


def test_password_in_the_remote_is_dropped(tree: Path) -> None:
    _git(tree, "remote", "add", "origin", "https://me:hunter2@example.org/a/b.git")
    state = git.snapshot(tree)
    assert state is not None
    assert state.remote == "https://example.org/a/b.git"


def test_no_tree_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert git.snapshot(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert git.snapshot(tmp_path) is None


def test_anchored_words_stay_beside_all_branches(tree: Path) -> None:
    assert git.anchored(tree) == []
    assert git.anchor(tree, "seal-1 promote m/1")
    assert git.anchor(tree, "seal-2 rollback m/1")
    assert git.anchored(tree) == ["seal-2 rollback m/1", "seal-1 promote m/1"]
    state = git.snapshot(tree)
    assert state is not None
    assert not state.dirty
    assert _git(tree, "log", "--format=%s", "HEAD") == "first"


def test_nothing_is_anchored_outside_of_a_repository(tmp_path: Path) -> None:
    assert not git.anchor(tmp_path, "words")
    assert git.anchored(tmp_path) == []


def test_whom_git_takes_the_user_for(tree: Path) -> None:
    _git(tree, "config", "user.email", "ana@example.org")
    assert git.email(tree) == "ana@example.org"


def test_the_history_of_files_that_fit_a_pattern(tree: Path) -> None:
    assert git.histories(tree, "*.ipynb") == {}
    folder = tree / "deep"
    folder.mkdir()
    for content in ("1", "2"):
        (folder / "ä b.ipynb").write_text(content, encoding="utf-8")
        (folder / "7").write_text(content)
        _git(tree, "add", ".")
        _git(tree, "commit", "-m", content)
    found = git.histories(tree, "*.ipynb")
    assert list(found) == ["deep/ä b.ipynb"]
    assert found["deep/ä b.ipynb"].commits == 2
    assert found["deep/ä b.ipynb"].first <= found["deep/ä b.ipynb"].last
    assert list(git.histories(folder, "*.ipynb")) == ["ä b.ipynb"]


def test_outside_of_a_working_tree_there_is_no_history(tmp_path: Path) -> None:
    assert git.histories(tmp_path, "*") == {}
