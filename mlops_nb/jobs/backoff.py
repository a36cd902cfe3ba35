"""When an attempt that ended badly is tried again."""

from __future__ import annotations

import random
import time

from mlops_nb.config import Retries
from mlops_nb.jobs.child import POLL_SECONDS
from mlops_nb.jobs.supervisor import Stop


def backoff(retries: Retries, number: int) -> float:
    """Return the seconds to wait before a repetition.

    ``delay · 2^number``, at most ``longest``, times a factor drawn evenly from
    ``[1 − jitter, 1 + jitter]``.

    Parameters
    ----------
    retries : Retries
        What is configured.
    number : int
        How many repetitions there were before, from 0.
    """
    # Doubling without end would overflow; nobody waits for 2^60 seconds.
    wait = min(retries.delay * 2.0 ** min(number, 60), retries.longest)
    return wait * random.uniform(1 - retries.jitter, 1 + retries.jitter)  # noqa: S311 - no secret


def wait(seconds: float, stop: Stop) -> bool:
    """Wait; False when it was cut short by a request to stop."""
    until = time.monotonic() + seconds
    while not stop.requested:
        left = until - time.monotonic()
        if left <= 0:
            return True
        time.sleep(min(left, POLL_SECONDS))
    return False
