"""Respond to an attempt: alerts raised or resolved, routes told, followers named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.jobs.alerts import COMPLETED, Touched, compose, raise_alerts
from mlops_nb.jobs.attempt import AttemptRecord, AttemptStatus, read_results
from mlops_nb.jobs.routes import deliver
from mlops_nb.state.alerts import record_delivery

_FAILURES = (
    AttemptStatus.FAILED,
    AttemptStatus.TIMEOUT,
    AttemptStatus.KERNEL_DIED,
    AttemptStatus.MEMORY,
    AttemptStatus.REFUSED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What follows from an attempt.

    Parameters
    ----------
    triggers : sequence of str
        Jobs to start now.
    handover : mapping
        Values that the attempt leaves to them.
    warnings : sequence of str
        Routes that did not take the message.
    """

    triggers: tuple[str, ...] = ()
    handover: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def respond(project: Project, attempt: AttemptRecord) -> Response:
    """Raise, continue or resolve alerts, send what is news, and say which jobs follow.

    Parameters
    ----------
    project : Project
        The project.
    attempt : AttemptRecord
        The attempt, published.
    """
    try:
        _, document = read_results(attempt.folder)
    except InputError:
        document = {}  # the attempt's own results say so already
    touched = raise_alerts(project, attempt, document)
    handover = document.get("handover")
    return Response(
        triggers=tuple(_followers(project, attempt, touched)),
        handover=handover if isinstance(handover, dict) else {},
        warnings=tuple(_tell(project, attempt, touched)),
    )


def _tell(project: Project, attempt: AttemptRecord, touched: Touched) -> Iterator[str]:
    message = compose(project, attempt, touched)
    if message is None:
        return
    routes = project.config.jobs[attempt.job].alerts
    for route, problem in deliver(project, message, routes).items():
        record_delivery(project, attempt.attempt, route, problem)
        if problem:
            yield f"alert route {route!r} did not take the message: {problem}"


def _followers(project: Project, attempt: AttemptRecord, touched: Touched) -> Iterator[str]:
    # Whoever acknowledged an alert sees to it: it starts nothing by itself any more.
    alerting = attempt.status is AttemptStatus.FINDINGS and any(
        alert.status == "open" and not alert.identity.startswith(f"{COMPLETED}/")
        for _, alert in touched
    )
    endings = {
        "success": attempt.status is AttemptStatus.SUCCEEDED,
        "failure": attempt.status in _FAILURES,
        "alert": alerting,
    }
    for name, job in project.config.jobs.items():
        if job.after is not None and job.after.job == attempt.job and endings[job.after.on]:
            yield name
