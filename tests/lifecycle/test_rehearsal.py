"""Pages, misses and money add up, whatever a policy and the truth look like."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.lifecycle.intervals import Interval
from mlops_nb.lifecycle.rehearsal import Prices, Tile, outcome, summary
from mlops_nb.lifecycle.retraining import Rule, Verdict

START = datetime(2026, 1, 1, tzinfo=UTC)
PRICES = Prices(false_page=10, retrain=5, undetected_day=100)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def span(start: float, end: float) -> Interval:
    return Interval(start=day(start), end=day(end))


def verdict(number: int, *, told: bool = False, alive: bool = False) -> Verdict:
    name = ("performance.auc/model",)
    return Verdict(
        window=span(number, number + 1), at=day(number + 1), told=name if told else (),
        found=name if alive else (), alive=name if alive else (),
    )  # fmt: skip


def tiles(*faulty: int, count: int = 10, loss: float = 0.0) -> list[Tile]:
    return [
        Tile(span=span(n, n + 1), faults=("performance.auc/model",) if n in faulty else (),
             loss=loss if n in faulty else 0.0)
        for n in range(count)
    ]  # fmt: skip


def test_a_degradation_costs_until_an_alert_is_open() -> None:
    verdicts = [verdict(n, told=n == 4, alive=n >= 4) for n in range(10)]
    found = outcome(verdicts, tiles(3, 4, 5, 6, loss=1), Rule(on="alert"), PRICES)
    assert [page.is_false for page in found.pages] == [False]
    (episode,) = found.episodes
    assert (episode.span, episode.detected) == (span(3, 7), day(5))
    assert found.undetected_days == 2
    assert found.parts == {"false_pages": 0, "retrains": 30, "undetected": 202}
    assert found.cost == 232
    assert found.missed == ()


def test_an_alert_that_comes_after_it_is_over_missed_it_and_is_no_false_page() -> None:
    late = replace(verdict(3, told=True, alive=True), at=day(8))
    found = outcome([verdict(0), late], tiles(3), Rule(), PRICES)
    assert len(found.missed) == 1
    assert found.undetected_days == 1
    assert found.false_pages == 0


def test_two_degradations_are_two_and_a_page_between_them_is_false() -> None:
    verdicts = [verdict(n, told=n == 5, alive=n == 5) for n in range(10)]
    found = outcome(verdicts, tiles(2, 8), Rule(), PRICES)
    assert len(found.episodes) == len(found.missed) == 2
    assert found.false_pages == 1
    assert found.parts["false_pages"] == 10


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        (Rule(on="never"), []),
        (Rule(on="alert"), [3, 4, 5, 7]),
        (Rule(on="new"), [3, 7]),
        (Rule(on="alert", after=2), [4, 5]),
        (Rule(on="new", after=3), [5]),
        (Rule(on="alert", cooldown=timedelta(days=2)), [3, 5, 7]),
        (Rule(every=timedelta(days=4)), [4, 8]),
        (Rule(on="new", every=timedelta(days=4)), [3, 4, 7, 8]),
    ],
)
def test_rules_of_retraining(rule: Rule, days: list[int]) -> None:
    verdicts = [verdict(n, told=n in (2, 6), alive=n in (2, 3, 4, 6)) for n in range(10)]
    found = outcome(verdicts, tiles(), rule, PRICES)
    assert found.retrains == tuple(day(n) for n in days)


flags = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=10, max_size=10)


@given(flags, st.sets(st.integers(0, 9)), st.sampled_from(["alert", "new", "never"]))
def test_every_day_of_a_degradation_is_detected_or_not(
    said: list[tuple[bool, bool]], faulty: set[int], on: str
) -> None:
    verdicts = [
        verdict(n, told=told and alive, alive=alive) for n, (told, alive) in enumerate(said)
    ]
    found = outcome(verdicts, tiles(*faulty), Rule(on=on), PRICES)  # type: ignore[arg-type]
    assert 0 <= found.undetected_days <= len(faulty)
    assert sum(e.span.length.days for e in found.episodes) == len(faulty)
    assert sum(e.span.length.days for e in found.missed) <= found.undetected_days
    assert found.cost == pytest.approx(sum(found.parts.values()))
    assert found.false_pages <= len(found.pages)
    assert len(summary(found, "EUR")) == 9
    silent = outcome(
        [replace(v, told=(), alive=()) for v in verdicts], tiles(*faulty), Rule(), PRICES
    )
    assert silent.undetected_days == len(faulty), "without alerts nothing is detected"


def test_nothing_at_all() -> None:
    found = outcome([], [], Rule(on="alert", every=timedelta(days=1)), PRICES)
    assert found.cost == 0
    assert dict(summary(found))["slowest detection"] == "-"
