"""Rows on their way into a log, off the path of whoever waits for an answer."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from mlops_nb.errors import InputError
from mlops_nb.monitoring.prediction_files import ID

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 200_000
"""Rows that wait at most; when the log cannot be written for long, the oldest are given up."""

_log = logging.getLogger(__name__)


class Recorder:
    """Collects rows and writes them, many at a time, in a thread of its own.

    A kill loses what was collected since the last writing; :meth:`close` loses nothing.

    Parameters
    ----------
    write : callable
        Takes a frame with ``prediction_id``, each id once.
    seconds : float
        Rows wait so long at most.
    rows : int
        So many rows are written at once, without waiting.
    """

    def __init__(
        self, write: Callable[[pd.DataFrame], object], *, seconds: float = 10.0, rows: int = 5000
    ) -> None:
        self._write = write
        self._seconds = seconds
        self._rows = rows
        self._waiting: list[pd.DataFrame] = []
        self._count = 0
        self._closed = False
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._due = threading.Event()
        threading.Thread(target=self._work, name="mlops-recorder", daemon=True).start()
        atexit.register(self.close)

    def add(self, frame: pd.DataFrame) -> None:
        """Take rows; returns at once, but for rows that come after :meth:`close`."""
        with self._lock:
            self._waiting.append(frame)
            self._count += len(frame)
        if self._closed:
            self.flush()
        elif self._count >= self._rows:
            self._due.set()

    def flush(self) -> None:
        """Write what waits; what cannot be written now waits on."""
        with self._writing:
            with self._lock:
                frames, self._waiting, self._count = self._waiting, [], 0
            if not frames:
                return
            try:
                kept = self._store(frames)
            except Exception:
                _log.exception("predictions could not be logged; they are tried again")
                kept = frames
            self._put_back(kept)

    def close(self) -> None:
        """Write what waits, and from now on every row as it comes."""
        self._closed = True
        self._due.set()
        self.flush()

    def _work(self) -> None:
        while not self._closed:
            self._due.wait(self._seconds)
            self._due.clear()
            self.flush()

    def _store(self, frames: list[pd.DataFrame]) -> list[pd.DataFrame]:
        """Write frames as one; returns those to be tried again."""
        import pandas as pd

        rows = pd.concat(frames, ignore_index=True)
        try:
            # Asked twice under one id: the log keeps the newest, and takes each id once.
            self._write(rows.drop_duplicates(ID, keep="last"))
        except InputError as error:
            if isinstance(error.__cause__, OSError):
                raise
            if len(frames) == 1:
                _log.warning("%d predictions cannot be logged: %s", len(rows), error.message)
                return []
            # One request's odd values must not keep the others out.
            return [one for frame in frames for one in self._store([frame])]
        return []

    def _put_back(self, frames: list[pd.DataFrame]) -> None:
        with self._lock:
            self._waiting = [*frames, *self._waiting]
            self._count = sum(map(len, self._waiting))
            lost = 0
            while self._count > MOST_ROWS:
                first = self._waiting.pop(0)
                self._count -= len(first)
                lost += len(first)
        if lost:
            _log.error("%d predictions were given up: the log could not be written", lost)
