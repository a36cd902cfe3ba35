"""Volume against what is usual on such a day: weekdays have their own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from statistics import median

from mlops_nb.errors import InputError
from mlops_nb.result import Result, Status

ENOUGH = 3
"""Days of the same weekday that it takes to speak of what is usual on it."""
WIDTH = 4.0
"""Half width of what is usual, in standard deviations (1.4826 times the median deviation)."""
SHARE = 0.2
"""What is usual is never narrower than this share of the median on either side."""


def seasonal_volume(
    history: Mapping[date, int], days: Mapping[date, int], *, window: str = ""
) -> Result:
    """Hold the rows of each day against those of the same weekday before.

    Parameters
    ----------
    history : mapping
        Earlier day → its rows, as of :meth:`PredictionsLog.volume`; the days looked at are left
        out.
    days : mapping
        The days looked at → their rows.
    window : str
        The period they are of.

    Returns
    -------
    Result
        ``system.seasonal_volume``: failed when a day lies outside, skipped while there are fewer
        than three earlier days of any kind to compare with.

    Raises
    ------
    InputError
        There is no day to look at.
    """
    if not days:
        raise InputError("there is no day to hold against its weekday", "name the days")
    before = {day: rows for day, rows in history.items() if day not in days}
    bounds = {day: _usual(before, day) for day in days}
    known = {day: found for day, found in bounds.items() if found is not None}
    if not known:
        return Result(
            name="system.seasonal_volume", subject="rows", status=Status.SKIPPED, window=window,
            message=f"{len(before)} earlier days are too few to know what is usual",
        )  # fmt: skip
    odd = {day: days[day] for day, (low, high) in known.items() if not low <= days[day] <= high}
    told = [
        f"{day:%a %Y-%m-%d} has {rows:,}, {known[day][0]:,.0f} to {known[day][1]:,.0f} are usual"
        for day, rows in sorted(odd.items())
    ]
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    return Result(
        name="system.seasonal_volume",
        subject="rows",
        status=Status.FAILED if odd else Status.PASSED,
        value=float(len(odd)),
        threshold=0.0,
        window=window,
        message=(
            "; ".join(told[:3]) + more
            if odd
            else f"{len(known)} days have as many rows as their weekdays before"
        ),
        advice="look for a batch that failed, came twice or in part" if odd else "",
        evidence={str(day): {"low": low, "high": high} for day, (low, high) in known.items()},
    )


def _usual(history: Mapping[date, int], day: date) -> tuple[float, float] | None:
    """Return the bounds of what is usual on such a day, None when too little is known."""
    same = [rows for other, rows in history.items() if other.weekday() == day.weekday()]
    values = same if len(same) >= ENOUGH else list(history.values())
    if len(values) < ENOUGH:
        return None
    centre = median(values)
    spread = 1.4826 * median(abs(value - centre) for value in values)
    half = max(WIDTH * spread, WIDTH * math.sqrt(centre), SHARE * centre)
    return max(1.0, centre - half), centre + half
