"""The stages between the moments that a model version passed, and what was done in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlops_nb.lifecycle.intervals import NOTHING, Interval, intersection, total

STAGES: Mapping[str, tuple[str, str]] = {
    "explore": ("first commit of the notebook", "first run"),
    "experiment": ("first run", "end of the run that became the version"),
    "validate": ("end of that run", "measured on its hold-out and registered"),
    "register": ("registered", "its gates answered first"),
    "approve": ("gates answered", "promoted to champion"),
    "deploy": ("promoted", "first production prediction"),
    "monitor": ("first prediction", "first verdict of a monitor"),
    "retrain": ("alert", "retrained champion"),
}
"""Stage → what it begins and what it ends with.

Registration measures a version on its hold-out, and the gates judge a version that is registered:
therefore `register` ends with their answer.
"""
BACKWARDS = timedelta(seconds=1)
"""Moments in the wrong order by less are the same: the store keeps milliseconds, git seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of one passage.

    Parameters
    ----------
    name : str
        One of :data:`STAGES`.
    span : Interval, optional
        From begin to end; None when it was not come to, or its end is not on record.
    worked : timedelta
        How long of it runs and jobs were at work; a person's thinking is not on record.
    is_open : bool
        Whether it still lasts.
    evidence : str
        What it began and ended with.
    """

    name: str
    span: Interval | None
    worked: timedelta = NOTHING
    is_open: bool = False
    evidence: str = ""

    @property
    def waited(self) -> timedelta:
        """How long of it nothing ran."""
        return self.span.length - self.worked if self.span else NOTHING

    def to_dict(self) -> dict[str, Any]:
        """Return the stage as JSON-serialisable values, lengths in seconds."""
        return {
            "stage": self.name,
            "start": self.span.start.isoformat() if self.span else None,
            "end": self.span.end.isoformat() if self.span else None,
            "open": self.is_open,
            "worked_seconds": self.worked.total_seconds() if self.span else None,
            "waited_seconds": self.waited.total_seconds() if self.span else None,
            "evidence": self.evidence,
        }


def stages(
    moments: Sequence[datetime | None],
    *,
    names: Sequence[str],
    activity: Sequence[Interval],
    now: datetime | None,
) -> tuple[tuple[Stage, ...], tuple[str, ...]]:
    """Cut the time between moments into stages.

    The lengths of the stages add up to the time from the first moment that is known to the last.
    A moment before the one that should precede it counts as that one, and a note says so; a stage
    whose end is not on record has no length, and the next one begins where the last known did.

    Parameters
    ----------
    moments : sequence of datetime
        What the stages begin and end with: one more than `names`; None where it is not known.
    names : sequence of str
        The stages.
    activity : sequence of Interval
        When something was at work.
    now : datetime, optional
        The moment until which the first stage that was not ended lasts; None: none lasts.

    Returns
    -------
    tuple of Stage, tuple of str
        One a name, and notes about clocks.
    """
    found: list[Stage] = []
    notes: list[str] = []  # of what is out of order the first place says it: others follow from it
    last = moments[0]
    final = max((i for i, moment in enumerate(moments) if moment is not None), default=-1)
    for place, name in enumerate(names):
        end = moments[place + 1]
        lasts = place == final and now is not None and last is not None
        if last is None or (end is None and not lasts):
            last = end if last is None else last
            found.append(Stage(name=name, span=None))
            continue
        until = end if end is not None else now
        if until is None:
            continue
        if until < last - BACKWARDS:
            notes.append(
                f"{name}: {STAGES[name][1]} at {until:%Y-%m-%d %H:%M:%S} is before "
                f"{last:%Y-%m-%d %H:%M:%S}, where the stage before it ended"
            )
        span = Interval(start=last, end=max(last, until))
        found.append(_stage(name, span, activity, is_open=end is None))
        last = span.end
    return tuple(found), tuple(notes[:1])


def _stage(name: str, span: Interval, activity: Sequence[Interval], *, is_open: bool) -> Stage:
    ended = STAGES[name][1]
    evidence = f"waits for: {ended}" if is_open else f"{ended}: {span.end:%Y-%m-%d %H:%M}"
    return Stage(
        name=name,
        span=span,
        worked=total(intersection(activity, [span])),
        is_open=is_open,
        evidence=evidence,
    )
