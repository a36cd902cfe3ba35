"""Drift of the values of a column, each by itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mlops_nb import monitoring
from mlops_nb.cli.main import mlops
from mlops_nb.errors import InputError, NotFoundError


def _table(seed: int, moved: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    plan = random.choice(["basic", "plus", "<b>max"], 6000, p=[0.65, 0.3, 0.05])
    usage = random.normal(10, 2, 6000) + np.where(plan == "<b>max", moved, 0.0)
    return pd.DataFrame({"plan": plan, "usage": usage, "age": random.normal(40, 9, 6000)})


def test_a_segment_moves_while_the_whole_stays() -> None:
    found = monitoring.drift_by(_table(1), _table(2, moved=0.8), by="plan", classifier=False)
    assert found.drifted_columns == []
    assert found.drifted
    first, *others = found.segments
    assert (first.value, [c.column for c in first.drift.drifted_columns]) == ("<b>max", ["usage"])
    assert not any(segment.drift.drifted for segment in others)
    assert found.headline() == "drift in 1 of 3 segments: plan <b>max"
    (result,) = [r for r in found.results() if r.name == "drift.segment" and r.status == "warned"]
    assert result.subject == "plan <b>max"
    assert "<b>max" not in found._repr_html_()


def test_without_a_move_no_segment_is_flagged() -> None:
    found = monitoring.drift_by(_table(1), _table(2), by="plan", classifier=False)
    assert not found.drifted
    assert [s.drift.policy.alarm for s in found.segments] == [0.02 / 3] * 3


def test_small_segments_are_named() -> None:
    rare = pd.concat([_table(1), _table(1).head(20).assign(plan="rare")])
    found = monitoring.drift_by(rare, _table(2), by="plan", classifier=False)
    assert "plan rare: fewer than 100 rows on one side, not compared alone" in found.warnings


def test_what_cannot_be_divided() -> None:
    table = _table(1)
    with pytest.raises(InputError, match="a profile cannot be divided by 'plan'"):
        monitoring.drift_by(monitoring.profile(table), table, by="plan")
    with pytest.raises(NotFoundError, match="no column 'plann'") as error:
        monitoring.drift_by(table, table, by="plann")
    assert "plan" in error.value.hint
    with pytest.raises(InputError, match="no value of 'usage' has 100 rows"):
        monitoring.drift_by(table, table, by="usage")


@pytest.mark.slow
def test_on_the_command_line(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("before.parquet", "now.parquet")]
    _table(1).to_parquet(names[0])
    _table(2, moved=0.8).to_parquet(names[1])
    page = tmp_path / "page.html"
    words = ["data", "drift", *names, "--by", "plan", "--no-classifier", "--report", str(page)]
    done = CliRunner().invoke(mlops, words)
    assert done.exit_code == 1
    assert "plan <b>max: 1 of 2 columns drifted: usage" in done.output
    text = page.read_text()
    assert "By plan" in text
    assert "&lt;b&gt;max" in text
    found = json.loads(CliRunner().invoke(mlops, [*words, "--format", "json"]).output)
    assert found["segments"][0]["drifted_columns"] == ["usage"]
