"""One MLflow client per store: quiet, quick to give up, and SQLite tuned where it is ours."""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import sqlite3
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError, StoreError
from mlops_nb.store import embedded
from mlops_nb.store.embedded import sqlite_path

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

# Two threads whose first imports are different parts of MLflow wait for each other's locks, and
# Python ends that by handing out a module that is half made. So `client` comes before its parts.
_importing = Lock()
# Read by MLflow when it is first imported; a user's own setting wins.
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
REACH_SECONDS = 3.0
"""How long a server may take to accept a connection before it counts as unreachable."""

_REFUSALS = {
    "BAD_REQUEST",
    "INVALID_PARAMETER_VALUE",
    "INVALID_STATE",
    "RESOURCE_ALREADY_EXISTS",
}


def client(project: Project) -> MlflowClient:
    """Return the MLflow client of the project's store.

    Parameters
    ----------
    project : Project
        Whose store to open; an embedded SQLite store is created on first use.

    Returns
    -------
    MlflowClient
        For tracking and registry, shared by all callers in this process.

    Raises
    ------
    StoreError
        The store cannot be reached within seconds, or cannot be opened.
    """
    uri = project.tracking_uri
    _check_reachable(uri)
    try:
        with store_errors(project):
            return _client(uri)
    except InputError as error:  # a URI of a kind that MLflow does not know
        raise StoreError(f"cannot use the store {shown(uri)}: {error.message}") from error


def experiment_id(project: Project) -> str:
    """Return MLflow's id of the project's experiment, creating it on first use.

    Raises
    ------
    StoreError
        The store cannot be used, or the experiment was deleted in it.
    """
    tracking = client(project)
    with store_errors(project):
        return _experiment_id(tracking, project.tracking_uri, project.experiment, project.home)


def exists(project: Project) -> bool:
    """Whether there is a store to read: False for an embedded one nobody has written yet."""
    path = sqlite_path(project.tracking_uri)
    return path is None or path.is_file()


@contextmanager
def store_errors(project: Project) -> Iterator[None]:
    """Turn what MLflow, its database and its transport raise into our own errors.

    Raises
    ------
    NotFoundError
        The store holds nothing of that id.
    InputError
        The store refused an argument: a filter, a name, a value.
    StoreError
        The store cannot be reached or used.
    """
    _note_import()
    _quieten()
    with _importing:
        import mlflow  # noqa: F401
    import requests
    import sqlalchemy as sa
    from mlflow.exceptions import MlflowException

    hint = "check `tracking-uri` in [tool.mlops] and MLFLOW_TRACKING_URI"
    where = shown(project.tracking_uri)
    try:
        yield
    except MlflowException as error:
        text = str(error).partition("\n")[0]
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise NotFoundError(text) from error
        if error.error_code in _REFUSALS:
            raise InputError(f"the store refused this: {text}") from error
        if "database schema" in text:
            other = f"the tables of the store {where} are of another MLflow version"
            raise StoreError(other, "mlops run migrate says which, and upgrades it") from error
        raise StoreError(f"cannot use the store {where}: {text}", hint) from error
    except PermissionError as error:
        raise StoreError(
            f"cannot use the store {where}: {error.strerror}: {error.filename}",
            "make the folder writable, or name another store: `tracking-uri` in [tool.mlops]",
        ) from error
    except (requests.RequestException, sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        text = str(error).partition("\n")[0]
        raise StoreError(f"cannot use the store {where}: {text}", hint) from error


def shown(uri: str) -> str:
    """Return a URI without its password, fit to be printed."""
    parts = urlsplit(uri)
    if not parts.password:
        return uri
    return uri.replace(f":{parts.password}@", ":***@")


def was_first() -> bool:
    """Whether MLflow was imported here before anybody else did in this process."""
    return bool(_note_import.cache_info().currsize and _note_import())


@lru_cache(maxsize=1)
def _note_import() -> bool:
    return "mlflow" not in sys.modules


def _quieten() -> None:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    # Where somebody has imported MLflow before us, the variables come too late for these two.
    for logger in ("mlflow.store.db.utils", "alembic"):
        logging.getLogger(logger).setLevel(logging.WARNING)


def _check_reachable(uri: str) -> None:
    """Fail in seconds where MLflow's own retries would take minutes."""
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or parts.hostname is None:
        return
    proxied = parts.scheme in urllib.request.getproxies()
    if proxied and not urllib.request.proxy_bypass(parts.hostname):
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), timeout=REACH_SECONDS).close()
    except OSError as error:
        raise StoreError(
            f"cannot reach the store {shown(uri)}: {error}",
            "is the server up? check `tracking-uri` in [tool.mlops] and MLFLOW_TRACKING_URI",
        ) from error


@lru_cache(maxsize=8)
def _client(uri: str) -> MlflowClient:
    path = sqlite_path(uri)
    if path is None:
        return _open(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two processes that migrate one empty database at the same time break it.
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        embedded.prepare(path, lambda: _open(uri), metadata.version("mlflow-skinny"))
        safe = embedded.set_wal(path)
        created = _open(uri)
        _tune(created, wal=safe)
    return created


def _open(uri: str) -> MlflowClient:
    from mlflow.tracking import MlflowClient

    created = MlflowClient(tracking_uri=uri, registry_uri=uri)
    # Its stores are made, and an empty database migrated, when they are first asked for.
    _ = created._tracking_client.store, created._get_registry_client().store
    return created


def _tune(created: MlflowClient, *, wal: bool) -> None:
    """Set what SQLite forgets with each connection, on the engines of this client alone."""
    import sqlalchemy as sa

    stores = (created._tracking_client.store, created._get_registry_client().store)
    for engine in {id(e): e for s in stores if (e := getattr(s, "engine", None))}.values():
        sa.event.listen(engine, "connect", _normal if wal else _patient)
        engine.dispose()


def _normal(connection: Any, _record: object) -> None:
    # With WAL a power cut may lose the last transactions, never the file; the journal has them.
    connection.execute("PRAGMA synchronous=NORMAL")
    _patient(connection, _record)


def _patient(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout=30000")


@lru_cache(maxsize=32)
def _experiment_id(tracking: MlflowClient, uri: str, name: str, home: Path) -> str:
    from mlflow.exceptions import MlflowException

    found = tracking.get_experiment_by_name(name)
    if found is None:
        # A server knows where its artifacts go; an embedded store would put them in ./mlruns.
        location = (home / embedded.ARTIFACTS).as_uri() if sqlite_path(uri) else None
        with suppress(MlflowException):  # another process may have made it in between
            created: str = tracking.create_experiment(name, artifact_location=location)
            return created
        found = tracking.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage != "active":
        raise StoreError(
            f"experiment {name!r} is deleted in the store or cannot be created",
            "restore it in MLflow, or choose another `experiment` in [tool.mlops]",
        )
    identifier: str = found.experiment_id
    return identifier
