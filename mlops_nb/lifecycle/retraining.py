"""When a retraining starts: by the verdicts of a monitor, by the clock, not too often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mlops_nb.lifecycle.intervals import NOTHING, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a monitor would have said of a window, and what became of its alerts.

    Parameters
    ----------
    window : Interval
        The period judged.
    at : datetime
        When the verdict was known: later than the end of the window where labels come late.
    told : tuple of str
        Findings that a page told of: new ones, and known ones that became graver.
    found : tuple of str
        Findings that it came to, told or known.
    alive : tuple of str
        Alerts that were not over afterwards, of earlier verdicts too.
    """

    window: Interval
    at: datetime
    told: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    alive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a retraining starts.

    Parameters
    ----------
    on : {"alert", "new", "never"}
        By every verdict with a finding, by one that pages, or by none.
    after : int
        Verdicts with findings in a row that it takes.
    cooldown : timedelta
        How long after a retraining none is started.
    every : timedelta
        Length between retrainings by the clock; 0: none.
    """

    on: Literal["alert", "new", "never"] = "never"
    after: int = 1
    cooldown: timedelta = NOTHING
    every: timedelta = NOTHING


def retrains(
    verdicts: Sequence[Verdict], period: Interval | None, rule: Rule
) -> tuple[datetime, ...]:
    """Return when retrainings would have started, by alerts and by the clock."""
    wanted = [*_by_alert(verdicts, rule), *_by_clock(period, rule)]
    started: list[datetime] = []
    for at in sorted(wanted):
        if not started or at - started[-1] >= rule.cooldown:
            started.append(at)
    return tuple(started)


def _by_alert(verdicts: Sequence[Verdict], rule: Rule) -> list[datetime]:
    wanted, row = [], 0
    for one in verdicts:
        row = row + 1 if one.found else 0
        if rule.on == "never" or row < rule.after or not one.found:
            continue
        if rule.on == "alert" or one.told or row == rule.after > 1:
            wanted.append(one.at)
    return wanted


def _by_clock(period: Interval | None, rule: Rule) -> list[datetime]:
    if not rule.every or period is None:
        return []
    at, wanted = period.start + rule.every, []
    while at < period.end:
        wanted.append(at)
        at += rule.every
    return wanted
