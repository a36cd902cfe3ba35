"""From the journal into the store: idempotent, resumable, and the only writer of our runs.

A run is found by its tag ``mlops.uid``; points are told apart by name, value, time and step, which
the store keeps unique. So a journal may be played again from any earlier place and changes nothing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from mlops_nb.config import Project, in_experiment
from mlops_nb.errors import MlopsError, NotFoundError, StoreError
from mlops_nb.tracking import journal as lines
from mlops_nb.tracking.batch import Batch
from mlops_nb.tracking.known import remember

NEWEST = 20
"""So many of the newest runs are looked at for names to complete."""

# What a journal that was cut off in its first line can never become.
_NO_START = "has no first line and is set aside"


@dataclass(kw_only=True)
class SyncReport:
    """What one pass brought over.

    Parameters
    ----------
    points : int
        Points of metrics written, those already there included.
    finished, killed : list of str
        Uids of runs that ended; those whose process died are KILLED.
    live : list of str
        Uids of runs that go on.
    warnings : list of str
        What could not be brought over, and why.
    """

    points: int = 0
    finished: list[str] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything was brought over."""
        return bool(self.points or self.finished or self.killed)


class Position(msgspec.Struct):
    """How far a journal is in a store, kept beside it as ``<uid>.position``."""

    run_id: str = ""
    offset: int = 0
    store: str = ""


def sync(project: Project) -> SyncReport:
    """Bring everything that the project's journals hold into the store.

    Parameters
    ----------
    project : Project
        Whose journals; several processes may call this at once, one works at a time.

    Returns
    -------
    SyncReport
        What was done. A journal that fails stays for the next pass and is named in `warnings`.

    Raises
    ------
    StoreError
        The store cannot be reached; the journals are kept.
    """
    from mlops_nb.store.runs import list_runs

    report = SyncReport()
    if not journals(project):
        return report
    with _one_at_a_time(project):
        for path in journals(project):
            try:
                _push(project, path, report)
            except StoreError:
                raise
            except FileNotFoundError:
                continue  # another process brought it over in between
            except MlopsError as error:
                report.warnings.append(f"{path.name}: {error.message}")
                _drop_deleted(project, path, report)
            except Exception as error:  # one journal must not hold up all others
                report.warnings.append(f"{path.name}: {type(error).__name__}: {error}")
        if report.finished or report.killed:
            with suppress(MlopsError):  # names for completion, which must not undo a good pass
                remember(project, list_runs(project, limit=NEWEST))
    return report


def push_run(project: Project, uid: str) -> str:
    """Bring one run into the store as far as its journal goes, and return MLflow's id of it.

    Raises
    ------
    NotFoundError
        There is neither a journal nor a stored run of that uid.
    StoreError
        The store cannot be reached.
    """
    from mlops_nb.store.runs import find_uid

    path = lines.journal_folder(project.home) / f"{uid}.jsonl"
    report = SyncReport()
    with _one_at_a_time(project):
        run_id = _push(project, path, report) if path.exists() else ""
    for warning in report.warnings:
        warnings.warn(warning, UserWarning, stacklevel=3)
    if run_id:
        return run_id
    record = find_uid(project, uid)
    if record is None:
        raise NotFoundError(f"run {uid} is neither in the journal nor in the store")
    return record.run_id


def journals(project: Project) -> list[Path]:
    """Return the journals that wait or grow, the oldest first."""
    folder = lines.journal_folder(project.home)
    if not folder.is_dir():
        return []
    found = []
    for path in folder.glob("*.jsonl"):
        try:
            found.append((path.stat().st_mtime_ns, path))
        except FileNotFoundError:
            continue
    return [path for _, path in sorted(found)]


@contextmanager
def _one_at_a_time(project: Project) -> Iterator[None]:
    folder = lines.journal_folder(project.home)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".pass.lock").open("w")
    except OSError as error:
        raise StoreError(
            f"cannot bring over the journals in {folder}: {error.strerror or error}",
            "make the folder writable; the journals are kept",
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _push(project: Project, path: Path, report: SyncReport) -> str:
    """Bring one journal over and return the run's id, empty when the journal is unusable."""
    # Asked before reading: what a dead writer left is complete.
    start = lines.first(path)
    live = lines.is_live(path) or (start is not None and lines.is_copy_of_live(path, start))
    # A writer faster than the store must not hold one pass for ever.
    size = path.stat().st_size
    position = _ensure_run(project, path, start)
    if not position.run_id:
        if not live:
            report.warnings.append(f"{path.name} {_NO_START}")
            path.rename(path.with_suffix(".broken"))
        return ""
    end: lines.End | None = None
    while end is None and position.offset < size:
        entries, offset, problems = lines.read(path, position.offset)
        report.warnings += problems
        if offset == position.offset:
            break
        batch = Batch.of(entries)
        batch.write(project, position.run_id, path.parent / path.stem, report.warnings)
        report.points += len(batch.points)
        end = batch.end
        # The end line is seen again by a pass after this one is cut off, or while its writer has
        # not let go of the journal yet; the points before it are not, which the store, looking
        # for each of them, would take ten times as long for.
        position.offset = lines.last_line(path, offset) if end is not None else offset
        _save(path, position)
    if not live and end is None and path.stat().st_size > position.offset:
        report.warnings.append(f"{path.name}: its last line is torn and is ignored")
    if end is not None or not live:
        _finish(project, path, position.run_id, end, report)
    else:
        report.live.append(path.stem)
    if not live:
        _remove(path)
    return position.run_id


def _drop_deleted(project: Project, path: Path, report: SyncReport) -> None:
    """Remove the journal of a run that somebody deleted from the store meanwhile."""
    from mlops_nb.store import runs

    position = _load(project, path)
    if position is None:
        return
    deleted = runs.is_deleted(project, position.run_id)
    if deleted is None:
        # The store is another one than before under the same address: begun again from nothing.
        path.with_suffix(".position").unlink(missing_ok=True)
    elif deleted and not lines.is_live(path):
        report.warnings.append(f"{path.name}: its run was deleted in the store; it goes too")
        _remove(path)


def _finish(
    project: Project, path: Path, run_id: str, end: lines.End | None, report: SyncReport
) -> None:
    from mlops_nb.store import runs

    status = end.status if end else "KILLED"
    start = lines.first(path)
    ended = end.at if end else path.stat().st_mtime_ns // 1_000_000
    # A clock that was set back must not give a run a negative duration.
    runs.finish(project, run_id, status=status, ended_ms=max(ended, start.at if start else 0))
    (report.finished if end else report.killed).append(path.stem)


def _ensure_run(project: Project, path: Path, start: lines.Start | None) -> Position:
    """Return how far a journal is, after making its run in the store when there is none."""
    from mlops_nb.store import runs

    saved = _load(project, path)
    if saved is not None:
        return saved
    if start is None:
        return Position()
    own = in_experiment(project, start.experiment)
    position = Position(store=_address(project))
    found = runs.find_uid(own, start.uid)
    if found is not None:
        position.run_id = found.run_id
        return position
    tags = dict(start.tags)
    if start.parent:
        parent = _parent_run_id(own, path.with_name(f"{start.parent}.jsonl"))
        tags |= {"mlflow.parentRunId": parent} if parent else {"mlops.parent": start.parent}
    position.run_id = runs.create(
        own, uid=start.uid, name=start.name, started_ms=start.at, tags=tags
    )
    _save(path, position)
    return position


def _parent_run_id(project: Project, path: Path) -> str:
    from mlops_nb.store.runs import find_uid

    try:
        return _ensure_run(project, path, lines.first(path)).run_id
    except FileNotFoundError:
        record = find_uid(project, path.stem)
        return record.run_id if record else ""


def _remove(path: Path) -> None:
    """Remove a journal that is in the store entirely; its lines last, so that a crash redoes it."""
    shutil.rmtree(path.parent / path.stem, ignore_errors=True)
    path.unlink(missing_ok=True)
    path.with_suffix(".position").unlink(missing_ok=True)


def _load(project: Project, path: Path) -> Position | None:
    try:
        found = msgspec.json.decode(path.with_suffix(".position").read_bytes(), type=Position)
    except (OSError, msgspec.DecodeError):
        return None  # lost or damaged: played again from the start
    return found if found.store == _address(project) else None


def _address(project: Project) -> str:
    """Return which store a position is of; a copied project or a new server has another."""
    from mlops_nb.store.connection import shown

    return shown(project.tracking_uri)


def _save(path: Path, position: Position) -> None:
    target = path.with_suffix(".position")
    aside = target.with_suffix(f".position.{os.getpid()}")
    aside.write_bytes(msgspec.json.encode(position))
    aside.replace(target)
