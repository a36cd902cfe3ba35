"""From results to alerts, and to the message that a person gets about those that are news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops_nb.config import Project
from mlops_nb.jobs.attempt import AttemptRecord, AttemptStatus, relative
from mlops_nb.jobs.overdue import overdue
from mlops_nb.jobs.playbook import playbook_step
from mlops_nb.result import Result, Status
from mlops_nb.state.alerts import Alert, Found, News, record

COMPLETED = "job.completed"
_NEWS_SENT = ("new", "escalated")
_RAN = (AttemptStatus.SUCCEEDED, AttemptStatus.FINDINGS)
_WORDS = {
    AttemptStatus.FAILED: "failed",
    AttemptStatus.TIMEOUT: "took too long",
    AttemptStatus.KERNEL_DIED: "lost its kernel",
    AttemptStatus.MEMORY: "ran out of memory",
    AttemptStatus.REFUSED: "could not start",
}

Touched = Sequence[tuple[News, Alert]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent.

    Parameters
    ----------
    title : str
        One line.
    body : str
        Plain text of several lines.
    """

    title: str
    body: str


def raise_alerts(
    project: Project, attempt: AttemptRecord, document: Mapping[str, Any]
) -> list[tuple[News, Alert]]:
    """Bring the alerts up to date with an attempt: its checks, and whether it ran at all.

    Parameters
    ----------
    project : Project
        The project.
    attempt : AttemptRecord
        The attempt, published.
    document : mapping
        Its ``results.json``.
    """
    folder = relative(project, attempt.folder)

    def found(model: str) -> Found:
        return Found(
            model=model,
            job=attempt.job,
            attempt=attempt.attempt,
            folder=folder,
            due=attempt.logical_time,
            owner=owner_of(project, attempt.job),
            playbook=lambda result: playbook_step(project, attempt.job, result),
        )

    touched = record(project, found(str(document.get("model") or "")), attempt.results)
    if attempt.status is not AttemptStatus.CANCELLED:
        touched += record(project, found(""), [_completion(attempt)])
    return touched


def _completion(attempt: AttemptRecord) -> Result:
    ran = attempt.status in _RAN
    return Result(
        name=COMPLETED,
        subject=attempt.job,
        status=Status.PASSED if ran else Status.ERROR,
        message="" if ran else f"job {attempt.job} {_WORDS[attempt.status]}: {attempt.message}",
        advice="" if ran else f"open the report of the attempt, or: mlops job run {attempt.job}",
    )


def owner_of(project: Project, job: str) -> str:
    """Return who answers for a job's alerts."""
    configured = project.config.jobs.get(job)
    return (configured.owner if configured else "") or project.config.owner


def raise_overdue(
    project: Project, at: datetime, results: Sequence[Result] | None = None
) -> list[tuple[News, Alert]]:
    """Bring the alerts about jobs that should have run, and did not, up to date.

    Parameters
    ----------
    project : Project
        The project.
    at : datetime
        The moment, aware.
    results : sequence of Result, optional
        Only these, of :mod:`mlops_nb.jobs.overdue`.
    """
    touched: list[tuple[News, Alert]] = []
    for result in overdue(project, at) if results is None else results:
        job = result.subject
        found = Found(
            model="",
            job=job,
            attempt="",
            folder="",
            due=at,
            owner=owner_of(project, job),
            playbook=lambda result: playbook_step(project, result.subject, result),
        )
        touched += record(project, found, [result])
    return touched


def is_news(news: News, alert: Alert) -> bool:
    """Return whether a message is to be sent: it is new or graver, and nobody was told."""
    return news in _NEWS_SENT and alert.status == "open"


def compose(
    project: Project, sent: Sequence[Alert], *, source: str, ongoing: int = 0, report: str = ""
) -> Message | None:
    """Write one message for several alerts, None when there are none.

    Parameters
    ----------
    project : Project
        The project.
    sent : sequence of Alert
        What is told.
    source : str
        Where they come from: ``job train``.
    ongoing : int
        How many alerts were known already and are still there.
    report : str
        Where the report is.
    """
    if not sent:
        return None
    models = sorted({alert.model for alert in sent if alert.model})
    about = f" for {', '.join(models)}" if models else ""
    plural = "alert" if len(sent) == 1 else "alerts"
    lines = [line for alert in sent for line in _lines(alert)]
    owners = sorted({alert.owner for alert in sent if alert.owner})
    if owners:
        lines.append(f"owner: {', '.join(owners)}")
    if ongoing:
        lines.append(f"{ongoing} known already, still there")
    if report:
        lines.append(f"report: {report}")
    return Message(
        title=f"{project.experiment}: {len(sent)} {plural}{about} from {source}",
        body="\n".join(lines),
    )


def _lines(alert: Alert) -> list[str]:
    lines = [f"{alert.severity.upper()} {alert.identity}: {alert.message}"]
    if alert.advice:
        lines.append(f"  what to do: {alert.advice}")
    if alert.playbook:
        lines.append(f"  playbook: {alert.playbook}")
    return lines
