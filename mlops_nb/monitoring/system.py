"""The system around a model: do rows come, in time, every day, and fast enough."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from mlops_nb.errors import InputError, did_you_mean
from mlops_nb.result import Result, Status
from mlops_nb.secrets import mask

if TYPE_CHECKING:
    import pandas as pd

PERCENTILES = (0.5, 0.95, 0.99)
CHANCE = 0.001
"""Chance that an error rate which is allowed is taken for a higher one, by the luck of few rows."""


def system(
    frame: pd.DataFrame,
    *,
    now: datetime,
    expected_rows: tuple[float, float] | float | None = None,
    max_age: timedelta | None = None,
    timestamp: str = "timestamp",
    label: str | None = None,
    max_label_age: timedelta | None = None,
    latency: str = "latency_ms",
    max_latency: float | None = None,
    error: str = "error",
    max_error_rate: float = 0.01,
    min_throughput: float | None = None,
    days: tuple[date, date] | None = None,
    window: str = "",
) -> list[Result]:
    """Check volume, freshness, missing days and latency of a window of predictions.

    Parameters
    ----------
    frame : DataFrame
        The predictions of the window; no row is an answer too.
    now : datetime
        The moment ages are counted to. With a zone it is compared in UTC; without one, as the
        clock that the timestamps were read from.
    expected_rows : (low, high) or float, optional
        Rows expected; a single number allows from half to double of it.
    max_age, max_label_age : timedelta, optional
        Oldest that the newest row, and the newest row that has a label, may be.
    timestamp, label, latency : str
        Columns. Latency is in milliseconds.
    max_latency : float, optional
        Limit of the 95th percentile of the latency, in milliseconds.
    error : str
        Column that says what went wrong with a row, empty or missing where nothing did.
    max_error_rate : float
        Share of rows with an error that is allowed, 0 to 1.
    min_throughput : float, optional
        Rows an hour that there must be over the window, from its first row to its last.
    days : (first, last), optional
        Days that must each have rows; by default those from the first row to the last.
    window : str
        The period the rows are of.

    Returns
    -------
    list of Result
        ``system.volume``, ``.freshness``, ``.label_freshness``, ``.missing_days``, ``.latency``,
        ``.error_rate``, ``.throughput``: those that a limit or a column was given for.

    Raises
    ------
    InputError
        There is no column of timestamps.
    """
    if timestamp not in frame.columns:
        hint = did_you_mean(timestamp, map(str, frame.columns))
        raise InputError(f"the table has no column {timestamp!r}", hint)
    times = _times(frame[timestamp])
    results = []
    if expected_rows is not None:
        results.append(_volume(len(frame), expected_rows, window))
    if max_age is not None:
        results.append(_freshness("freshness", times, now, max_age, window))
    if label is not None and max_label_age is not None:
        known = times[frame[label].notna()] if label in frame.columns else times.iloc[:0]
        results.append(_freshness("label_freshness", known, now, max_label_age, window))
    if days is not None or len(times):
        results.append(_missing_days(times, days, window))
    if latency in frame.columns and frame[latency].notna().any():
        results.append(_latency(frame[latency], max_latency, window))
    if error in frame.columns and len(frame):
        results.append(_error_rate(frame[error], max_error_rate, window))
    if min_throughput is not None:
        results.append(_throughput(times.dropna(), min_throughput, window))
    return results


def _times(column: pd.Series) -> pd.Series:
    import pandas as pd

    times = pd.to_datetime(column, format="ISO8601")
    return times.dt.tz_convert("UTC").dt.tz_localize(None) if times.dt.tz is not None else times


def _volume(rows: int, expected: tuple[float, float] | float, window: str) -> Result:
    low, high = expected if isinstance(expected, tuple) else (expected / 2, expected * 2)
    fits = low <= rows <= high
    # No row at all is an outage whatever was expected.
    status = Status.PASSED if fits and rows else Status.FAILED
    advice = "look for a batch that failed, or that ran twice" if status is Status.FAILED else ""
    bounded = math.isfinite(high)
    allowed = f"{low:,.0f} to {high:,.0f}" if bounded else f"{low:,.0f} or more"
    return Result(
        name="system.volume",
        subject="rows",
        status=status,
        value=float(rows),
        threshold=float(low if rows < low or not bounded else high),
        window=window,
        message=f"{rows:,} rows, {allowed} expected",
        advice=advice,
        evidence={"low": low, "high": high if bounded else None},
    )


def _freshness(
    check: str, times: pd.Series, now: datetime, limit: timedelta, window: str
) -> Result:
    import pandas as pd

    what = "labelled row" if check == "label_freshness" else "row"
    hours = limit.total_seconds() / 3600
    advice = "find out why nothing newer has come"
    if times.isna().all():
        return Result(
            name=f"system.{check}", subject=what, status=Status.FAILED, threshold=hours,
            window=window, message=f"there is no {what} at all", advice=advice,
        )  # fmt: skip
    moment = pd.Timestamp(now)
    if moment.tzinfo is not None:
        moment = moment.tz_convert("UTC").tz_localize(None)
    age = (moment - times.max()).total_seconds() / 3600
    status = Status.PASSED if age <= hours else Status.FAILED
    return Result(
        name=f"system.{check}",
        subject=what,
        status=status,
        value=age,
        threshold=hours,
        window=window,
        message=f"the newest {what} is {age:,.1f} hours old, {hours:,.1f} are allowed",
        advice=advice if status is Status.FAILED else "",
        evidence={"newest": str(times.max())},
    )


def _missing_days(times: pd.Series, days: tuple[date, date] | None, window: str) -> Result:
    import pandas as pd

    first, last = days if days is not None else (times.min(), times.max())
    expected = pd.date_range(pd.Timestamp(first).normalize(), pd.Timestamp(last).normalize())
    missing = expected.difference(pd.DatetimeIndex(times.dropna().dt.normalize().unique()))
    names = [str(day.date()) for day in missing]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return Result(
        name="system.missing_days",
        subject="days",
        status=Status.FAILED if names else Status.PASSED,
        value=float(len(names)),
        threshold=0.0,
        window=window,
        message=(
            f"no prediction for {', '.join(names[:3])}{more}"
            if names
            else f"predictions on each of {len(expected)} days"
        ),
        advice="score the days that are missing" if names else "",
        evidence={"missing": names[:100]},
    )


def _latency(column: pd.Series, limit: float | None, window: str) -> Result:
    found = column.dropna().astype(float).quantile(list(PERCENTILES))
    figures = {f"p{round(share * 100)}": float(found[share]) for share in PERCENTILES}
    late = limit is not None and figures["p95"] > limit
    shown = ", ".join(f"{name} {value:,.3g} ms" for name, value in figures.items())
    allowed = f"; p95 may be {limit:,.6g} ms" if limit is not None else ""
    return Result(
        name="system.latency",
        subject="prediction",
        status=Status.FAILED if late else Status.PASSED,
        value=figures["p95"],
        threshold=limit,
        window=window,
        message=shown + allowed,
        advice="look for what slows the scoring down" if late else "",
        evidence=figures,
    )


def _error_rate(column: pd.Series, limit: float, window: str) -> Result:
    from scipy.stats import binom

    said = column.fillna("").astype(str).str.strip()
    wrong = ~said.isin(["", "False", "0", "0.0"])
    count, share = int(wrong.sum()), float(wrong.mean())
    # Beyond the luck of few rows: one error among ten is no rate of ten percent.
    high = share > limit and float(binom.sf(count - 1, len(column), limit)) < CHANCE
    often = said[wrong].value_counts()
    what = f", most often {mask(str(often.index[0]))[:80]!r}" if count else ""
    return Result(
        name="system.error_rate",
        subject="prediction",
        status=Status.FAILED if high else Status.PASSED,
        value=share,
        threshold=limit,
        window=window,
        message=f"{count:,} of {len(column):,} rows have an error ({share:.2%}){what}",
        advice="look at the commonest error first" if high else "",
    )


def _throughput(times: pd.Series, limit: float, window: str) -> Result:
    hours = (times.max() - times.min()).total_seconds() / 3600 if len(times) > 1 else 0.0
    rate = len(times) / hours if hours else 0.0
    slow = rate < limit
    return Result(
        name="system.throughput",
        subject="rows",
        status=Status.FAILED if slow else Status.PASSED,
        value=rate,
        threshold=limit,
        window=window,
        message=f"{rate:,.4g} rows an hour over {hours:,.1f} hours, {limit:,.4g} are expected",
        advice="look for a worker that stands still" if slow else "",
    )
