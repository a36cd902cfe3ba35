"""A store whose tables are of another MLflow than the one installed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from mlops_nb.config import Project
from mlops_nb.errors import StoreError
from mlops_nb.store.connection import _quieten, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaState:
    """How a store's tables stand to the MLflow that is installed.

    Parameters
    ----------
    state : str
        ``current``, ``older``, ``newer`` (of a revision that this MLflow does not know), or
        ``empty``.
    found, expected : str
        Revision in the store, and the one this MLflow wants.
    mlflow : str
        The installed version.
    """

    state: Literal["current", "older", "newer", "empty"]
    found: str
    expected: str
    mlflow: str


def schema_state(project: Project) -> SchemaState:
    """Look at a database store's schema without changing it.

    Raises
    ------
    StoreError
        The store is behind a server, or cannot be read.
    """
    _quieten()
    import mlflow
    from alembic.script import ScriptDirectory
    from mlflow.store.db.utils import _get_alembic_config

    uri = project.tracking_uri
    if uri.startswith(("http://", "https://")):
        raise StoreError(
            f"the store {shown(uri)} is a server's, which looks after its own database",
            "mlflow db upgrade, on the server's machine",
        )
    script = ScriptDirectory.from_config(_get_alembic_config(uri))
    known = {revision.revision for revision in script.walk_revisions()}
    expected = str(script.get_current_head())
    found = _revision(uri)
    if not found:
        state: Literal["current", "older", "newer", "empty"] = "empty"
    elif found == expected:
        state = "current"
    else:
        state = "older" if found in known else "newer"
    return SchemaState(state=state, found=found, expected=expected, mlflow=mlflow.__version__)


def upgrade(project: Project) -> Path | None:
    """Bring an older database to the installed MLflow's schema; a copy of it is made first.

    Returns
    -------
    Path or None
        The copy, for SQLite; another database is backed up by its own means.

    Raises
    ------
    StoreError
        The database is of a newer MLflow, or the upgrade failed; the copy is then as it was.
    """
    import sqlalchemy as sa
    from mlflow.store.db.utils import _upgrade_db

    state = schema_state(project)
    if state.state == "newer":
        raise StoreError(newer(project, state), "pip install --upgrade mlflow-skinny")
    if state.state != "older":
        return None
    copy = _back_up(project, state.found)
    engine = sa.create_engine(project.tracking_uri)
    try:
        _upgrade_db(engine)
    except Exception as error:
        kept = f"the copy {copy} is as it was before" if copy else "restore your backup"
        raise StoreError(f"the store could not be upgraded: {error}", kept) from error
    finally:
        engine.dispose()
    return copy


def newer(project: Project, state: SchemaState) -> str:
    """Return the sentence that says the store is of a newer MLflow."""
    return (
        f"the store {shown(project.tracking_uri)} was written by a newer MLflow than "
        f"{state.mlflow}, which is installed (its schema is {state.found})"
    )


def _revision(uri: str) -> str:
    import sqlalchemy as sa

    path = _file_of(uri)
    if path is not None and not path.is_file():
        return ""
    engine: Any = sa.create_engine(uri)
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return ""
            row = connection.execute(sa.text("SELECT version_num FROM alembic_version")).first()
    except sa.exc.SQLAlchemyError as error:
        text = str(error).partition("\n")[0]
        raise StoreError(f"cannot read the store {shown(uri)}: {text}") from error
    finally:
        engine.dispose()
    return str(row[0]) if row else ""


def _back_up(project: Project, revision: str) -> Path | None:
    path = _file_of(project.tracking_uri)
    if path is None:
        return None
    stamp = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    copy = path.with_name(f"{path.name}.{revision}.{stamp}.backup")
    # SQLite's own copying: right also while others write, and with what still is in the WAL.
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _file_of(uri: str) -> Path | None:
    """Return the file of a SQLite store, None for any other database."""
    import sqlalchemy as sa

    url = sa.make_url(uri)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
