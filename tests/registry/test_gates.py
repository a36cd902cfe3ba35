"""Gates as plain functions of a version's case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fairlearn.metrics
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.config import Fairness, Gates
from mlops_nb.errors import ConfigError
from mlops_nb.registry import gates
from mlops_nb.registry.bootstrap import Gain
from mlops_nb.registry.gates import case as framework
from mlops_nb.registry.gates.metrics import calibration_error
from mlops_nb.registry.versions import ModelVersion
from mlops_nb.result import Result, Status

RNG = np.random.default_rng(5)
ROWS = 900


def version(number: int = 2, **metrics: float) -> ModelVersion:
    return ModelVersion(
        name="m",
        version=number,
        aliases=(),
        run_id="r",
        source="s",
        created=datetime.now(UTC),
        metrics=metrics,
    )


def group(level: str, value: float, half: float = 0.02) -> dict[str, Any]:
    span = {"value": value, "low": value - half, "high": value + half}
    return {"column": "region", "level": level, "rows": 300, "metrics": {"roc_auc": span}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """What the gates of one test may look at."""

    low: float | None = None
    card: dict[str, Any] | None = None
    scored: gates.Scored | None = None
    errors: Sequence[str] | None = None
    reproduced: dict[str, Any] | None = None
    contract: Sequence[Result] = ()
    launch: Sequence[Result] = ()

    def results(self, rules: Gates, **metrics: float) -> dict[str, Result]:
        def measure(metric: str = "roc_auc") -> Gain:
            assert self.low is not None
            return Gain(
                metric=metric, challenger=0.8, champion=0.7, gain=0.1, low=self.low, high=0.2,
                confidence=0.95, certainty=0.9, rows=100,
            )  # fmt: skip

        def score() -> gates.Scored:
            assert self.scored is not None, "a gate that nobody asked for scored the hold-out"
            return self.scored

        card = {
            "owner": "night shift", "intended_use": "a try", "limits": "none", "groups": [],
            "model": {"bytes": 2_000_000, "milliseconds_per_1000_rows": 12.0},
        }  # fmt: skip
        found = gates.run(
            gates.Case(
                version=version(**metrics),
                rules=rules,
                card=card | (self.card or {}),
                champion=None if self.low is None else version(1),
                measure=measure,
                score=score,
                lint=lambda: self.errors,
                reproduced=lambda: self.reproduced,
                contract=lambda: self.contract,
                business=measure,
                launch=lambda: self.launch,
            )
        )
        return {result.name: result for result in found}


def scored(rates: dict[str, float], *, task: str = "binary") -> gates.Scored:
    """Rows of groups that are answered with yes at the rates given."""
    groups = np.repeat(list(rates), ROWS // len(rates))
    score = RNG.random(len(groups))
    answer = score < np.array([rates[name] for name in groups])
    rows = pd.DataFrame({"region": groups, "truth": np.where(RNG.random(ROWS) < 0.4, "y", "n")})
    answers = pd.DataFrame({"prediction": np.where(answer, "y", "n"), "score": score})
    return gates.Scored(rows=rows, label="truth", answers=answers, task=task, positive="y")


@pytest.mark.parametrize(
    ("rules", "metrics", "name", "expected"),
    [
        (Gates(minimum={"roc_auc": 0.8}), {"roc_auc": 0.8}, "minimum", Status.PASSED),
        (Gates(minimum={"roc_auc": 0.8}), {"roc_auc": 0.79}, "minimum", Status.FAILED),
        (Gates(maximum={"brier": 0.2}), {"brier": 0.2}, "maximum", Status.PASSED),
        (Gates(maximum={"brier": 0.2}), {"brier": 0.21}, "maximum", Status.FAILED),
        (Gates(minimum={"auc": 0.8}), {"roc_auc": 0.9}, "minimum", Status.FAILED),
    ],
)
def test_bounds(rules: Gates, metrics: dict[str, float], name: str, expected: Status) -> None:
    result = Hall().results(rules, **metrics)[f"gate.{name}"]
    assert result.status is expected
    assert bool(result.advice) == (expected is Status.FAILED)


@pytest.mark.parametrize(
    ("low", "gain", "expected"),
    [
        (None, 0.0, Status.NOT_APPLICABLE),
        (0.01, 0.0, Status.PASSED),
        (0.0, 0.0, Status.FAILED),
        (-0.01, 0.0, Status.FAILED),
        (0.01, 0.02, Status.FAILED),
    ],
)
def test_the_challenger_must_be_surely_better(
    low: float | None, gain: float, expected: Status
) -> None:
    result = Hall(low=low).results(Gates(challenger_gain=gain))["gate.challenger"]
    assert result.status is expected


def test_what_is_not_asked_for_is_not_judged() -> None:
    assert set(Hall().results(Gates())) == {"gate.challenger", "gate.card"}


@pytest.mark.parametrize(
    ("weakest", "expected"),
    [(0.70, Status.PASSED), (0.69, Status.WARNED), (0.67, Status.FAILED)],
)
def test_no_group_is_surely_worse(weakest: float, expected: Status) -> None:
    card = {"groups": [group("north", 0.8), group("south", weakest)]}
    result = Hall(card=card).results(Gates(group_minimum={"roc_auc": 0.7}))["gate.group_minimum"]
    assert result.status is expected
    assert "region = south on 300 rows" in result.message
    mirrored = Hall(card=card).results(Gates(group_maximum={"roc_auc": 0.7}))
    assert "region = north" in mirrored["gate.group_maximum"].message


def test_groups_that_were_not_measured_are_no_groups_that_passed() -> None:
    result = Hall().results(Gates(group_minimum={"roc_auc": 0.7}))["gate.group_minimum"]
    assert result.status is Status.FAILED
    assert "groups=" in result.advice


@pytest.mark.parametrize(
    ("rates", "expected"),
    [({"a": 0.5, "b": 0.48}, Status.PASSED), ({"a": 0.5, "b": 0.3}, Status.FAILED)],
)
def test_the_four_fifths_rule(rates: dict[str, float], expected: Status) -> None:
    rules = Gates(fairness=Fairness(columns=["region"], selection_ratio=0.8))
    found = scored(rates)
    result = Hall(scored=found).results(rules)["gate.fairness.selection_ratio"]
    assert (result.status, result.subject) == (expected, "region")
    selected = (found.answers["prediction"] == "y").groupby(found.rows["region"]).mean()
    assert result.value == pytest.approx(selected.min() / selected.max())


def test_every_figure_of_fairness_is_fairlearns() -> None:
    rules = Gates(fairness=Fairness(selection_difference=0.1, odds_difference=0.9))
    found = scored({"a": 0.5, "b": 0.2, "c": 0.45})
    results = Hall(scored=found, card={"groups": [group("a", 0.8)]}).results(rules)
    truth, answer = found.rows["truth"] == "y", found.answers["prediction"] == "y"
    expected = fairlearn.metrics.equalized_odds_difference(
        truth, answer, sensitive_features=found.rows["region"]
    )
    odds = results["gate.fairness.odds_difference"]
    assert (odds.value, odds.status) == (pytest.approx(expected), Status.PASSED)
    assert results["gate.fairness.selection_difference"].status is Status.FAILED


def test_a_small_group_is_left_out_of_fairness_and_said_so() -> None:
    found = scored({"a": 0.5, "b": 0.5})
    found.rows.loc[:4, "region"] = "c"
    rules = Gates(fairness=Fairness(columns=["region"], selection_ratio=0.5))
    result = Hall(scored=found).results(rules)["gate.fairness.selection_ratio"]
    assert result.status is Status.PASSED
    assert "1 smaller groups are left out" in result.message


@pytest.mark.parametrize(
    ("columns", "task", "words"),
    [
        ([], "binary", "no column says"),
        (["age"], "binary", "the hold-out lacks age"),
        (["region"], "regression", "this is a regression model"),
    ],
)
def test_fairness_that_cannot_be_judged_refuses(columns: list[str], task: str, words: str) -> None:
    rules = Gates(fairness=Fairness(columns=columns, selection_ratio=0.8))
    result = Hall(scored=scored({"a": 0.5, "b": 0.5}, task=task)).results(rules)["gate.fairness"]
    assert result.status is Status.FAILED
    assert words in result.message


def test_scores_that_do_not_come_true_refuse() -> None:
    score = RNG.random(ROWS)
    truth = np.where(RNG.random(ROWS) < score, "y", "n")
    honest = gates.Scored(
        rows=pd.DataFrame({"truth": truth}),
        label="truth",
        answers=pd.DataFrame({"prediction": truth, "score": score}),
        task="binary",
        positive="y",
    )
    rules = Gates(calibration_error=0.08)
    assert Hall(scored=honest).results(rules)["gate.calibration"].status is Status.PASSED
    honest.answers["score"] = score**4
    assert Hall(scored=honest).results(rules)["gate.calibration"].status is Status.FAILED
    del honest.answers["score"]
    assert Hall(scored=honest).results(rules)["gate.calibration"].status is Status.NOT_APPLICABLE


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=80))
def test_the_calibration_error_is_a_share(rows: list[tuple[bool, float]]) -> None:
    truth = np.array([float(t) for t, _ in rows])
    assert 0 <= calibration_error(truth, np.array([s for _, s in rows])) <= 1
    assert calibration_error(truth, truth) == pytest.approx(0)


def test_scores_that_say_the_opposite_are_as_wrong_as_can_be() -> None:
    truth = np.repeat([0.0, 1.0], 50)
    assert calibration_error(truth, 1 - truth) == pytest.approx(1)


def test_speed_size_and_card() -> None:
    rules = Gates(milliseconds_per_1000_rows=12.0, megabytes=1.9, complete_card=True)
    results = Hall(card={"limits": ""}).results(rules)
    assert results["gate.latency"].status is Status.PASSED
    assert (
        results["gate.size"].message == "the model file has 2.00 MB; at most 1.9 MB were asked for"
    )
    assert results["gate.size"].status is Status.FAILED
    assert results["gate.card"].status is Status.FAILED
    assert Hall(card={"limits": ""}).results(Gates())["gate.card"].status is Status.WARNED


@pytest.mark.parametrize(
    ("errors", "expected", "words"),
    [
        ([], Status.PASSED, "no error"),
        (["cell 2: NBX001 'x' is bound nowhere", "…"], Status.FAILED, "bound nowhere and 1 more"),
        (None, Status.FAILED, "no notebook"),
    ],
)
def test_lint(errors: list[str] | None, expected: Status, words: str) -> None:
    result = Hall(errors=errors).results(Gates(lint=True))["gate.lint"]
    assert result.status is expected
    assert words in result.message


def test_a_package_adds_its_gates_by_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "our_gates.py").write_text(
        "from mlops_nb.registry.gates import gate\n"
        "from mlops_nb.result import Result, Status\n"
        "@gate\n"
        "def from_a_package(case):\n"
        "    return Result(name='gate.ours', subject=case.version.label, status=Status.PASSED)\n",
        encoding="utf-8",
    )
    info = tmp_path / "our_gates-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-gates\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[mlops_nb.gates]\nours = our_gates\n")
    monkeypatch.syspath_prepend(tmp_path)
    framework._load_installed.cache_clear()
    try:
        assert Hall().results(Gates())["gate.ours"].status is Status.PASSED
    finally:
        gates.remove("from_a_package")
        framework._load_installed.cache_clear()


@pytest.mark.parametrize(
    ("found", "expected", "words"),
    [
        (None, Status.FAILED, "never made again"),
        ({"verdict": "reproduced", "environment": "locked"}, Status.PASSED, "reproduced"),
        (
            {"verdict": "reproduced", "environment": "current"},
            Status.FAILED,
            "not a clean one",
        ),
        (
            {
                "verdict": "different",
                "environment": "locked",
                "causes": [{"kind": "seed", "text": "no seed"}],
            },
            Status.FAILED,
            "different: no seed",
        ),
    ],
)
def test_a_run_must_have_come_out_the_same_in_a_clean_environment(
    found: dict[str, Any] | None, expected: Status, words: str
) -> None:
    result = Hall(reproduced=found).results(Gates(reproduced=True))["gate.reproduced"]
    assert result.status is expected
    assert words in result.message
    assert ("--env locked" in result.advice) == (expected is Status.FAILED)


def test_rows_that_break_their_contract_refuse() -> None:
    fine = Result(name="quality.nulls", subject="age", status=Status.PASSED)
    low = Result(
        name="quality.minimum", subject="age", status=Status.FAILED, message="3 rows are below 0",
        advice="look for a placeholder",
    )  # fmt: skip
    rules = Gates(contract=True)
    assert Hall(contract=[fine]).results(rules)["gate.contract"].status is Status.PASSED
    result = Hall(contract=[fine, low, low]).results(rules)["gate.contract"]
    assert (result.status, result.value) == (Status.FAILED, 2)
    assert result.message == "age: 3 rows are below 0; and 1 more"


@pytest.mark.parametrize(
    ("low", "demanded", "expected"),
    [
        (None, 0.0, Status.NOT_APPLICABLE),
        (0.05, 0.0, Status.PASSED),
        (0.0, 0.0, Status.FAILED),
        (-0.05, -0.1, Status.PASSED),
        (-0.15, -0.1, Status.FAILED),
    ],
)
def test_the_figure_of_the_business_decides(
    low: float | None, demanded: float, expected: Status
) -> None:
    rules = Gates(business={"money": demanded})
    result = Hall(low=low).results(rules)["gate.business"]
    assert (result.status, result.subject) == (expected, "money")


def test_a_launch_that_is_not_ready_refuses_only_where_it_is_asked_for() -> None:
    lacking = Result(name="gate.launch.monitor", subject="m/2", status=Status.FAILED)
    assert "gate.launch.monitor" not in Hall(launch=[lacking]).results(Gates())
    found = Hall(launch=[lacking]).results(Gates(launch_ready=True))
    assert found["gate.launch.monitor"].status is Status.FAILED


def test_a_project_keeps_its_gates_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "our_gates.py").write_text(
        "from mlops_nb.registry.gates import gate\n"
        "from mlops_nb.result import Result, Status\n"
        "LIMIT = 3\n"
        "@gate\n"
        "def from_a_file(case):\n"
        "    bad = case.version.version > LIMIT\n"
        "    status = Status.FAILED if bad else Status.PASSED\n"
        "    return Result(name='gate.file', subject=case.version.label, status=status)\n",
        encoding="utf-8",
    )
    try:
        gates.load_files(tmp_path, ["our_gates.py"])
        assert Hall().results(Gates())["gate.file"].status is Status.PASSED
    finally:
        gates.remove("from_a_file")
    (tmp_path / "our_gates.py").write_text("1 / 0\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"our_gates\.py cannot be loaded: ZeroDivisionError"):
        gates.load_files(tmp_path, ["our_gates.py"])
    with pytest.raises(ConfigError, match="no file of gates"):
        gates.load_files(tmp_path, ["gone.py"])
