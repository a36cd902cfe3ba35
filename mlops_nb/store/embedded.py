"""The embedded SQLite store: a file of the project, made in a moment and moved with its folder."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlops_nb.errors import StoreError

ARTIFACTS = "artifacts"
_NETWORK_FILE_SYSTEMS = {"9p", "afs", "cifs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs"}
# Every column in which MLflow writes down where files are.
_PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def sqlite_path(uri: str) -> Path | None:
    """Return the file of an SQLite store, None for a store of another kind."""
    if not uri.startswith("sqlite:///"):
        return None
    return Path(uri.removeprefix("sqlite:///").partition("?")[0])


def prepare(path: Path, migrate: Callable[[], None], version: str) -> None:
    """Give a new store its tables, and an old one the place that it is in.

    Parameters
    ----------
    path : Path
        The database; its folder exists, and the caller is alone with it.
    migrate : callable
        Makes MLflow's tables in it, which takes a second or more. The result is kept in the
        user's cache for the next project.
    version : str
        MLflow's version, whose tables the kept result has.
    """
    if path.is_file() and path.stat().st_size:
        _relocate(path)
        return
    template = _cache() / f"mlflow-{version}.db"
    if template.is_file():
        _copy(template, path)
        return
    set_wal(path)  # first of all: migrating writes the file a hundred times
    migrate()
    with suppress(OSError, sqlite3.Error):  # a cache that cannot be written costs time alone
        template.parent.mkdir(parents=True, exist_ok=True)
        aside = template.with_name(f"{template.name}.{os.getpid()}")
        _copy(path, aside)
        aside.replace(template)


def set_wal(path: Path) -> bool:
    """Let readers look while a writer writes, where the file system allows it; say whether."""
    if _on_network(path.parent):
        return False
    # The mode stays with the file.
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    return True


def copy_store(source: Path, target: Path) -> None:
    """Copy a store with its files, so that nothing done to the copy reaches the original.

    Parameters
    ----------
    source, target : Path
        The databases; their files lie in a folder beside each.

    Raises
    ------
    StoreError
        Files of the store lie elsewhere, so that a copy would go on using them.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    here = target.parent / ARTIFACTS
    here.mkdir(exist_ok=True)
    if (source.parent / ARTIFACTS).is_dir():
        shutil.copytree(source.parent / ARTIFACTS, here, dirs_exist_ok=True)
    _relocate(target)
    with closing(sqlite3.connect(target)) as new:
        found = [
            row[0]
            for table, column in _PLACES
            for row in new.execute(f"SELECT {column} FROM {table}")  # noqa: S608
            if row[0] and not str(row[0]).startswith((here.as_uri(), "models:/"))
        ]
    if found:
        raise StoreError(
            f"the store {source} keeps files at {found[0]}, outside of its folder {ARTIFACTS}",
            "a copy of it would share them",
        )


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        # MLflow's own experiment, whose place is that of the first project that was made here.
        folder = (target.parent / ARTIFACTS / "0").as_uri()
        new.execute("UPDATE experiments SET artifact_location = ?", (folder,))
        new.commit()


def _relocate(path: Path) -> None:
    """Make a copied or moved project look for its files where it is, not where it was.

    A project's files lie beside its database; only addresses below another folder of that name
    in a ``.mlops``, with a copy of the files here, are rewritten.
    """
    here = path.parent / ARTIFACTS
    if not here.is_dir():
        return
    with closing(sqlite3.connect(path, timeout=30)) as database:
        try:
            found = database.execute("SELECT artifact_location FROM experiments").fetchall()
        except sqlite3.OperationalError:  # no store of MLflow's, which will say so itself
            return
        roots = {root for (place,) in found if (root := _root(place))}
        for old in roots - {here.as_uri()}:
            for table, column in _PLACES:
                database.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608
                    f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    (here.as_uri(), len(old) + 1, old, len(old) + 1, f"{old}/"),
                )
        database.commit()


def _root(place: str | None) -> str | None:
    """Return the folder of a project's files that an experiment's address names."""
    parts = urlsplit(place or "")
    if parts.scheme != "file" or "/" not in parts.path:
        return None
    folder = Path(unquote(parts.path))
    if folder.name.isdigit():  # MLflow's own experiment lies one deeper
        folder = folder.parent
    is_ours = folder.name == ARTIFACTS and folder.parent.name == ".mlops"
    return folder.as_uri() if is_ours else None


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "mlops_nb"


def _on_network(folder: Path) -> bool:
    """Whether a folder is on a network file system, where SQLite's WAL is unsafe."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    resolved = folder.resolve()
    best, kind = -1, ""
    for line in mounts:
        _, mount, file_system, *_ = line.split(" ")
        point = mount.replace("\\040", " ")
        if resolved.is_relative_to(point) and len(point) > best:
            best, kind = len(point), file_system
    return kind in _NETWORK_FILE_SYSTEMS
