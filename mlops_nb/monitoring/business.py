"""Figures of the business against their goals, written in the configuration as SQL."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from mlops_nb.config import Business, Project, load_project
from mlops_nb.errors import ConfigError, InputError
from mlops_nb.frames import evaluate
from mlops_nb.monitoring.timeline import Measured, over_time, trend
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    import pandas as pd

TABLE = "predictions"
"""What queries call the predictions with their labels."""
FEWEST = 5
"""Windows that it takes to speak of a trend."""


def business(
    name: str,
    value: float | None,
    *,
    goal: float,
    unit: str = "",
    direction: Literal["up", "down"] = "up",
    tolerance: float = 0.0,
    window: str = "",
) -> Result:
    """Hold a figure of the business against its goal.

    Parameters
    ----------
    name : str
        What is measured, in a few words.
    value : float, optional
        The figure; None or NaN when it is not known yet, which skips the check.
    goal : float
        What it should reach (`up`) or stay under (`down`).
    unit : str
        Unit of value and goal, for the sentence.
    direction : {"up", "down"}
        Which way is better.
    tolerance : float
        Share of the goal by which it may be missed with a warning only, at least 0.
    window : str
        The period the figure is of.

    Returns
    -------
    Result
        ``business.goal``, subject `name`.
    """
    if direction not in ("up", "down"):
        raise InputError(f"unknown direction {direction!r}", "known: up, down")
    if tolerance < 0 or math.isnan(goal):
        raise InputError(f"{name}: the goal must be a number, the tolerance 0 or more", "")
    shown = f"{goal:,.6g} {unit}".strip()
    if value is None or math.isnan(value):
        return Result(
            name="business.goal", subject=name, status=Status.SKIPPED, threshold=goal,
            window=window, message=f"{name} is not known yet (goal {shown})",
        )  # fmt: skip
    short = goal - value if direction == "up" else value - goal
    status = Status.PASSED
    if short > 0:
        status = Status.WARNED if short <= tolerance * abs(goal) else Status.FAILED
    words = "reaches" if direction == "up" else "stays within"
    verb = words if status is Status.PASSED else "misses"
    return Result(
        name="business.goal",
        subject=name,
        status=status,
        value=float(value),
        threshold=goal,
        window=window,
        message=f"{name} is {value:,.6g} {unit}".rstrip() + f" and {verb} its goal of {shown}",
        advice="" if status is Status.PASSED else "tell its owner; the other findings may say why",
        evidence={"unit": unit, "direction": direction, "tolerance": tolerance},
    )


def business_metrics(
    frame: pd.DataFrame,
    *,
    model: str = "",
    window: str = "",
    every: str = "1D",
    timestamp: str = "timestamp",
    project: Project | None = None,
) -> list[Result]:
    """Compute the figures of ``[tool.mlops.business.NAME]`` and hold each against its goal.

    A figure that misses its goal fails (within its tolerance it warns), one that changes its level
    to the worse over the windows warns, even while it still reaches the goal.

    Parameters
    ----------
    frame : DataFrame
        Predictions with their labels; the SQL calls it ``predictions``. Without a row, columns may
        be missing: before the first label has come nobody knows what it will be called.
    model : str
        Whose figures; those that name no model are of every model.
    window : str
        The period the rows are of.
    every : str
        Length of the windows of the trend, as pandas writes it.
    timestamp : str
        Column of the times; without it there is no trend.
    project : Project, optional
        Whose configuration; that around the current folder by default.

    Returns
    -------
    list of Result
        ``business.goal`` and ``business.trend``, subject the figure's name.

    Raises
    ------
    ConfigError
        A query cannot be run; the message names the figure.
    """
    results = []
    for name, metric in _of(model, project).items():
        results.append(
            business(
                name, _value(name, metric, frame), goal=metric.goal, unit=metric.unit,
                direction=metric.direction, tolerance=metric.tolerance, window=window,
            )
        )  # fmt: skip
        if timestamp in frame.columns:
            series = _series(name, metric, frame, every, timestamp)
            if len(series) >= FEWEST:
                better = "high" if metric.direction == "up" else "low"
                results += trend(series, "business.trend", subject=name, better=better)
    return results


def business_over_time(
    frame: pd.DataFrame,
    *,
    model: str = "",
    every: str = "1D",
    timestamp: str = "timestamp",
    project: Project | None = None,
) -> pd.DataFrame:
    """Return the figures of the configuration for each window, as :func:`over_time` does.

    Parameters
    ----------
    frame, model, every, timestamp, project
        As of :func:`business_metrics`.
    """
    import pandas as pd

    parts = [
        _series(name, metric, frame, every, timestamp)
        for name, metric in _of(model, project).items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else over_time(frame.head(0), lambda _: {})


def _of(model: str, project: Project | None) -> dict[str, Business]:
    found = (project or load_project()).config.business
    return {name: metric for name, metric in found.items() if metric.model in ("", model)}


def _value(name: str, metric: Business, frame: pd.DataFrame) -> float | None:
    try:
        return figures_of(name, metric, [frame])[0]
    except ConfigError:
        if len(frame):
            raise
        return None


def _series(
    name: str, metric: Business, frame: pd.DataFrame, every: str, timestamp: str
) -> pd.DataFrame:
    def figure(part: pd.DataFrame) -> Measured:
        value = figures_of(name, metric, [part])[0]
        # No formula gives the noise of an arbitrary query: the series itself has to show it.
        return {name: (value, math.nan)} if value is not None and math.isfinite(value) else {}

    return over_time(frame, figure, every=every, timestamp=timestamp)


def figures_of(name: str, metric: Business, frames: Iterable[Any]) -> list[float | None]:
    """Return a figure of the configuration on each of some tables, None where it has no value.

    Parameters
    ----------
    name : str
        What it is called, for the message.
    metric : Business
        Its table in the configuration.
    frames : iterable of DataFrames or Arrow tables
        Predictions with their labels; the SQL calls each ``predictions``.

    Raises
    ------
    ConfigError
        The query cannot be run.
    """
    try:
        return evaluate(frames, metric.sql, name=TABLE)
    except InputError as error:
        raise ConfigError(f"business.{name}: {error.message}", error.hint) from error
