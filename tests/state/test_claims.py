from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.errors import ExitCode
from mlops_nb.state.attempts import stamp
from mlops_nb.state.claims import (
    LOST_AFTER,
    AlreadyClaimedError,
    ConcurrencyError,
    Owner,
    abandoned,
    beat,
    claim,
    release,
)

DUE = datetime(2026, 4, 1, 6, tzinfo=UTC)


def try_to_claim(root: Path, number: int, barrier: object, won: object) -> None:
    project = load_project(root)
    barrier.wait()  # type: ignore[attr-defined]
    for due in range(20):
        try:
            claim(project, "train", DUE.replace(minute=due), f"{number}-{due}", again=False)
        except AlreadyClaimedError:
            continue
        won.put(due)  # type: ignore[attr-defined]


def test_a_due_time_is_claimed_once(project: Project) -> None:
    claim(project, "train", DUE, "a")
    with pytest.raises(AlreadyClaimedError, match="is running for 2026-04-01T06:00") as caught:
        claim(project, "train", DUE, "b")
    assert caught.value.exit_code == ExitCode.ALREADY_RUNNING
    claim(project, "score", DUE, "c")
    claim(project, "train", DUE.replace(microsecond=1), "d")


def test_a_due_time_that_ended_is_free_unless_once_is_asked_for(project: Project) -> None:
    claim(project, "train", DUE, "a")
    release(project, "a")
    with pytest.raises(AlreadyClaimedError, match="has run"):
        claim(project, "train", DUE, "b", again=False)
    claim(project, "train", DUE, "b")
    with pytest.raises(AlreadyClaimedError, match="is running"):
        claim(project, "train", DUE, "c")


def test_the_claim_of_a_dead_process_is_abandoned(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = Owner.me()
    assert me.alive()
    earlier = Owner(host=me.host, pid=me.pid, started=me.started - 100)
    assert not earlier.alive()
    assert Owner(host="another", pid=1, started=0.0).alive()
    monkeypatch.setattr(Owner, "me", classmethod(lambda cls: earlier))
    claim(project, "train", DUE, "a")
    monkeypatch.undo()
    assert abandoned(project) == ["a"]
    claim(project, "train", DUE, "b")
    assert abandoned(project) == []


def test_a_process_whose_parent_does_not_look_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = psutil.Process(child.pid)
    owner = Owner(host=Owner.me().host, pid=child.pid, started=process.create_time())
    assert owner.alive()
    child.kill()
    while process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert not owner.alive()
    child.communicate()


def test_another_machine_is_alive_while_it_is_heard_of() -> None:
    owner = Owner(host="another", pid=1, started=0.0)
    now = datetime.now(UTC)
    assert owner.alive(stamp(now))
    assert not owner.alive(stamp(now - LOST_AFTER))


def test_no_more_run_at_once_than_the_job_allows(project: Project) -> None:
    claim(project, "train", DUE, "a", concurrency=2)
    claim(project, "train", DUE.replace(minute=1), "b", concurrency=2)
    claim(project, "score", DUE, "c", concurrency=1)
    with pytest.raises(ConcurrencyError, match="running 2 times, its concurrency is 2") as caught:
        claim(project, "train", DUE.replace(minute=2), "d", concurrency=2)
    assert caught.value.exit_code == ExitCode.ALREADY_RUNNING
    release(project, "a")
    claim(project, "train", DUE.replace(minute=2), "d", concurrency=2)
    claim(project, "train", DUE.replace(minute=3), "e")
    beat(project, "e")


@pytest.mark.slow
def test_of_several_processes_exactly_one_gets_each_due_time(project: Project) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, won = context.Barrier(3), context.Queue()
    processes = [
        context.Process(target=try_to_claim, args=(project.root, number, barrier, won))
        for number in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert sorted(won.get(timeout=5) for _ in range(20)) == list(range(20))
    assert won.empty()
