"""The alarm budget: how many pages a team allows a model, and what can be seen within it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from scipy import special

from mlops_nb.errors import ConfigError
from mlops_nb.monitoring.statistics import auc_error
from mlops_nb.monitoring.variation import in_words

DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}
SEEN = 0.8
"""Chance with which the smallest loss told is found in one window."""
LARGEST = 0.25
"""However large the budget, a level above this says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmBudget:
    """Pages that may come by chance alone; made by :func:`alarm_budget`.

    Parameters
    ----------
    pages : float
        So many
    days : float
        in so many days.
    every : float
        Length of a window in seconds: each is a chance of a page.
    checks : int
        Checks of a window that page; the columns of a table count as one, since their false
        discoveries are held down together.
    """

    pages: float
    days: float
    every: float = 86400.0
    checks: int = 1

    @property
    def windows(self) -> float:
        """Windows in the budget's period."""
        return self.days * 86400 / self.every

    @property
    def level(self) -> float:
        """Chance of a false page that one check of one window may have (Bonferroni)."""
        return min(LARGEST, self.pages / self.windows / self.checks)

    @property
    def sure(self) -> float:
        """Standard errors that a fall must exceed to page, one-sided."""
        return float(-special.ndtri(self.level))

    def smallest_loss(self, metric: str, value: float, rows: int, *, positives: int = 0) -> float:
        """Return the smallest fall of a figure that a window finds in :data:`SEEN` of cases.

        It is (z of the level + z of the chance) standard errors (Cohen 1988), the error of an AUC
        by Hanley and McNeil (1982), of a share √(p (1 − p) / rows).

        Parameters
        ----------
        metric : str
            ``roc_auc``, or a share such as ``accuracy``.
        value : float
            Its baseline, 0 to 1.
        rows, positives : int
            Labelled rows of a window and those of the positive class; half without any told.
        """
        if metric == "roc_auc":
            positives = positives or rows // 2
            error = auc_error(value, max(1, positives), max(1, rows - positives))
        else:
            error = math.sqrt(value * (1 - value) / max(1, rows))
        return (self.sure + float(special.ndtri(SEEN))) * error

    def explain(self, losses: dict[str, float] | None = None) -> str:
        """Return what the budget means, and the smallest losses found within it if told."""
        told = (
            f"{self.pages:g} pages in {self.days:.0f} days over {self.windows:.0f} windows of "
            f"{in_words(self.every)} and {self.checks} checks: each may be wrong in "
            f"{self.level:.2g} of windows"
        )
        seen = ", ".join(f"{name} by {loss:.3g}" for name, loss in (losses or {}).items())
        return f"{told}; a window finds a fall of {seen} in 4 of 5 cases" if seen else told


def alarm_budget(text: str, *, every: float = 86400.0, checks: int = 1) -> AlarmBudget:
    """Read a budget such as ``"2 pages a quarter"``.

    Parameters
    ----------
    text : str
        A number, and the period: day, week, month, quarter or year.
    every : float
        Length of a window in seconds.
    checks : int
        Checks of a window that page.

    Raises
    ------
    ConfigError
        It cannot be read.
    """
    pattern = r"\s*(\d+(?:\.\d+)?)\s+(?:pages?|alarms?|alerts?)\s+(?:an?|per|each|every)\s+(\w+)\s*"
    match = re.fullmatch(pattern, text.lower())
    if match is None or match[2] not in DAYS or not float(match[1]):
        raise ConfigError(
            f"alarm budget {text!r} cannot be read", 'such as "2 pages a quarter", more than none'
        )
    return AlarmBudget(
        pages=float(match[1]), days=DAYS[match[2]], every=every, checks=max(1, checks)
    )
