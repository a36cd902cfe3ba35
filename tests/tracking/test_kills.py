"""A process that logs is killed at a random moment; nothing is lost, nothing is doubled.

``pytest tests/tracking/test_kills.py --kills 200`` tries as many moments.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import mlops_nb
from mlops_nb.config import Project
from mlops_nb.store import connection, runs
from mlops_nb.tracking import journal as lines
from mlops_nb.tracking import sync

pytestmark = pytest.mark.slow
POINTS = 2000


def _victim(project: Project, say: Callable[[str], object]) -> None:
    """Log run after run; what it says was logged before, so the journal has to have it."""
    while True:
        with mlops_nb.run("victim") as run:
            for i in range(POINTS):
                mlops_nb.log_metric("m", i * 0.5, step=i // 2)
                if i % 400 == 0:
                    mlops_nb.log_param(f"p{i}", i)
                    mlops_nb.log_text(str(i), f"texts/{i}.txt")
                    say(f"{run.uid} {i}\n")
        say(f"{run.uid} end\n")


def _syncer(project: Project, say: Callable[[str], object]) -> None:
    # A forked connection belongs to the parent.
    connection._client.cache_clear()
    connection._experiment_id.cache_clear()
    connection.client(project)
    say("up\n")
    while True:
        sync.sync(project)


def _fork(work: Callable[[Project, Callable[[str], object]], None], project: Project):
    """Run something in a forked process, which starts in no time; return it and its words."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            work(project, lambda text: os.write(writing, text.encode()))
        finally:
            os._exit(1)
    os.close(writing)
    return pid, os.fdopen(reading)


def test_killed_at_random_moments(stored: Project, request: pytest.FixtureRequest) -> None:
    chance = random.Random(20261124)
    killed = Counter[str]()
    for _ in range(request.config.getoption("--kills", default=5)):
        syncer, ready = _fork(_syncer, stored)
        assert ready.readline() == "up\n"
        writer, words = _fork(_victim, stored)
        first = words.readline()
        time.sleep(chance.uniform(0, 0.3))
        # The syncer dies in the middle of its work as well, before the writer or after it.
        for pid in sorted((syncer, writer), key=lambda _: chance.random()):
            os.kill(pid, signal.SIGKILL)
            assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
        said = dict(line.split() for line in (first + words.read()).splitlines())
        words.close()
        ready.close()
        killed += _check(stored, said)
    print(dict(killed))
    uids = Counter(run.uid for run in runs.list_runs(stored, limit=100_000))
    assert set(uids.values()) <= {1}


def _check(project: Project, said: dict[str, str]) -> Counter[str]:
    """Compare the store with the journals and with what the victim said."""
    waiting = {path.stem: _entries(path) for path in sync.journals(project)}
    report = sync.sync(project)
    assert [w for w in report.warnings if "torn" not in w and "set aside" not in w] == []
    assert not sync.journals(project)
    statuses = Counter[str]()
    for uid, word in said.items():
        record = runs.get_run(project, uid)
        _check_run(project, record, word, waiting.get(uid))
        statuses[record.status] += 1
    return statuses


def _check_run(
    project: Project, record: runs.RunRecord, word: str, entries: list[lines.Entry] | None
) -> None:
    history = connection.client(project).get_metric_history(record.run_id, "m")
    points = sorted((m.step, m.value) for m in history)
    # A prefix of what the victim logs, each point once, at least as far as it said.
    assert points == [(i // 2, i * 0.5) for i in range(len(points))]
    assert len(points) > (POINTS - 1 if word == "end" else int(word))
    if entries is None:  # the syncer had brought all of it over: its end, or its writer's death
        ended = word == "end" or record.status == "FINISHED"
    else:
        assert len(points) == sum(isinstance(e, lines.Metric) for e in entries)
        ended = any(isinstance(e, lines.End) for e in entries)
    assert record.status == ("FINISHED" if ended else "KILLED")
    said = range(0, len(points) if word == "end" else int(word) + 1, 400)
    assert all(record.params[f"p{i}"] == str(i) for i in said)
    assert {f"texts/{i}.txt" for i in said} <= set(runs.artifacts(project, record.run_id))


def _entries(path: Path) -> list[lines.Entry]:
    found: list[lines.Entry] = []
    offset = 0
    while True:
        entries, after, _ = lines.read(path, offset)
        if after == offset:
            return found
        found, offset = found + entries, after
