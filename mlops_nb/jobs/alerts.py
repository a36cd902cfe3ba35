"""From results to the message that a person gets: one an attempt, only for what is news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_nb.config import Project
from mlops_nb.jobs.attempt import REPORT, AttemptRecord, AttemptStatus, relative
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


def compose(project: Project, attempt: AttemptRecord, touched: Touched) -> Message | None:
    """Write the message of an attempt, None when nothing is news.

    Parameters
    ----------
    project : Project
        The project.
    attempt : AttemptRecord
        The attempt.
    touched : sequence of (news, Alert)
        The answer of :func:`raise_alerts`.
    """
    sent = [alert for news, alert in touched if news in _NEWS_SENT]
    if not sent:
        return None
    models = sorted({alert.model for alert in sent if alert.model})
    about = f" for {', '.join(models)}" if models else ""
    plural = "alert" if len(sent) == 1 else "alerts"
    lines = [line for alert in sent for line in _lines(alert)]
    ongoing = sum(news == "ongoing" for news, _ in touched)
    if ongoing:
        lines.append(f"{ongoing} known already, still there")
    if attempt.report:
        lines.append(f"report: {relative(project, attempt.folder / REPORT)}")
    return Message(
        title=f"{project.experiment}: {len(sent)} {plural}{about} from job {attempt.job}",
        body="\n".join(lines),
    )


def _lines(alert: Alert) -> list[str]:
    lines = [f"{alert.severity.upper()} {alert.identity}: {alert.message}"]
    if alert.advice:
        lines.append(f"  what to do: {alert.advice}")
    return lines
