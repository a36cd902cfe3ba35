"""Figures over windows, and since when they are other than before."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.errors import InputError, did_you_mean
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("window", "figure", "value", "low", "high", "rows")
LEVEL = 0.01
"""Chance of a false alarm of a change point, over all places it could be at."""
Measured = Mapping[str, "tuple[float, float]"]
"""Figure → value and standard error; the error is NaN where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The place where a series changes its level.

    Parameters
    ----------
    place : int
        Index of the first value of the new level.
    before, after : float
        Weighted means of both sides.
    p_value : float
        Chance of so large a step anywhere in a series without one.
    """

    place: int
    before: float
    after: float
    p_value: float


def over_time(
    frame: pd.DataFrame,
    figure: Callable[[pd.DataFrame], Measured],
    *,
    every: str = "7D",
    timestamp: str = "timestamp",
) -> pd.DataFrame:
    """Compute figures for each window of a table.

    Parameters
    ----------
    frame : DataFrame
        Rows with their times.
    figure : callable
        Rows of one window → figure → (value, standard error); see :func:`performance_figures`.
        A window that it has no figure for is left out.
    every : str
        Length of a window, as pandas writes it: ``1D``, ``7D``, ``1h``.
    timestamp : str
        Column of the times.

    Returns
    -------
    DataFrame
        Columns window (its start), figure, value, low and high (95 % interval), rows; in the order
        of time.

    Raises
    ------
    InputError
        There is no such column, or `every` is no length of time.
    """
    import pandas as pd

    if timestamp not in frame.columns:
        hint = did_you_mean(timestamp, map(str, frame.columns))
        raise InputError(f"the table has no column {timestamp!r}", hint)
    rows: list[dict[str, Any]] = []
    if len(frame):
        timed = frame.assign(**{timestamp: pd.to_datetime(frame[timestamp])})
        try:
            grouped = timed.groupby(pd.Grouper(freq=every, key=timestamp, origin="start_day"))
        except ValueError as error:
            raise InputError(f"{every!r} is no length of a window", "1D, 7D or 1h") from error
        for start, part in grouped:
            if not len(part):
                continue
            for name, (value, error_) in figure(part).items():
                half = 1.96 * error_
                rows.append(dict(zip(
                    COLUMNS, (start, name, value, value - half, value + half, len(part)),
                    strict=True,
                )))  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def performance_figures(
    *, label: str, prediction: str = "prediction", score: str = "score",
    only: Sequence[str] | None = None, classes: bool = False,
) -> Callable[[pd.DataFrame], Measured]:  # fmt: skip
    """Return the function that measures performance on the labelled rows of a window.

    Parameters
    ----------
    label, prediction, score : str
        Columns, as of :func:`mlops_nb.monitoring.performance`.
    only : sequence of str, optional
        The figures wanted; all by default.
    classes : bool
        Labels that are numbers other than 0 and 1 are classes and not measurements.
    """
    from mlops_nb.monitoring.answers import answers
    from mlops_nb.monitoring.performance import figures, labelled

    def measured(part: pd.DataFrame) -> Measured:
        rows = labelled(part, label)
        given = answers(rows, label=label, prediction=prediction, score=score, classes=classes)
        return {
            name: (found.value, found.error)
            for name, found in figures(given).items()
            if only is None or name in only
        }

    return measured


def change_point(values: Sequence[float], errors: Sequence[float]) -> Change | None:
    """Find the one place where a series changes its level, None when there is none.

    The step with the greatest likelihood ratio (Hinkley 1970), weighted by the errors. Its
    chance is that of the largest of as many normal deviates as there are places (Bonferroni). A
    series whose values vary more than their errors say has its errors enlarged to fit, so that a
    lively series is not taken for one that stepped.

    Parameters
    ----------
    values, errors : sequence of float
        One a window, in the order of time. Unknown errors (NaN, 0) count as equal ones.
    """
    series = np.asarray(values, dtype=float)
    noise = np.asarray(errors, dtype=float)
    if len(series) < 4 or not np.isfinite(series).all():
        return None
    known = np.isfinite(noise) & (noise > 0)
    weights = 1 / noise**2 if known.all() else np.ones(len(series))
    best = max((_step(series, weights, place) for place in range(1, len(series))), key=_size)
    place, before, after, _ = best
    rest = series - np.where(np.arange(len(series)) < place, before, after)
    spread = float((weights * rest**2).sum() / max(1, len(series) - 2))
    inflation = max(1.0, spread) if known.all() else spread
    size = math.inf if inflation == 0 else _size(best) / math.sqrt(inflation)
    if before == after:
        return None
    p = min(1.0, (len(series) - 1) * _tail(size, None if known.all() else len(series) - 2))
    if p >= LEVEL:
        return None
    return Change(place=place, before=before, after=after, p_value=p)


def _step(series: Any, weights: Any, place: int) -> tuple[int, float, float, float]:
    before, after = weights[:place].sum(), weights[place:].sum()
    one = float((weights[:place] * series[:place]).sum() / before)
    two = float((weights[place:] * series[place:]).sum() / after)
    return place, one, two, abs(two - one) / math.sqrt(1 / before + 1 / after)


def _size(step: tuple[int, float, float, float]) -> float:
    return step[3]


def _tail(size: float, freedom: int | None) -> float:
    from scipy import stats

    return float(2 * (stats.norm.sf(size) if freedom is None else stats.t.sf(size, freedom)))


def trend(
    series: pd.DataFrame, name: str, *, subject: str = "", better: str = "equal"
) -> list[Result]:
    """Tell of each figure of :func:`over_time` whether, and since when, its level has changed.

    Parameters
    ----------
    series : DataFrame
        As of :func:`over_time`.
    name : str
        The check, as ``dimension.check``.
    subject : str
        What the series is of, such as a group; each result is ``<subject>: <figure>``, or the
        figure alone without one.
    better : {"high", "low", "equal"}
        A step to the better side passes.

    Returns
    -------
    list of Result
        One a figure; a step warns, `value` is its size.
    """
    results = []
    for figure, part in series.groupby("figure", sort=False):
        errors = ((part["high"] - part["low"]) / 2 / 1.96).tolist()
        change = change_point(part["value"].tolist(), errors)
        results.append(_told(name, _subject(subject, str(figure)), part, change, better))
    return results


def _subject(subject: str, figure: str) -> str:
    return figure if subject in ("", figure) else f"{subject}: {figure}"


def _told(
    name: str, subject: str, part: pd.DataFrame, change: Change | None, better: str
) -> Result:
    first, last = part["window"].iloc[0], part["window"].iloc[-1]
    window = f"{first:%Y-%m-%d}/{last:%Y-%m-%d}"
    if change is None:
        return Result(
            name=name, subject=subject, status=Status.PASSED, window=window,
            message=f"no change of level over {len(part)} windows",
        )  # fmt: skip
    step = change.after - change.before
    fine = (better == "high" and step > 0) or (better == "low" and step < 0)
    since = part["window"].iloc[change.place]
    return Result(
        name=name,
        subject=subject,
        status=Status.PASSED if fine else Status.WARNED,
        value=step,
        window=window,
        message=f"{change.after:.3g} since {since:%Y-%m-%d}, {change.before:.3g} before",
        advice="" if fine else f"look for what changed around {since:%Y-%m-%d}",
        evidence={"since": str(since), "p_value": change.p_value},
    )
