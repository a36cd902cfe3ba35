"""The door to git: which commit the code is at, what is not committed, and anchored words."""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DIFF_LIMIT = 1_000_000
"""Longest diff kept, in characters; notebooks with their outputs can make it huge."""

ANCHORS = "refs/mlops/audit"
"""A chain of empty commits beside all branches; ``git push origin refs/mlops/audit`` shares it."""

_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GitState:
    """The state of a working tree.

    Parameters
    ----------
    commit : str
        The full id of the commit checked out; empty before the first commit.
    branch : str
        Its branch; empty when the head is detached.
    dirty : bool
        Whether tracked files differ from the commit, or untracked ones are there.
    diff : str
        What differs from the commit, cut at :data:`DIFF_LIMIT` characters.
    untracked : tuple of str
        Files that git does not know, relative to the working tree.
    remote : str
        URL of ``origin``, without a user name or a password.
    """

    commit: str
    branch: str
    dirty: bool
    diff: str = ""
    untracked: tuple[str, ...] = ()
    remote: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON-serialisable values."""
        return asdict(self)


def snapshot(root: Path) -> GitState | None:
    """Return the state of the working tree around a folder.

    Parameters
    ----------
    root : Path
        A folder inside the working tree.

    Returns
    -------
    GitState or None
        None when the folder is in no working tree, or git is not installed or does not answer.
    """
    # A cell waits for this, and starting git takes longest; the name keeps it out of its record.
    with ThreadPoolExecutor(1, thread_name_prefix="mlops-git") as beside:
        asked = beside.submit(_git, root, "config", "--get", "remote.origin.url")
        status = _git(root, "status", "--porcelain=v2", "--branch", "-z")
    if status is None:
        return None
    commit = branch = ""
    untracked = []
    changed = False
    for entry in filter(None, status.split("\0")):
        if entry.startswith("# branch.oid "):
            commit = entry.removeprefix("# branch.oid ").removeprefix("(initial)")
        elif entry.startswith("# branch.head "):
            branch = entry.removeprefix("# branch.head ").removeprefix("(detached)")
        elif entry.startswith("? "):
            untracked.append(entry[2:])
        elif not entry.startswith("#"):
            changed = True
    diff = (_git(root, "diff", "HEAD", "--no-color", "--no-ext-diff") or "") if changed else ""
    if len(diff) > DIFF_LIMIT:
        diff = diff[:DIFF_LIMIT] + f"\n[cut: {len(diff)} characters in all]\n"
    return GitState(
        commit=commit,
        branch=branch,
        dirty=changed or bool(untracked),
        diff=diff,
        untracked=tuple(untracked),
        remote=re.sub(r"(?<=://)[^/@]+@", "", (asked.result() or "").strip()),
    )


def email(root: Path) -> str:
    """Return whom git takes the user for, an empty string when it does not know."""
    return (_git(root, "config", "--get", "user.email") or "").strip()


def is_committed(root: Path, path: str) -> bool | None:
    """Whether a file lies there as the commit checked out has it.

    Parameters
    ----------
    root : Path
        A folder inside the working tree.
    path : str
        The file, from there.

    Returns
    -------
    bool or None
        None when the folder is in no working tree, or git does not answer.
    """
    if _git(root, "rev-parse", "--is-inside-work-tree") is None:
        return None
    known = _git(root, "ls-files", "--error-unmatch", "--", path)
    return known is not None and _git(root, "diff", "HEAD", "--quiet", "--", path) is not None


def anchor(root: Path, words: str) -> bool:
    """Keep a line in the repository for good, as a commit that holds no file.

    Parameters
    ----------
    root : Path
        A folder inside the working tree.
    words : str
        The line.

    Returns
    -------
    bool
        False when the folder is in no repository, or git refuses.
    """
    tree = _git(root, "mktree", stdin=b"")
    if tree is None:
        return False
    before = (_git(root, "rev-parse", "--quiet", "--verify", ANCHORS) or "").strip()
    # It is the suite that writes; who promoted stands in the audit log.
    name = ("-c", "user.name=mlops", "-c", "user.email=mlops@localhost")
    parent = ("-p", before) if before else ()
    commit = _git(root, *name, "commit-tree", tree.strip(), *parent, "-m", words)
    # Naming what was there before makes a second writer of the same moment fail.
    return commit is not None and (
        _git(root, "update-ref", ANCHORS, commit.strip(), before or "0" * 40) is not None
    )


def anchored(root: Path) -> list[str]:
    """Return the lines kept by :func:`anchor`, the newest first."""
    return (_git(root, "log", "--format=%s", ANCHORS, "--") or "").splitlines()


def content_at(root: Path, commit: str, path: str) -> bytes | None:
    """Return a file's content as a commit has it, None when it does not.

    Parameters
    ----------
    root : Path
        A folder of the working tree.
    commit : str
        The commit.
    path : str
        The file, relative to `root`.
    """
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), "show", f"{commit}:./{path}"],
            capture_output=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout if answer.returncode == 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHistory:
    """What commits did to a file.

    Parameters
    ----------
    commits : int
        How many changed it.
    first, last : datetime
        When the first and the last of them were made, in UTC.
    """

    commits: int
    first: datetime
    last: datetime


def histories(root: Path, pattern: str) -> dict[str, FileHistory]:
    """Return the history of every file below a folder whose path fits a pattern.

    Parameters
    ----------
    root : Path
        A folder of the working tree.
    pattern : str
        As git's pathspec has it: ``*.ipynb``.

    Returns
    -------
    dict
        Path relative to `root` → its history; empty outside of a working tree. A file that was
        renamed counts under both names.
    """
    log = _git(root, "log", "--format=%x00%ct", "--name-only", "--relative", "-z", "--", pattern)
    moments: dict[str, list[datetime]] = {}
    moment = None
    for entry in (log or "").split("\0"):
        name = entry.lstrip("\n")
        if name.isdigit() and not entry.startswith("\n"):
            moment = datetime.fromtimestamp(int(name), UTC)
        elif name and moment is not None:
            moments.setdefault(name, []).append(moment)
    return {
        name: FileHistory(commits=len(times), first=min(times), last=max(times))
        for name, times in moments.items()
    }


def _git(root: Path, *arguments: str, stdin: bytes | None = None) -> str | None:
    """Return what a git command prints, None when it fails."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            check=False,
            timeout=_TIMEOUT,
            input=stdin or b"",
            # Only looking: never wait for, or leave behind, the index lock of the user's own git.
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.decode("utf-8", "replace") if answer.returncode == 0 else None
