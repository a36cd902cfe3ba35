"""Respond: alerts raised or resolved, routes told, followers named, what waits looked after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.jobs.alerts import (
    COMPLETED,
    Message,
    Touched,
    compose,
    is_news,
    raise_alerts,
    raise_overdue,
)
from mlops_nb.jobs.attempt import REPORT, AttemptRecord, AttemptStatus, read_results, relative
from mlops_nb.jobs.overdue import missed
from mlops_nb.jobs.routes import flush, ping
from mlops_nb.state.alert_marks import mark, mark_told
from mlops_nb.state.alerts import Alert, list_alerts
from mlops_nb.state.database import transaction
from mlops_nb.state.deliveries import enqueue
from mlops_nb.state.silences import is_quiet, silences

_FAILURES = (
    AttemptStatus.FAILED,
    AttemptStatus.TIMEOUT,
    AttemptStatus.KERNEL_DIED,
    AttemptStatus.MEMORY,
    AttemptStatus.REFUSED,
)
_LOOKED_AT = 10_000
UNTOLD_AFTER = timedelta(minutes=2)
"""An alert that is open so long and was never told lost its message: the process was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What follows from an attempt.

    Parameters
    ----------
    triggers : sequence of str
        Jobs to start now.
    handover : mapping
        Values that the attempt leaves to them.
    alert : str
        The finding that starts those that wait for an alert; empty for none.
    warnings : sequence of str
        Routes that did not take the message.
    """

    triggers: tuple[str, ...] = ()
    handover: Mapping[str, Any] = field(default_factory=dict)
    alert: str = ""
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
    acting = _acting(project, attempt, touched)
    followers = tuple(_followers(project, attempt, alerting=bool(acting)))
    if followers:
        mark(project, acting, "triggered", actor=attempt.attempt)
    return Response(
        triggers=followers,
        handover=handover if isinstance(handover, dict) else {},
        alert=acting[0].identity if acting else "",
        warnings=tuple(_tell(project, attempt, touched)),
    )


def look_after_alerts(project: Project, at: datetime) -> list[str]:
    """See to what no attempt does: overdue jobs, alerts nobody acknowledges, routes that failed.

    Parameters
    ----------
    project : Project
        The project.
    at : datetime
        The moment, aware.

    Returns
    -------
    list of str
        What did not work.
    """
    raise_overdue(project, at)
    quiet, now = silences(project, at), datetime.now(UTC)
    open_alerts = [
        alert
        for alert in list_alerts(project, limit=_LOOKED_AT)
        if alert.status == "open" and not is_quiet(alert, quiet)
    ]
    own = [alert for alert in open_alerts if not alert.told and not alert.attempt]
    lost = [
        alert
        for alert in open_alerts
        if not alert.told and alert.attempt and now - alert.first_seen > UNTOLD_AFTER
    ]
    _watch_tells(project, [*own, *lost])
    _escalate(project, open_alerts, now)
    failed = flush(project, datetime.now(UTC))
    problems = [f"alert route {route!r}: {problem}" for route, problem in failed.items()]
    heartbeat = ping(project)
    return [*problems, f"heartbeat: {heartbeat}"] if heartbeat else problems


def tell_missed(project: Project, at: datetime) -> None:
    """Tell which due times went by without a run, before they are caught up with.

    Once they are, nothing would be left to tell, and a night on which the machine was off would
    have been nobody's concern.

    Parameters
    ----------
    project : Project
        The project.
    at : datetime
        The moment, aware.
    """
    found = missed(project, at)
    if not found:
        return
    quiet = silences(project, at)
    alerts = [alert for kind, alert in raise_overdue(project, at, found) if is_news(kind, alert)]
    _watch_tells(project, [alert for alert in alerts if not is_quiet(alert, quiet)])
    flush(project, datetime.now(UTC))


def _watch_tells(project: Project, alerts: Sequence[Alert]) -> None:
    for job in sorted({alert.job for alert in alerts}):
        told = [alert for alert in alerts if alert.job == job]
        message = compose(project, told, source=f"the watch over job {job}")
        _queue(project, "", _routes(project, job), message, told)


def _escalate(project: Project, open_alerts: Sequence[Alert], now: datetime) -> None:
    settings = project.config.alerts
    if not settings.escalate_after or not settings.escalate:
        return
    since = now - timedelta(seconds=settings.escalate_after)
    waiting = [a for a in open_alerts if a.escalated is None and a.first_seen <= since]
    message = compose(project, waiting, source="escalation: nobody has acknowledged them")
    _queue(project, "", settings.escalate, message, waiting, escalated=True)


def _tell(project: Project, attempt: AttemptRecord, touched: Touched) -> Iterator[str]:
    quiet = silences(project, datetime.now(UTC))
    news = [alert for kind, alert in touched if is_news(kind, alert)]
    hushed = [alert for alert in news if is_quiet(alert, quiet)]
    mark(project, hushed, "silenced", actor=attempt.attempt)
    sent = [alert for alert in news if alert not in hushed]
    message = compose(
        project,
        sent,
        source=f"job {attempt.job}",
        ongoing=sum(kind == "ongoing" for kind, _ in touched),
        report=relative(project, attempt.folder / REPORT) if attempt.report else "",
    )
    if message is None:
        return
    _queue(project, attempt.attempt, _routes(project, attempt.job), message, sent)
    for route, problem in flush(project, datetime.now(UTC)).items():
        yield f"alert route {route!r} did not take the message, it is tried again: {problem}"


def _queue(
    project: Project,
    attempt: str,
    routes: Sequence[str],
    message: Message | None,
    alerts: Sequence[Alert],
    *,
    escalated: bool = False,
) -> None:
    """Put a message into the outbox; told and queued are one transaction, so none is lost."""
    if message is None:
        return
    with transaction(project) as connection:
        enqueue(connection, attempt, routes, title=message.title, body=message.body)
        mark_told(connection, alerts, actor=attempt, escalated=escalated)


def _routes(project: Project, job: str) -> list[str]:
    configured = project.config.jobs.get(job)
    return (configured.alerts if configured else []) or list(project.config.alerts.routes)


def _acting(project: Project, attempt: AttemptRecord, touched: Touched) -> list[Alert]:
    """Return the alerts that may start a job: open, and not silenced."""
    if attempt.status is not AttemptStatus.FINDINGS:
        return []
    quiet = silences(project, datetime.now(UTC))
    # Whoever acknowledged an alert sees to it: it starts nothing by itself any more.
    return [
        alert
        for _, alert in touched
        if alert.status == "open"
        and not alert.identity.startswith(f"{COMPLETED}/")
        and not is_quiet(alert, quiet)
    ]


def _followers(project: Project, attempt: AttemptRecord, *, alerting: bool) -> Iterator[str]:
    endings = {
        "success": attempt.status is AttemptStatus.SUCCEEDED,
        "failure": attempt.status in _FAILURES,
        "alert": alerting,
    }
    for name, job in project.config.jobs.items():
        if job.after is not None and job.after.job == attempt.job and endings[job.after.on]:
            yield name
