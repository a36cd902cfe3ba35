"""Criteria are met by evidence alone; the level is the weakest of what is below it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.lifecycle.badge import badge
from mlops_nb.lifecycle.criterion import CRITERIA
from mlops_nb.lifecycle.evidence import Drill, Evidence, Fact, LiveModel
from mlops_nb.lifecycle.maturity import FITTING, LEVELS, Maturity, Need, assess
from mlops_nb.result import Result, Status

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def fact(what: str, day: int = 1) -> Fact:
    return Fact(what=what, at=datetime(2026, 4, day, tzinfo=UTC))


MODEL = LiveModel(
    name="late", version=2, promoted=fact("late/2", 3), gates_passed=4, judged=fact("late", 5),
    dimensions=frozenset({"performance", "drift", "system", "business"}),
    approved=fact("late/2", 2),
)  # fmt: skip
FULL = Evidence(
    now=NOW,
    runs=7,
    last_run=fact("fit in train.ipynb", 9),
    reproduced=fact("run fit"),
    notebooks={"train.ipynb": fact("").at},
    lint_errors={"train.ipynb": 0},
    models=(MODEL,),
    scheduled=fact("job score"),
    schedules=("score",),
    routes=("team",),
    delivered=fact("team"),
    alerts=2,
    guided=2,
    playbooks=("playbooks/drift.md",),
    last_alert=fact("drift.column/fare"),
    retrained=fact("late/2, promoted by its gates"),
    retrain_jobs=("retrain",),
    owners=2,
    rollback=fact("late to version 1"),
    drills=(Drill(playbook="bad-deploy", at=NOW, passed=True, rolled_back=True),),
)


def judged(**changes: Any) -> Maturity:
    return assess(replace(FULL, **changes), Need())


def test_all_of_it_is_level_three_with_a_date_for_each() -> None:
    found = judged()
    assert found.level == 3
    assert found.next_step is None
    assert all(result.evidence["date"] for result in found.results)
    assert len(found.results) == len(CRITERIA) == 14
    assert found.to_dict()["next"] is None


def test_nothing_is_level_zero_and_every_criterion_has_a_step() -> None:
    found = assess(Evidence(now=NOW), Need())
    assert found.level == 0
    assert {result.status for result in found.results} == {Status.FAILED}
    assert all(result.advice for result in found.results)
    assert found.next_step is not None
    assert found.next_step.name == "maturity.tracked"


LIVE = {"models": (replace(MODEL, promoted=None),)}


@pytest.mark.parametrize(
    ("changes", "name", "message"),
    [
        ({"last_run": None}, "tracked", "no run is on record"),
        ({"notebooks": {"a.ipynb": NOW, "b.ipynb": None}}, "versioned",
         "git does not know b.ipynb of 2 notebooks"),
        ({"reproduced": None}, "reproducible", "no run was made again"),
        ({"models": (replace(MODEL, lacking=("data", "commit")),)}, "reproducible",
         "late/2 lacks its data, commit"),
        ({"lint_errors": {"a.ipynb": 2, "b.ipynb": 0}}, "linted", "finds 2 errors in a.ipynb"),
        ({"models": (), "candidates": ("late",)}, "registered", "late has no champion"),
        (LIVE, "registered", "the audit log does not know how late/2 became champion"),
        ({"models": (replace(MODEL, overridden=True),)}, "gated",
         "late/2 went live over its gates"),
        ({"models": (replace(MODEL, gates_passed=0),)}, "gated", "no gate stood before late/2"),
        ({"scheduled": None}, "scheduled", "score never ran by its schedule"),
        ({"scheduled": None, "schedules": ()}, "scheduled", "no job has a schedule"),
        ({"models": (replace(MODEL, judged=None),)}, "monitored", "no monitor has judged late"),
        ({"models": (replace(MODEL, dimensions=frozenset({"drift"})),)}, "monitored",
         "says nothing of performance, system, business"),
        ({"routes": ()}, "alerted", "to nobody"),
        ({"delivered": None}, "alerted", "team never took a message"),
        ({"playbooks": ()}, "guided", "there is no playbook"),
        ({"guided": 1}, "guided", "1 of 2 alerts lead to no playbook"),
        ({"retrained": None}, "retrained", "no alert has led through retrain"),
        ({"retrained": None, "retrain_jobs": ()}, "retrained", "no alert starts a retraining"),
        ({"audit_problems": ("entry 3 was changed",)}, "governed", "entry 3 was changed"),
        ({"owners": 1}, "governed", "nobody is named to approve"),
        ({"models": (replace(MODEL, approved=None),)}, "governed", "late/2 is live without valid"),
        ({"rollback": None, "drills": ()}, "rollback_rehearsed", "no rollback"),
        ({"drills": (Drill(playbook="x", at=NOW, passed=False),)}, "drilled",
         "the last drill of x failed"),
        ({"drills": ()}, "drilled", "no drill of a playbook"),
    ],
)  # fmt: skip
def test_each_gap_is_named(changes: dict[str, Any], name: str, message: str) -> None:
    found = judged(**changes)
    result = next(r for r in found.results if r.name == f"maturity.{name}")
    assert result.status is Status.FAILED
    assert message in result.message
    assert result.advice
    assert found.level < result.evidence["level"]


def test_the_weakest_of_several_models_gives_the_date() -> None:
    older = replace(MODEL, name="fare", judged=fact("fare", 2))
    found = judged(models=(MODEL, older))
    result = next(r for r in found.results if r.name == "maturity.monitored")
    assert result.evidence["date"].startswith("2026-04-02")
    assert "late, fare judged" in result.message


def test_a_later_drill_of_a_failed_one_counts() -> None:
    failed = Drill(playbook="x", at=fact("").at, passed=False)
    passed = Drill(playbook="x", at=NOW, passed=True)
    assert judged(drills=(passed, failed)).level == 3
    assert judged(drills=(failed,)).level == 2


statuses = st.sampled_from([Status.PASSED, Status.FAILED])


@given(st.lists(st.tuples(st.integers(1, 3), statuses), max_size=9))
def test_the_level_is_below_the_first_gap(found: list[tuple[int, Status]]) -> None:
    results = tuple(
        Result(name="maturity.x", subject="s", status=status, evidence={"level": level})
        for level, status in found
    )
    level = Maturity(at=NOW, results=results).level
    assert 0 <= level <= 3
    assert all(status is Status.PASSED for of, status in found if of <= level)
    assert level == 3 or any(status is Status.FAILED for of, status in found if of == level + 1)


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_more_at_stake_never_fits_a_lower_level(one: float, two: float) -> None:
    few, many = sorted((one, two))
    for word in FITTING:
        low, high = (Need(decisions_a_day=n, criticality=word).fits for n in (few, many))
        assert low is not None
        assert high is not None
        assert low <= high
    levels = [Need(decisions_a_day=few, criticality=word).fits for word in FITTING]
    assert levels == sorted(levels, key=lambda level: level or 0)


def test_the_advice_is_honest_about_level_three() -> None:
    little = Need(decisions_a_day=200, criticality="low")
    assert little.advise(0) == (
        "200 decisions a day of low criticality: level 1 fits; level 2 would not pay"
    )
    assert "level 1 would do" in little.advise(2)
    assert "that is where you are" in little.advise(1)
    assert "depends on decisions-a-day" in Need().advise(0)
    telecom = Need(decisions_a_day=300_000, criticality="medium")
    assert telecom.advise(2) == "300,000 decisions a day of medium criticality: level 3 fits"


@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_the_badge_is_a_picture_that_says_its_level(level: int) -> None:
    picture = ElementTree.fromstring(badge(level))
    assert picture.attrib["aria-label"] == f"mlops maturity: level {level}"
    assert float(picture.attrib["width"]) < 180
