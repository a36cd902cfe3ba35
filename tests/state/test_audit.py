"""The audit log: append-only, sealed, and honest about it."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.errors import StoreError
from mlops_nb.state import audit
from mlops_nb.state.database import transaction


def add(project: Project, version: int, **details: object) -> audit.Entry:
    with transaction(project) as connection:
        return audit.append(
            connection, action="promote", model="flights", version=version, details=details
        )


def tamper(project: Project, *statements: str) -> None:
    with sqlite3.connect(project.home / "state.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


UNLOCK = ("DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete")


def test_entries_come_back_in_order_with_their_seals(project: Project) -> None:
    first, second = add(project, 1, reason="first"), add(project, 2, reason="ä → β")
    assert audit.entries(project, "flights") == [first, second]
    assert audit.entries(project, "other") == []
    assert (first.position, second.position) == (1, 2)
    assert first.seal != second.seal
    assert second.details == {"reason": "ä → β"}
    assert audit.broken(project) == []


def test_an_entry_stands_or_falls_with_its_transaction(project: Project) -> None:
    add(project, 1)
    with suppress(RuntimeError), transaction(project) as connection:
        audit.append(connection, action="promote", model="flights", version=2, details={})
        raise RuntimeError
    assert [entry.version for entry in audit.entries(project)] == [1]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET version = 9", "DELETE FROM audit WHERE position = 1"]
)
def test_the_database_itself_refuses_changes(project: Project, statement: str) -> None:
    add(project, 1)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        tamper(project, statement)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET version = 9 WHERE position = 2", "entry 2 was changed"),
        ("UPDATE audit SET details = 'nonsense' WHERE position = 1", "entry 1 was changed"),
        ("UPDATE audit SET actor = 'somebody' WHERE position = 3", "entry 3 was changed"),
        ("DELETE FROM audit WHERE position = 2", "entries 2 to 2 are missing"),
        (
            "INSERT INTO audit SELECT 4, time, actor, action, model, version, details, 'x' "
            "FROM audit WHERE position = 1",
            "entry 4 was changed",
        ),
    ],
)
def test_tampering_shows(project: Project, statement: str, found: str) -> None:
    for version in (1, 2, 3):
        add(project, version)
    tamper(project, *UNLOCK, statement)
    assert any(found in problem for problem in audit.broken(project))
    assert audit.entries(project)


def test_an_unusable_database_is_a_store_error(project: Project) -> None:
    project.home.mkdir()
    (project.home / "state.db").mkdir()
    with pytest.raises(StoreError):
        audit.entries(project)


def _add_many(root: Path) -> None:
    project = load_project(root)
    for version in range(10):
        add(project, version)


@pytest.mark.slow
def test_writers_of_several_processes_make_one_chain(project: Project) -> None:
    add(project, 99)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add_many, args=(project.root,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert [entry.position for entry in audit.entries(project)] == list(range(1, 22))
    assert audit.broken(project) == []
