"""The jobs behind a model: do they succeed, and do they start in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from mlops_nb.config import Project, load_project
from mlops_nb.result import Result, Status
from mlops_nb.state import attempts
from mlops_nb.state.attempts import AttemptRow

DONE = ("succeeded", "findings")
"""Endings of an attempt that did its work."""
OPEN = ("running", "cancelled")
"""Endings that say nothing of the job."""
MOST = 2_000
"""Latest attempts of a job that are looked at."""


def pipeline(
    *,
    jobs: Sequence[str] | None = None,
    since: timedelta = timedelta(days=30),
    now: datetime | None = None,
    min_success: float = 0.95,
    max_late: timedelta = timedelta(hours=1),
    window: str = "",
    project: Project | None = None,
) -> list[Result]:
    """Check how reliably the project's jobs ran.

    A due time counts as done when any of its attempts did its work. A job fails when its newest
    due time was not done, and warns when too few were over the period; it warns as well when the
    slowest twentieth of its scheduled starts came later than `max_late`.

    Parameters
    ----------
    jobs : sequence of str, optional
        Those looked at; every job that ran in the period by default.
    since : timedelta
        Length of the period.
    now : datetime, optional
        Its end, aware; the present by default.
    min_success : float
        Share of due times that must be done, 0 to 1.
    max_late : timedelta
        How late a scheduled start may be.
    window : str
        What the period is called.
    project : Project, optional
        Whose jobs; those of the project around the current folder by default.

    Returns
    -------
    list of Result
        ``system.job_success`` and, for jobs with a schedule, ``system.job_lateness``; subject the
        job's name.
    """
    project = project or load_project()
    end = now or datetime.now(UTC)
    rows = attempts.list_attempts(project, limit=MOST)
    recent = [row for row in rows if end - since <= row.started <= end and row.status not in OPEN]
    wanted = jobs if jobs is not None else sorted({row.job for row in recent})
    results = []
    for job in wanted:
        own = [row for row in recent if row.job == job]
        results.append(_success(job, own, min_success, window))
        scheduled = [row for row in own if row.origin == "schedule"]
        if scheduled:
            results.append(_lateness(job, scheduled, max_late, window))
    return results


def _success(job: str, rows: Sequence[AttemptRow], least: float, window: str) -> Result:
    if not rows:
        return Result(
            name="system.job_success", subject=job, status=Status.SKIPPED, window=window,
            message="no attempt has ended in the period",
        )  # fmt: skip
    done: dict[datetime, bool] = {}
    for row in rows:
        done[row.logical_time] = done.get(row.logical_time, False) or row.status in DONE
    share = sum(done.values()) / len(done)
    newest = max(done)
    status = Status.PASSED
    if not done[newest]:
        status = Status.FAILED
    elif share < least:
        status = Status.WARNED
    failed = max((r for r in rows if r.status not in DONE), key=lambda r: r.started, default=None)
    why = f"; last failure: {failed.message or failed.status}" if failed is not None else ""
    return Result(
        name="system.job_success",
        subject=job,
        status=status,
        value=share,
        threshold=least,
        window=window,
        message=f"{sum(done.values())} of {len(done)} due times were done{why}",
        advice=f"mlops job history {job}" if status is not Status.PASSED else "",
        evidence={"attempts": len(rows)},
    )


def _lateness(job: str, rows: Sequence[AttemptRow], most: timedelta, window: str) -> Result:
    late = sorted((row.started - row.logical_time).total_seconds() / 60 for row in rows)
    p95 = late[min(len(late) - 1, int(0.95 * len(late)))]
    bound = most.total_seconds() / 60
    return Result(
        name="system.job_lateness",
        subject=job,
        status=Status.WARNED if p95 > bound else Status.PASSED,
        value=p95,
        threshold=bound,
        window=window,
        message=f"95 % of {len(late)} scheduled starts came at most {p95:,.0f} minutes late",
        advice="is `mlops job tick` run often enough, and the machine on?" if p95 > bound else "",
    )
