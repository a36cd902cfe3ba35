"""Due times of a cron schedule, right over the changes to and from summer time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from mlops_nb.config import Job
from mlops_nb.errors import ConfigError, InputError

_COUNT_LIMIT = 10_000
LATE_SECONDS = 60.0
"""How late a run may start under ``catch-up = "none"`` when no `grace` is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The due time a job should run for.

    Parameters
    ----------
    time : datetime
        The latest due time, in UTC.
    missed : int
        How many earlier ones since the last run are passed over.
    """

    time: datetime
    missed: int


def check_schedule(schedule: str, timezone: str, where: str) -> None:
    """Raise :class:`ConfigError` when the cron expression or the time zone is wrong.

    Parameters
    ----------
    schedule : str
        Five fields of cron.
    timezone : str
        IANA name.
    where : str
        The table they stand in, for the message.
    """
    problem, hint = _problem(schedule, timezone)
    if problem:
        raise ConfigError(f"{where}: {problem}", hint)


# Many jobs share a schedule, and each is looked at in every tick.
@lru_cache(maxsize=4096)
def _problem(schedule: str, timezone: str) -> tuple[str, str]:
    """Return what is wrong, empty when nothing is, and what to do about it."""
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"unknown time zone {timezone!r}", "use an IANA name, as Europe/Berlin"
    problem = "" if len(schedule.split()) == 5 else "it has five fields"
    try:
        next(CronSim(schedule, datetime.now(UTC)))
    except (CronSimError, StopIteration) as error:
        problem = problem or str(error) or "it never comes due"
    if not problem:
        return "", ""
    return (
        f"wrong schedule {schedule!r}: {problem}",
        "minute hour day month weekday, as '0 6 * * *' for every morning at six",
    )


def latest_due(job: Job, at: datetime, *, last: datetime | None) -> Due | None:
    """Return what a job is due for at a moment.

    Parameters
    ----------
    job : Job
        A job with a schedule.
    at : datetime
        The moment, aware.
    last : datetime, optional
        The due time it ran for last; None: it never ran by its schedule, then only the latest
        due time counts.

    Returns
    -------
    Due or None
        None when nothing came due since `last`.
    """
    zone = ZoneInfo(job.timezone)
    latest = _latest(job.schedule, job.timezone, at.astimezone(UTC).replace(microsecond=0))
    if last is None:
        return Due(time=latest, missed=0)
    if latest <= last:
        return None
    return Due(time=latest, missed=_between(job.schedule, last.astimezone(zone), latest))


@lru_cache(maxsize=4096)
def _latest(schedule: str, timezone: str, at: datetime) -> datetime:
    # Backwards excludes the start itself: a job due at 06:00 is due at 06:00:00 sharp.
    start = (at + timedelta(seconds=1)).astimezone(ZoneInfo(timezone))
    found: datetime = next(CronSim(schedule, start, reverse=True))
    return found.astimezone(UTC)


def due_times(job: Job, at: datetime, *, last: datetime | None) -> list[Due]:
    """Return the due times that a job should run for now, by its `catch-up`, in their order.

    Parameters
    ----------
    job : Job
        A job with a schedule.
    at : datetime
        The moment, aware.
    last : datetime, optional
        The due time it ran for last.
    """
    latest = latest_due(job, at, last=last)
    if latest is None:
        return []
    if job.catch_up == "none":
        late = (at - latest.time).total_seconds()
        return [latest] if late <= (job.grace or LATE_SECONDS) else []
    if job.catch_up == "latest" or last is None or not latest.missed:
        return [latest]
    between = CronSim(job.schedule, last.astimezone(ZoneInfo(job.timezone)))
    times = [due.astimezone(UTC) for due in islice(between, latest.missed)]
    return [Due(time=time, missed=0) for time in [*times, latest.time]]


def times_between(job: Job, start: datetime, end: datetime) -> list[datetime]:
    """Return the due times of a schedule from `start` until before `end`, in UTC.

    Raises
    ------
    InputError
        There are more than 10,000.
    """
    zone = ZoneInfo(job.timezone)
    found: list[datetime] = []
    for due in CronSim(job.schedule, (start - timedelta(seconds=1)).astimezone(zone)):
        if due >= end:
            return found
        if len(found) == _COUNT_LIMIT:
            raise InputError(f"there are more than {_COUNT_LIMIT:,} due times", "in parts, please")
        found.append(due.astimezone(UTC))
    return found


def next_due(job: Job, after: datetime) -> datetime | None:
    """Return the first due time after a moment in UTC, None for a job without a schedule."""
    if not job.schedule:
        return None
    due: datetime = next(CronSim(job.schedule, after.astimezone(ZoneInfo(job.timezone))))
    return due.astimezone(UTC)


def _between(schedule: str, last: datetime, latest: datetime) -> int:
    missed = 0
    for due in islice(CronSim(schedule, last), _COUNT_LIMIT):
        if due >= latest:
            break
        missed += 1
    return missed
