"""The door to dask.distributed: points of a sweep or a backfill on the workers of a cluster.

dask delivers at least once: when a worker dies, its tasks run again elsewhere. The claim and the
attempt's folder make that exactly-once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from mlops_nb.errors import InputError, MissingExtraError, StoreError

SCHEME = "dask://"
CONNECT_SECONDS = 10

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def scatter(
    engine: str, work: Callable[[str, Task], Answer], root: Path, tasks: Sequence[Task]
) -> Iterator[Answer]:
    """Have every task done by some worker and yield the answers as they come.

    Parameters
    ----------
    engine : str
        ``dask://host:port`` of the scheduler.
    work : callable
        Given the project's root and a task; importable on the workers.
    root : Path
        The project's root, at the same path on every worker.
    tasks : sequence
        What to do; one at a time per worker thread.

    Raises
    ------
    InputError
        The engine is of another kind.
    MissingExtraError
        dask.distributed is not installed.
    StoreError
        The scheduler cannot be reached.
    """
    if not engine.startswith(SCHEME):
        raise InputError(f"unknown engine {engine!r}", "--engine dask://host:8786")
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise MissingExtraError("dask.distributed", "dask") from error
    try:
        client = Client(engine.replace(SCHEME, "tcp://", 1), timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise StoreError(f"no dask scheduler answers at {engine}: {error}") from error
    with client:
        futures = [client.submit(work, str(root), task, pure=False, retries=2) for task in tasks]
        for future in as_completed(futures):
            yield future.result()
