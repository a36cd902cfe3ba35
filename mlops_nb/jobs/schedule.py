"""Due times of a cron schedule, right over the changes to and from summer time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from mlops_nb.config import Job
from mlops_nb.errors import ConfigError

_COUNT_LIMIT = 10_000


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
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"{where}: unknown time zone {timezone!r}", "use an IANA name, as Europe/Berlin"
        ) from error
    problem = "" if len(schedule.split()) == 5 else "it has five fields"
    try:
        next(CronSim(schedule, datetime.now(UTC)))
    except (CronSimError, StopIteration) as error:
        problem = problem or str(error) or "it never comes due"
    if problem:
        raise ConfigError(
            f"{where}: wrong schedule {schedule!r}: {problem}",
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
    # Backwards excludes the start itself: a job due at 06:00 is due at 06:00:00 sharp.
    start = (at.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)).astimezone(zone)
    latest = next(CronSim(job.schedule, start, reverse=True)).astimezone(UTC)
    if last is None:
        return Due(time=latest, missed=0)
    if latest <= last:
        return None
    return Due(time=latest, missed=_between(job.schedule, last.astimezone(zone), latest))


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
