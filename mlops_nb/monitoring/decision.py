"""What decides about a column: a size that matters, evidence, and why the bound is where it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlops_nb.monitoring import tail
from mlops_nb.monitoring.parts import Spread

FLOORS = {"js": 0.02, "null_rate": 0.005, "unseen": 0.001, "vocabulary": 0.02}
"""What each kind of evidence must reach to matter; :mod:`mlops_nb.monitoring.drift` says why."""
WORDS = {
    "js": "Jensen–Shannon distance of 0.02 beyond the noise of sampling, a shift of the mean by a "
    "twentieth of a standard deviation or of a category by two to three points",
    "null_rate": "change of the rows without a value by half a point",
    "unseen": "tenth of a percent of the rows with one unknown value",
    "vocabulary": "change by two points of the texts that hold a word",
}
"""Each floor in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What decided about a column.

    Parameters
    ----------
    name : str
        ``js`` (distribution), ``null_rate``, ``unseen``, ``vocabulary``, a statistic of a fixed
        rule, or ``missing`` and ``type``.
    value, threshold : float
        The size of the difference and the bound it must reach to matter.
    p_value, q_value : float, optional
        Evidence before and after all columns are taken into account; q is 1 below the bound. None
        under a rule that knows no evidence.
    reason : str
        Where the bound comes from, in words.
    """

    name: str
    value: float
    threshold: float
    p_value: float | None = None
    q_value: float | None = None
    reason: str = ""

    @property
    def excess(self) -> float:
        """How many times its threshold the value is."""
        return self.value / self.threshold if self.threshold else math.inf

    @property
    def strength(self) -> float:
        """The p value that counts: 1 where the difference is too small to matter."""
        if self.excess < 1:
            return 1.0
        return 0.0 if self.p_value is None else self.p_value

    def score(self, alarm: float) -> float:
        """How far it is on its way to an alarm, which is at 1: the lesser of size and evidence."""
        if self.p_value is None:
            return self.excess
        return min(self.excess, math.log(max(self.p_value, 1e-300)) / math.log(alarm))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-serialisable values."""
        return {
            "name": self.name, "value": self.value, "threshold": self.threshold,
            "p_value": self.p_value, "q_value": self.q_value, "reason": self.reason,
        }  # fmt: skip


def evidence(
    name: str, value: float, p_value: float, variation: Mapping[str, Spread], alarm: float
) -> Decision:
    """Weigh a difference against its floor and the reference's own variation.

    Both must hold: the samples differ more than two samples of one population would, and the
    difference is not one that the reference's own periods show among themselves. So the greater
    of both p values counts (Berger 1982), and the greater of both bounds.
    """
    floor = FLOORS[name]
    found = Decision(
        name=name, value=value, threshold=floor, p_value=p_value,
        reason=f"a {WORDS[name]} begins to matter",
    )  # fmt: skip
    spread = variation.get(name)
    if spread is None:
        return found
    # Periods that differ by nothing are too few to say that one more differs by so little.
    of = (spread.mean, spread.sd, spread.count, max(spread.largest, floor))
    own = tail.beyond_p(value, *of)
    limit = tail.beyond_limit(alarm, *of)
    if limit > floor:
        reason = (
            f"the reference's own {spread.count} periods differ by {spread.mean:.3g} on average "
            f"and {spread.largest:.3g} at most; one beyond {limit:.3g} comes by chance in "
            f"{alarm:.2g} of periods"
        )
        found = replace(found, threshold=limit, reason=reason)
    return replace(found, p_value=max(p_value, own))
