"""Intervals of time: joined, cut, taken from one another, measured and told in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Interval:
    """From one moment to another, the end no part of it.

    Parameters
    ----------
    start, end : datetime
        Both aware; an end before the start counts as the start: a clock was set back.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            object.__setattr__(self, "end", self.start)

    @property
    def length(self) -> timedelta:
        """How long it is, at least 0."""
        return self.end - self.start


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the same time as intervals that neither touch nor overlap, in order."""
    joined: list[Interval] = []
    for one in sorted(i for i in intervals if i.length):
        if joined and one.start <= joined[-1].end:
            joined[-1] = Interval(start=joined[-1].start, end=max(joined[-1].end, one.end))
        else:
            joined.append(one)
    return tuple(joined)


def intersection(intervals: Iterable[Interval], others: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the time that is in both."""
    mine, theirs = union(intervals), union(others)
    common = (
        Interval(start=max(a.start, b.start), end=min(a.end, b.end)) for a in mine for b in theirs
    )
    return union(common)


def difference(intervals: Iterable[Interval], others: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the time that is in the first and not in the second."""
    left: list[Interval] = []
    taken = union(others)
    for one in union(intervals):
        start = one.start
        for other in taken:
            if other.end <= start or other.start >= one.end:
                continue
            left.append(Interval(start=start, end=max(start, other.start)))
            start = max(start, min(other.end, one.end))
        left.append(Interval(start=start, end=one.end))
    return union(left)


def total(intervals: Iterable[Interval]) -> timedelta:
    """Return how much time intervals cover, none of it counted twice."""
    return sum((one.length for one in union(intervals)), NOTHING)


def median(lengths: Sequence[timedelta]) -> timedelta | None:
    """Return the middle of some lengths, of an even number the mean of both; None of none."""
    ordered = sorted(lengths)
    if not ordered:
        return None
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def lasting(length: timedelta | None) -> str:
    """Return a length in words, the two largest units of it: ``3 d 4 h``, ``2 min 5 s``."""
    if length is None:
        return "-"
    seconds = length.total_seconds()
    if seconds < 0:
        return f"-{lasting(-length)}"
    if seconds < 1:
        return "0 s" if not seconds else f"{seconds * 1000:.0f} ms"
    rest = round(seconds)
    parts = []
    for name, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
    return " ".join(parts[:2])
