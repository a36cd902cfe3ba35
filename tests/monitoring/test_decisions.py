from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlops_nb.errors import InputError
from mlops_nb.monitoring import decisions
from mlops_nb.result import Result, Status


def rows(count: int, seed: int, rate: float = 0.2, of_b: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    origin = rng.choice(["a", "b", "c"], count, p=[0.5, 0.48, 0.02])
    chosen = (rng.random(count) < rate + of_b * (origin == "b")).astype(int)
    return pd.DataFrame({
        "origin": origin, "prediction": chosen,
        "score": np.clip(chosen * 0.5 + rng.random(count) / 2, 0, 1),
    })  # fmt: skip


def by_subject(results: list[Result]) -> dict[str, Result]:
    return {f"{r.name}/{r.subject}": r for r in results}


def test_like_rows_pass() -> None:
    reference = rows(5_000, 0)
    for seed in range(1, 11):
        found = decisions(reference, rows(1_000, seed), groups=["origin"])
        assert {r.status for r in found} == {Status.PASSED}, [r.message for r in found]


def test_a_rate_that_moves_informs_and_then_alarms() -> None:
    reference = rows(5_000, 0)
    some = by_subject(decisions(reference, rows(4_000, 1, rate=0.28)))
    assert some["decision.rate/all rows"].status is Status.WARNED
    much = by_subject(decisions(reference, rows(4_000, 1, rate=0.4), groups=["origin"]))
    assert much["decision.rate/all rows"].status is Status.FAILED
    # The groups moved together: that is one finding, not three.
    assert much["decision.rate/origin"].status is Status.PASSED


def test_one_group_that_moves_is_named() -> None:
    found = by_subject(
        decisions(rows(8_000, 0), rows(8_000, 1, of_b=-0.15), groups=["origin"], window="May")
    )
    result = found["decision.rate/origin"]
    assert result.status is Status.WARNED
    assert set(result.evidence["groups"]) == {"a", "b", "c"}
    assert result.window == "May"
    assert result.advice


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([np.inf, 0.2, 0.3], "1 are infinite"), ([1.5, 0.2, -0.1], "2 lie outside"),
        ([None, 0.2, 0.3], "1 are missing"), ([0.5, 0.5, 0.5], "all are 0.5"),
    ],
)  # fmt: skip
def test_scores_that_make_no_sense_fail(scores: list[float], words: str) -> None:
    frame = pd.DataFrame({"prediction": [0, 1, 0], "score": scores})
    result = by_subject(decisions(rows(500, 0), frame))["decision.scores/scores"]
    assert result.status is Status.FAILED
    assert words in result.message


def test_classes_and_measurements() -> None:
    rng = np.random.default_rng(0)
    one = pd.DataFrame({"prediction": rng.choice(["x", "y", "z"], 3_000)})
    two = pd.DataFrame({"prediction": rng.choice(["x", "y", "z"], 3_000, p=[0.6, 0.2, 0.2])})
    found = by_subject(decisions(one, two))
    assert found["decision.rate/answer x"].status is Status.FAILED
    assert len(found) == 3
    price = pd.DataFrame({"prediction": rng.normal(50, 10, 2_000)})
    [moved] = decisions(price, price + 4)
    assert (moved.name, moved.status) == ("decision.mean", Status.FAILED)
    [same] = decisions(price, price + 0.5)
    assert same.status is Status.PASSED


def test_bad_requests() -> None:
    assert decisions(rows(500, 0), rows(500, 0).head(0))[-1].status is Status.SKIPPED
    few = by_subject(decisions(rows(500, 0), rows(50, 0), groups=["origin"]))
    assert few["decision.rate/origin"].status is Status.SKIPPED
    with pytest.raises(InputError, match="no column 'orign'"):
        decisions(rows(500, 0), rows(500, 0), groups=["orign"])
