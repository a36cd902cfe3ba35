"""The state in PostgreSQL, as several machines share it: a real server, real processes."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from mlops_nb.config import Project, load_project
from mlops_nb.result import Result, Status
from mlops_nb.state import audit, deliveries
from mlops_nb.state.alerts import Found, acknowledge, list_alerts, record
from mlops_nb.state.attempts import begin, end, last_scheduled, list_attempts, past_by_job
from mlops_nb.state.claims import (
    AlreadyClaimedError,
    ConcurrencyError,
    abandoned,
    claim,
    release,
)
from mlops_nb.state.database import transaction

pytestmark = pytest.mark.slow

DUE = datetime(2026, 4, 1, 6, tzinfo=UTC)


@pytest.fixture
def shared(project: Project, database: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose state is in an empty database of the server."""
    # Without a driver in the URL, as people write it.
    url = sa.make_url(database).set(drivername="postgresql")
    monkeypatch.setenv("MLOPS_STATE_URI", url.render_as_string(hide_password=False))
    return load_project(project.root)


def contend(root: Path, number: int, barrier: object, won: object) -> None:
    project = load_project(root)
    barrier.wait()  # type: ignore[attr-defined]
    for minute in range(20):
        try:
            claim(project, "train", DUE.replace(minute=minute), f"{number}-{minute}", again=False)
        except AlreadyClaimedError:
            continue
        won.put(("due", minute))  # type: ignore[attr-defined]
    try:
        claim(project, "narrow", DUE.replace(minute=number), f"n{number}", concurrency=2)
        won.put(("narrow", number))  # type: ignore[attr-defined]
    except ConcurrencyError:
        won.put(("refused", number))  # type: ignore[attr-defined]
    failed = Result(name="a.b", subject="all", status=Status.FAILED, message="fell")
    found = Found(model="m", job="j", attempt=f"a{number}", folder="f", due=DUE)
    for news, _ in record(project, found, [failed]):
        won.put((news, number))  # type: ignore[attr-defined]
    for delivery in deliveries.take_due(project, datetime(2030, 1, 1, tzinfo=UTC)):
        won.put(("delivery", delivery.id))  # type: ignore[attr-defined]
    barrier.wait()  # type: ignore[attr-defined]


def test_processes_that_share_a_server_do_everything_once(shared: Project) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, won = context.Barrier(4), context.Queue()
    # The very first use is contended as well: nobody has made the tables yet.
    processes = [
        context.Process(target=contend, args=(shared.root, number, barrier, won))
        for number in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    seen = [won.get(timeout=5) for _ in range(20 + 4 + 4)]
    assert won.empty()
    assert sorted(number for what, number in seen if what == "due") == list(range(20))
    counts = Counter(what for what, _ in seen)
    assert (counts["narrow"], counts["refused"]) == (2, 2)
    assert (counts["new"], counts["ongoing"]) == (1, 3)
    (alert,) = list_alerts(shared)
    assert alert.windows == 4


def test_a_message_is_handed_out_once(shared: Project) -> None:
    with transaction(shared) as connection:
        for number in range(3):
            deliveries.enqueue(connection, "a", ["chat"], title=f"t{number}", body="b")
    now = datetime.now(UTC)
    first = deliveries.take_due(shared, now)
    assert [delivery.title for delivery in first] == ["t0", "t1", "t2"]
    assert deliveries.take_due(shared, now) == []
    deliveries.settle(shared, first[0].id, "")
    deliveries.settle(shared, first[1].id, "down")
    assert deliveries.undelivered(shared) == [("a", "chat", "down")]


def test_the_rest_of_the_state_works_as_on_sqlite(shared: Project) -> None:
    claim(shared, "train", DUE, "a")
    begin(
        shared,
        "a",
        job="train",
        logical_time=DUE,
        origin="schedule",
        parent=None,
        folder="f",
    )
    end(shared, "a", status="succeeded")
    release(shared, "a")
    assert abandoned(shared) == []
    assert last_scheduled(shared) == {"train": DUE}
    assert past_by_job(shared)["train"].ended_for == DUE
    assert [row.status for row in list_attempts(shared)] == ["succeeded"]
    failed = Result(name="a.b", subject="all", status=Status.FAILED)
    record(shared, Found(model="m", job="j", attempt="a", folder="f", due=DUE), [failed])
    (alert,) = list_alerts(shared)
    assert acknowledge(shared, alert.id, "seen").note == "seen"
    assert audit.entries(shared) == []
