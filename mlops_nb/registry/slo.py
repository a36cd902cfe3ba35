"""Service levels of a model: latency, freshness and volume, and where each figure is from."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

ROOM = 3.0
"""Multiples of the latency measured at registration that are promised where nothing was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One promised figure.

    Parameters
    ----------
    part : {"latency", "freshness", "volume"}
        Of what.
    key : str
        Its name with the unit, such as ``milliseconds-per-1000-rows``.
    value : float, optional
        The promise; None where nobody stated one.
    source : str
        Where it is from, or what to state.
    """

    part: str
    key: str
    value: float | None
    source: str


def latency(asked: float | None, measured: float) -> Objective:
    """Return the latency promised: what the gates ask for, else room above what was measured.

    Parameters
    ----------
    asked : float, optional
        ``gates.milliseconds-per-1000-rows``.
    measured : float
        Milliseconds that 1,000 rows took at registration.
    """
    value, source = asked, "gates.milliseconds-per-1000-rows"
    if value is None:
        value = math.ceil(ROOM * measured)
        source = f"{ROOM:g} times the {measured:.1f} ms measured at registration"
    return Objective(part="latency", key="milliseconds-per-1000-rows", value=value, source=source)


def to_toml(objectives: list[Objective]) -> str:
    """Return the objectives as a TOML file that people edit; gaps are comments."""
    return "\n".join(_lines(objectives)) + "\n"


def _lines(objectives: list[Objective]) -> Iterator[str]:
    yield "# What was promised of this model, and where each figure is from."
    part = ""
    for one in objectives:
        if one.part != part:
            part = one.part
            yield f"\n[{part}]"
        if one.value is None:
            yield f"# {one.key} is not stated: {one.source}"
        else:
            yield f"{one.key} = {json.dumps(one.value)}  # {one.source}"
