"""The progress of jobs as a view."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mlops_nb.jobs.limits import shown_size
from mlops_nb.widgets.live import SECONDS
from mlops_nb.widgets.view import View

if TYPE_CHECKING:
    from mlops_nb.jobs.attempt import AttemptRecord
    from mlops_nb.jobs.supervisor import Progress


class JobProgress:
    """Jobs that run one after the other; shown from the first news of the first of them."""

    def __init__(self) -> None:
        self._jobs: dict[str, dict[str, Any]] = {}
        self._view: View | None = None
        self._id = uuid4().hex
        self._told = 0.0
        self._lock = threading.Lock()

    def tell(self, progress: Progress) -> None:
        """Take news of a job; several jobs may tell theirs from threads of their own."""
        with self._lock:
            self._take(progress)

    def _take(self, progress: Progress) -> None:
        is_new = progress.job not in self._jobs
        self._jobs[progress.job] = asdict(progress) | {
            "status": "running",
            "peak": shown_size(progress.peak) if progress.peak else "",
        }
        now = time.monotonic()
        if is_new or now - self._told >= SECONDS:
            self._told = now
            self._show()

    def ended(self, record: AttemptRecord) -> None:
        """Take how an attempt ended, and those that it started."""
        if job := self._jobs.get(record.job):
            # The last cells may have been over before anything was told of them.
            cell = job["cells"] if record.exit_code == 0 else job["cell"]
            job |= {"status": record.status, "seconds": record.seconds, "cell": cell}
        for follower in record.triggered:
            self.ended(follower)

    def close(self) -> None:
        """Show the end; a job that nothing is known of was stopped."""
        for job in self._jobs.values():
            if job["status"] == "running":
                job["status"] = "cancelled"
        if self._view is not None:
            self._show(update=True)

    def _show(self, *, update: bool = False) -> None:
        from IPython.display import display

        data = {"jobs": [dict(job) for job in self._jobs.values()]}
        is_first = self._view is None
        if self._view is None:
            self._view = View(kind="job", data=data)
        self._view.data = data
        if is_first or update:
            bundle = self._static() | self._view.bundle()
            display(bundle, raw=True, display_id=self._id, update=not is_first)

    def _static(self) -> dict[str, Any]:
        lines = [
            f"{job['job']}: {job['status'].replace('_', ' ')}, {job['cells']} cells, "
            f"{job['seconds']:.1f} s"
            for job in self._jobs.values()
        ]
        html = "".join(f"<p>{escape(line)}</p>" for line in lines)
        return {"text/plain": "\n".join(lines), "text/html": html}
