from __future__ import annotations

import signal
import threading
import time

import pytest

from mlops_nb.config import Retries
from mlops_nb.jobs.backoff import backoff, wait
from mlops_nb.jobs.supervisor import Stop


def test_waits_double_up_to_the_longest() -> None:
    retries = Retries(delay=2, longest=30, jitter=0)
    assert [backoff(retries, number) for number in range(6)] == [2, 4, 8, 16, 30, 30]
    assert backoff(retries, 10_000) == 30


def test_jitter_spreads_within_its_share() -> None:
    retries = Retries(delay=10, jitter=0.25)
    waits = {backoff(retries, 0) for _ in range(200)}
    assert len(waits) > 100
    assert min(waits) >= 7.5
    assert max(waits) <= 12.5


@pytest.mark.parametrize("seconds", [0, -1])
def test_no_wait_is_over_at_once(seconds: float) -> None:
    assert wait(seconds, Stop())


def test_a_request_to_stop_cuts_the_wait_short() -> None:
    stop = Stop()
    threading.Timer(0.2, stop.signals.append, [signal.SIGTERM]).start()
    began = time.monotonic()
    assert not wait(30, stop)
    assert time.monotonic() - began < 10
