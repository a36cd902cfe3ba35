from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mlops_nb import monitoring
from mlops_nb.config import load_project
from mlops_nb.errors import ConfigError, InputError
from mlops_nb.monitoring.budget import alarm_budget
from mlops_nb.monitoring.drift import drift
from mlops_nb.monitoring.policy import Policy
from mlops_nb.result import Status


def _numbers(shift: float, rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.normal(shift, 1, rows), "c": rng.choice(list("abcdef"), rows)})


@pytest.mark.parametrize(
    ("shift", "status"), [(0.0, Status.PASSED), (0.4, Status.WARNED), (0.7, Status.FAILED)]
)
def test_psi_warns_at_a_tenth_and_fails_at_a_quarter(shift: float, status: Status) -> None:
    found = drift(_numbers(0, 5_000, 0), _numbers(shift, 5_000, 1), classifier=False, policy="psi")
    x = found.columns[0]
    assert (x.status, x.decision.name, x.decision.threshold) == (status, "psi", 0.1)
    assert x.decision.value == x.statistic["psi"]
    assert x.decision.p_value is None
    assert "credit-risk" in x.decision.reason
    assert "fixed rule" in found.dataset["rule"]


def test_evidently_tests_small_references_and_measures_large_ones() -> None:
    small = drift(_numbers(0, 900, 0), _numbers(0.3, 900, 1), classifier=False, policy="evidently")
    assert [c.decision.name for c in small.columns] == ["ks", "chi2"]
    assert [c.drifted for c in small.columns] == [True, False]
    large = drift(
        _numbers(0, 5_000, 0), _numbers(0.05, 5_000, 1), classifier=False, policy="evidently"
    )
    assert [c.decision.name for c in large.columns] == ["wasserstein", "js"]
    assert not large.drifted  # evident, but below its distance
    exact = stats.wasserstein_distance(_numbers(0, 5_000, 0)["x"], _numbers(0.05, 5_000, 1)["x"])
    assert large.columns[0].decision.value == pytest.approx(exact, abs=0.02)


def test_unknown_presets_and_levels_are_named() -> None:
    with pytest.raises(InputError, match="no drift preset 'psy'"):
        Policy(preset="psy")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="out of range"):
        Policy(alarm=0)


def test_a_budget_is_shared_by_windows_and_checks() -> None:
    budget = alarm_budget("2 pages a quarter", every=86400, checks=5)
    assert budget.windows == pytest.approx(91.3, abs=0.1)
    assert budget.level == pytest.approx(2 / 91.3125 / 5)
    assert alarm_budget("1 page per week", every=7 * 86400).level == 0.25  # capped
    for wrong in ("two pages a quarter", "2 pages a decade", "0 pages a year", "2"):
        with pytest.raises(ConfigError, match="cannot be read"):
            alarm_budget(wrong)


def test_the_smallest_loss_is_found_in_four_of_five_windows() -> None:
    budget = alarm_budget("2 pages a quarter", checks=4)
    rows, value = 2_000, 0.9
    loss = budget.smallest_loss("accuracy", value, rows)
    rng = np.random.default_rng(0)
    error = np.sqrt(value * (1 - value) / rows)
    fallen = value - rng.binomial(rows, value - loss, 20_000) / rows > budget.sure * error
    assert fallen.mean() == pytest.approx(0.8, abs=0.05)
    as_usual = value - rng.binomial(rows, value, 200_000) / rows > budget.sure * error
    assert as_usual.mean() == pytest.approx(budget.level, rel=0.25)
    assert 0 < budget.smallest_loss("roc_auc", 0.8, rows, positives=300) < 0.1
    assert "accuracy by 0.0" in budget.explain({"accuracy": loss})


def test_the_project_sets_rule_and_budget(tmp_path: Path) -> None:
    path = tmp_path / "mlops.toml"
    path.write_text('[monitoring]\nalarm-budget = "2 pages a quarter"\nwindow = "1d"\n')
    rule = monitoring.policy(load_project(tmp_path))
    assert rule.alarm == pytest.approx(2 / 91.3125 / 5)
    assert "roc_auc by" in rule.seen({"roc_auc": 0.8, "rows": 3.0, "mae": 4.0}, rows=1_000)
    path.write_text('[monitoring]\npreset = "psi"\n')
    assert monitoring.policy(load_project(tmp_path)).preset == "psi"
    path.write_text('[monitoring]\nalarm-budget = "2 pages a year"\nwindow = "soon"\n')
    with pytest.raises(ConfigError, match="'soon' is no length of time"):
        monitoring.policy(load_project(tmp_path))


def test_the_budget_holds_for_performance_and_decisions_too() -> None:
    rule = Policy(budget=alarm_budget("1 page a year", checks=5))
    assert rule.budget is not None
    assert rule.beyond(0.01) == pytest.approx(stats.norm.isf(rule.budget.level / 2))
    assert Policy().beyond(0.01) == pytest.approx(2.576, abs=0.001)
    right = np.ones(10_000)
    right[: 10_000 - 8_905] = 0  # accuracy 0.8905 against 0.9: 3.04 standard errors
    frame = pd.DataFrame({"prediction": 1.0, "label": right})
    told = {"label": "label", "baseline": {"accuracy": 0.9}, "margins": {"accuracy": 0.005}}
    (plain,) = monitoring.performance(frame, **told)
    (budgeted,) = monitoring.performance(frame, policy=rule, **told)
    assert (plain.status, budgeted.status) == ("failed", "passed")
    before, now = (pd.DataFrame({"prediction": [1] * n + [0] * (300 - n)}) for n in (150, 190))
    (rate,) = monitoring.decisions(before, now, max_shift=0.05)
    (calm,) = monitoring.decisions(before, now, max_shift=0.05, policy=rule)
    assert (rate.status, calm.status) == ("failed", "passed")
