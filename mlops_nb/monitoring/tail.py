"""How far out one more figure may lie: the bound that what was seen of it sets."""

from __future__ import annotations

import math

from scipy import special

TAIL = 4
"""Index of the tail beyond the largest figure seen: far from 1 it falls as (figure)⁻⁴."""
HALVINGS = 60


def odds(share: float) -> float:
    """Return v / (1 − v) of a figure between 0 and 1: from 0 to infinity."""
    return share / (1 - share) if share < 1 else math.inf


def beyond_p(value: float, mean: float, sd: float, count: int, largest: float) -> float:
    """Return the probability that one more of `count` figures from 0 to 1 is so large.

    The greater of two answers. Student's prediction for the odds, (odds − odds of the mean) /
    (sd √(1 + 1/count)) with count − 1 degrees of freedom, the deviation of the odds by the delta
    method: sd / (1 − mean)². And, since figures of holidays and storms have no normal tail: the
    next figure exceeds the largest of `count` with probability 1 / (count + 1), and of that lies
    further out with probability (largest / value)⁴ · (1 − value) / (1 − largest): Pareto's tail,
    cut off at 1. So a change that is complete is beyond whatever was seen.
    """
    if value <= largest:
        return 1.0
    if value >= 1:
        return 0.0
    rank = _further(value, largest) / (count + 1)
    if sd <= 0:
        return rank
    apart = (odds(value) - odds(mean)) / _odds_error(mean, sd, count)
    return max(rank, float(special.stdtr(count - 1, -apart)))


def beyond_limit(p: float, mean: float, sd: float, count: int, largest: float) -> float:
    """Return the value from which on :func:`beyond_p` can be as small as `p`; at most 1."""
    if largest >= 1 or mean >= 1:
        return 1.0
    student = odds(mean) - float(special.stdtrit(count - 1, p)) * _odds_error(mean, sd, count)
    low, high = largest, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _further(middle, largest) > p * (count + 1):
            low = middle
        else:
            high = middle
    return max(low, student / (1 + student))


def _further(value: float, largest: float) -> float:
    """Return the chance that a figure beyond the largest one seen is beyond `value`, too."""
    return (largest / value) ** TAIL * (1 - value) / (1 - largest)


def _odds_error(mean: float, sd: float, count: int) -> float:
    """Return the standard error of a prediction of the odds, by the delta method."""
    return sd / (1 - mean) ** 2 * math.sqrt(1 + 1 / count)
