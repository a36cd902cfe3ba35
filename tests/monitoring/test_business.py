from __future__ import annotations

import math

import pytest

from mlops_nb.errors import InputError
from mlops_nb.monitoring import business
from mlops_nb.result import Status


@pytest.mark.parametrize(
    ("value", "direction", "status"),
    [
        (12, "up", Status.PASSED), (9.5, "up", Status.WARNED), (8, "up", Status.FAILED),
        (9, "down", Status.PASSED), (10.5, "down", Status.WARNED), (12, "down", Status.FAILED),
        (None, "up", Status.SKIPPED), (math.nan, "up", Status.SKIPPED),
    ],
)  # fmt: skip
def test_goal_direction_and_tolerance(value: float, direction: str, status: Status) -> None:
    found = business("cost", value, goal=10, unit="k$", direction=direction, tolerance=0.1)
    assert found.status is status
    assert found.subject == "cost"
    assert "10 k$" in found.message


def test_bad_requests() -> None:
    with pytest.raises(InputError, match="direction"):
        business("cost", 1, goal=1, direction="left")
    with pytest.raises(InputError, match="tolerance"):
        business("cost", 1, goal=1, tolerance=-1)
