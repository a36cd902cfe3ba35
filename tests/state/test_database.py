"""The door to the state: many first users at once, and a database that cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from mlops_nb.config import Project, load_project
from mlops_nb.errors import MissingExtraError, StoreError
from mlops_nb.state import claims
from mlops_nb.state.database import transaction

FIRST_USE = """
import sys, time
from dataclasses import replace
from pathlib import Path
from mlops_nb.config import load_project
from mlops_nb.state import alerts, attempts, claims  # their tables
from mlops_nb.state import claims
from mlops_nb.state.database import transaction
project = load_project()
for number in range(int(sys.argv[1])):
    Path(f"ready-{sys.argv[2]}-{number}").touch()
    while len(list(Path().glob(f"ready-*-{number}"))) < 4:
        time.sleep(0.001)
    own = replace(project, root=project.root / f"p{number}")
    with transaction(own):
        pass
"""


@pytest.mark.slow
def test_first_users_at_the_same_moment_all_get_in(project: Project) -> None:
    users = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_USE, "20", str(number)], stderr=subprocess.PIPE, text=True
        )
        for number in range(4)
    ]
    said = [user.communicate(timeout=120)[1] for user in users]
    assert [user.returncode for user in users] == [0, 0, 0, 0], "\n".join(said)


@pytest.mark.parametrize("uri", ["nonsense", "unknown://x", "sqlite:////proc/nowhere/state.db"])
def test_a_database_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("MLOPS_STATE_URI", uri)
    with pytest.raises(StoreError, match=r"state database"), transaction(load_project(tmp_path)):
        pass


def test_a_password_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_STATE_URI", "unknown://me:secret@host/db")
    with pytest.raises(StoreError) as caught, transaction(load_project(tmp_path)):
        pass
    assert "secret" not in str(caught.value)
    assert "***" in str(caught.value)


def test_an_error_in_the_block_undoes_it(project: Project) -> None:
    def count() -> int:
        with transaction(project) as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one())

    with transaction(project) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")

    def fail_after_writing() -> None:
        with transaction(project) as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_writing()
    assert count() == 0


def test_a_table_of_an_earlier_version_gets_its_new_columns(project: Project) -> None:
    assert "seen" in claims._claims.c
    with sqlite3.connect(project.root / "old.db") as old:
        old.execute(
            "CREATE TABLE claims (job VARCHAR, logical_time VARCHAR, attempt VARCHAR, "
            "running BOOLEAN, host VARCHAR, pid INTEGER, pid_started FLOAT)"
        )
        old.execute("INSERT INTO claims VALUES ('j', 't', 'a', 0, 'h', 1, 1.0)")
    old.close()
    config = structs.replace(project.config, state_uri=f"sqlite:///{project.root / 'old.db'}")
    with transaction(replace(project, config=config)) as connection:
        rows = connection.exec_driver_sql("SELECT job, seen FROM claims").all()
    assert [tuple(row) for row in rows] == [("j", "")]


def test_a_driver_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setenv("MLOPS_STATE_URI", "postgresql://me@127.0.0.1:1/db")
    with pytest.raises(MissingExtraError) as caught, transaction(load_project(tmp_path)):
        pass
    assert "mlops-nb[postgres]" in caught.value.hint
