"""The metrics of a run as a chart that grows while its cell trains.

A cell that trains blocks the kernel's main thread, and what logs a point has microseconds for it.
So the chart reads the run's journal, in a thread of its own, and tells the front end at most four
times a second: logging costs the same whether somebody looks or not.
"""

from __future__ import annotations

import threading
import time
from html import escape
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mlops_nb.errors import InputError
from mlops_nb.tracking import current, drawing, journal
from mlops_nb.tracking.active import Run
from mlops_nb.tracking.executed import interactive_shell
from mlops_nb.widgets.frontend import speaks_widgets

if TYPE_CHECKING:
    from mlops_nb.widgets.view import View

SECONDS = 0.25
"""Between two messages to the front end."""

METRICS = 12
"""At most so many metrics are drawn: the first ones."""

_POINTS = 300
_POINTS_KEPT = 100


class Curve:
    """Points of one metric at even distances, whatever their number, and the last one."""

    def __init__(self) -> None:
        self._points: list[tuple[float, float]] = []
        self._every = 1
        self._seen = 0
        self._last: tuple[float, float] | None = None

    def add(self, step: float, value: float) -> None:
        """Take a point."""
        self._last = (step, value)
        if self._seen % self._every == 0:
            self._points.append(self._last)
        self._seen += 1
        if len(self._points) >= 2 * _POINTS:
            self._points = self._points[::2]
            self._every *= 2

    def points(self, most: int = _POINTS) -> list[tuple[float, float]]:
        """Return about `most` of the points, the last among them."""
        kept = drawing.thinned(self._points, most)
        return kept if self._last is None or kept[-1] == self._last else [*kept, self._last]


class RunReader:
    """What a run has logged so far, read from its journal.

    Parameters
    ----------
    run : Run
        A run that has not ended.

    Raises
    ------
    InputError
        It has ended, and its journal is in the store.
    """

    def __init__(self, run: Run) -> None:
        path = journal.journal_folder(run.project.home) / f"{run.uid}.jsonl"
        try:
            # Kept open: when the run has ended, the file may be brought over and removed.
            self._file = path.open("rb")
        except FileNotFoundError:
            raise InputError(
                f"run {run.name!r} has ended", f"%mlops run show {run.uid[:8]}"
            ) from None
        self.name = run.name
        self.status = "RUNNING"
        self.curves: dict[str, Curve] = {}
        self._started = self._ended = 0

    def read(self) -> bool:
        """Read on; whether there was anything new."""
        found = False
        while not self._file.closed:
            entries, _, _ = journal.read_on(self._file)
            for entry in entries:
                self._take(entry)
            if not entries:
                break
            found = True
        return found

    def _take(self, entry: journal.Entry) -> None:
        match entry:
            case journal.Start():
                self._started = entry.at
            case journal.Metric():
                if entry.key in self.curves or len(self.curves) < METRICS:
                    curve = self.curves.setdefault(entry.key, Curve())
                    curve.add(float(entry.step), float(entry.value))
            case journal.End():
                self.status, self._ended = entry.status, entry.at
                self._file.close()

    @property
    def seconds(self) -> float:
        """How long the run lasts, or has lasted."""
        return ((self._ended or time.time_ns() // 1_000_000) - self._started) / 1000

    def html(self) -> str:
        """Return the curves as drawings that need no script."""
        told = [f"run {self.name} · {self.status.lower()} · {self.seconds:.1f} s"]
        drawn = ""
        for key, curve in self.curves.items():
            points = curve.points(_POINTS_KEPT)
            if len(points) > 1:
                drawn += drawing.curves(key, [self.name], [points])
            else:
                told.append(f"{key} {points[0][1]:.6g}")
        return f"<p>{escape(' · '.join(told))}</p>{drawn}"

    def text(self) -> str:
        """Return the curves as bars of text."""
        lines = [f"run {self.name} · {self.status.lower()} · {self.seconds:.1f} s"]
        for key, curve in self.curves.items():
            values = [value for _, value in curve.points()]
            lines.append(f"{key}  {drawing.bars(values, values)}  {values[-1]:.6g}")
        return "\n".join(lines)


class LiveChart:
    """A view that follows a run until it ends.

    Parameters
    ----------
    run : Run
        The run.
    """

    def __init__(self, run: Run) -> None:
        from mlops_nb.widgets.view import View

        self._reader = RunReader(run)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._told = 0.0
        self._reader.read()
        self.view: View = View(kind="live", data=self._data())
        threading.Thread(target=self._follow, name="mlops-live", daemon=True).start()

    def update(self) -> RunReader:
        """Show what has come since, and return what is known of the run."""
        with self._lock:
            now = time.monotonic()
            if self._reader.read() or now - self._told >= 1:
                self._told = now
                self.view.data = self._data()
            if self._reader.status != "RUNNING":
                self._over.set()
        return self._reader

    def _follow(self) -> None:
        while not self._over.wait(SECONDS):
            self.update()

    def _data(self) -> dict[str, Any]:
        from mlops_nb.widgets.view import plain

        return {
            "name": self._reader.name,
            "status": self._reader.status,
            "seconds": self._reader.seconds,
            "curves": {
                key: [[step, plain(value)] for step, value in curve.points()]
                for key, curve in self._reader.curves.items()
            },
        }


def live(run: Run | None = None) -> None:
    """Show the metrics of a run as a chart that grows while the cell trains.

    Where no widget can be shown (papermill, nbconvert, a saved notebook), the finished curves
    stand in its place; outside of a notebook nothing happens.

    Parameters
    ----------
    run : Run, optional
        The run; the current one by default.

    Raises
    ------
    InputError
        No run is active, or this one has ended.

    Examples
    --------
    >>> import mlops_nb
    >>> with mlops_nb.run("network"):  # doctest: +SKIP
    ...     mlops_nb.live()
    ...     for epoch in range(30):
    ...         mlops_nb.log_metric("loss", train_one_epoch())
    """
    run = run or current.require()
    shell = interactive_shell()
    if getattr(shell, "kernel", None) is None:
        return
    chart = LiveChart(run) if speaks_widgets() else None
    reader = chart.update() if chart else RunReader(run)
    _Output(shell, reader, chart)


class _Output:
    """The output of the cell: the chart, and what a reader without widgets finds in its place."""

    def __init__(self, shell: Any, reader: RunReader, chart: LiveChart | None) -> None:
        self._shell, self._reader, self._chart = shell, reader, chart
        self._id = uuid4().hex
        self._show(update=False)
        shell.events.register("post_run_cell", self.after_cell)

    def after_cell(self, _result: object) -> None:
        """Complete the picture; the last time when the run has ended."""
        if self._chart is not None:
            self._chart.update()
        else:
            self._reader.read()
        if self._reader.status != "RUNNING":
            self._shell.events.unregister("post_run_cell", self.after_cell)
        self._show(update=True)

    def _show(self, *, update: bool) -> None:
        from IPython.display import display

        bundle = {"text/plain": self._reader.text(), "text/html": self._reader.html()}
        if self._chart is not None:
            bundle |= self._chart.view.bundle()
        display(bundle, raw=True, display_id=self._id, update=update)
