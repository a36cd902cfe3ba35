"""A figure of the business against its goal."""

from __future__ import annotations

import math
from typing import Literal

from mlops_nb.errors import InputError
from mlops_nb.result import Result, Status


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
