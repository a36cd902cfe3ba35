"""``[tool.mlops.monitoring]``, ``business`` and ``alerts``: what is watched, who is told."""

from __future__ import annotations

from typing import Literal

import msgspec

from mlops_nb.config.table import Table


class Monitoring(Table):
    """``[tool.mlops.monitoring]``: which rule decides about drift, and how often it may err."""

    preset: Literal["evidence", "psi", "evidently"] = "evidence"
    """`evidence`: a difference that matters, beyond noise; `psi` and `evidently`: fixed limits."""
    alarm_budget: str = ""
    """Pages that may come by chance, such as `2 pages a quarter`; empty: 2 % of windows."""
    window: str = "1d"
    """Length of a window, such as `6h`, `1d` or `1w`: each is a chance of a page."""


class Business(Table):
    """``[tool.mlops.business.NAME]``: a figure that a model exists to keep high or low."""

    sql: str
    """Aggregate over the table `predictions` (predictions with their labels), or a whole query."""
    goal: float
    """What it should reach (`up`) or stay under (`down`)."""
    unit: str = ""
    """Unit of the figure and its goal."""
    direction: Literal["up", "down"] = "up"
    """Which way is better."""
    tolerance: float = 0.0
    """Share of the goal by which it may be missed with a warning only."""
    model: str = ""
    """The model it is of; empty: of every model."""


class Alerts(Table):
    """``[tool.mlops.alerts]``: where alerts go."""

    routes: dict[str, str] = msgspec.field(default_factory=lambda: {"local": "local"})
    """Name → `local` (a line in `.mlops/alerts.log`), an apprise URL, or `env:NAME` of one."""
    escalate: list[str] = []
    """Routes told of an alert that nobody has acknowledged in time."""
    escalate_after: float = 0.0
    """Seconds that an alert may stay open before it is escalated; 0: never."""
    heartbeat: str = ""
    """http(s) URL, or `env:NAME` of one, asked after every tick: whoever watches it, as
    Healthchecks.io does, learns when the ticks themselves have stopped."""
