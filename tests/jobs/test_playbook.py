from __future__ import annotations

from pathlib import Path

import pytest

from mlops_nb.config import Project, load_project
from mlops_nb.jobs.playbook import playbook_step
from mlops_nb.result import Result, Status

PLAYBOOK = """# When the monitor alarms

```
# performance.brier in a comment of an example
```

## Performance

## `performance.auc` falls (owner: data team, within a day)

### performance.auc/carrier AA

## [drift.column](x.md) moves
"""


@pytest.fixture
def with_playbook(tmp_path: Path) -> Project:
    (tmp_path / "p.md").write_text(PLAYBOOK, encoding="utf-8")
    (tmp_path / "mlops.toml").write_text(
        '[jobs.a]\nnotebook = "n"\nplaybook = "p.md"\n[jobs.b]\nnotebook = "n"\n', encoding="utf-8"
    )
    return load_project(tmp_path)


@pytest.mark.parametrize(
    ("name", "subject", "place"),
    [
        ("performance.auc", "all", "p.md#performanceauc-falls-owner-data-team-within-a-day"),
        ("performance.auc", "carrier AA", "p.md#performanceauccarrier-aa"),
        ("performance.brier", "all", "p.md#performance"),
        ("drift.column", "x", "p.md#driftcolumn-moves"),
        ("fairness.gap", "sex", "p.md"),
    ],
)
def test_an_alert_leads_to_the_heading_that_names_it(
    with_playbook: Project, name: str, subject: str, place: str
) -> None:
    result = Result(name=name, subject=subject, status=Status.FAILED)
    assert playbook_step(with_playbook, "a", result) == place
    assert playbook_step(with_playbook, "b", result) == ""
    assert playbook_step(with_playbook, "gone", result) == ""


def test_a_playbook_that_is_gone_keeps_no_alert(with_playbook: Project) -> None:
    (with_playbook.root / "p.md").unlink()
    result = Result(name="a.b", subject="s", status=Status.FAILED)
    assert playbook_step(with_playbook, "a", result) == ""
