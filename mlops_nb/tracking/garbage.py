"""What may go for good: deleted runs, and the environments that replays were made in."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_nb.config import Project

if TYPE_CHECKING:
    from mlops_nb.store.lifecycle import DeletedRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """What can be removed.

    Parameters
    ----------
    runs : tuple of DeletedRun
        Runs in the bin.
    environments : tuple of (Path, int)
        Environments of replays, and their sizes in bytes.
    """

    runs: tuple[DeletedRun, ...]
    environments: tuple[tuple[Path, int], ...]

    @property
    def bytes(self) -> int:
        """Size of all of it."""
        return sum(run.bytes for run in self.runs) + sum(size for _, size in self.environments)


def find_garbage(project: Project, *, older_than_days: float = 0) -> Garbage:
    """Return what was deleted, or made for a replay, at least so many days ago."""
    from mlops_nb.store.lifecycle import deleted_runs

    limit = datetime.now(UTC) - timedelta(days=older_than_days)
    runs = deleted_runs(project, older_than_days=older_than_days)
    kept = project.home / "environments"
    environments = [
        (path, _size(path))
        for path in (sorted(kept.iterdir()) if kept.is_dir() else [])
        if path.is_dir() and datetime.fromtimestamp(path.stat().st_mtime, UTC) <= limit
    ]
    return Garbage(runs=tuple(runs), environments=tuple(environments))


def remove_environments(garbage: Garbage) -> None:
    """Remove the environments; the next replay makes anew what it needs."""
    for path, _ in garbage.environments:
        shutil.rmtree(path, ignore_errors=True)
        path.with_suffix(".txt").unlink(missing_ok=True)


def _size(folder: Path) -> int:
    return sum(f.lstat().st_size for f in folder.rglob("*") if f.is_file())
