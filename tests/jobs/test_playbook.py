from __future__ import annotations

from pathlib import Path

import pytest

from mlops_nb.actions.init import init
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.jobs.playbook import find_playbook, playbook_step, playbooks, section
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


@pytest.fixture
def with_templates(tmp_path: Path) -> Project:
    (tmp_path / "mlops.toml").write_text(
        '[jobs.a]\nnotebook = "n"\n[jobs.b]\nnotebook = "n"\nplaybook = "p.md"\n', encoding="utf-8"
    )
    (tmp_path / "p.md").write_text("## Nothing\n", encoding="utf-8")
    init(tmp_path, {"owner": 'The "data" team', "model_name": "churn"})
    return load_project(tmp_path)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("drift.prediction", "data-drift.md#driftprediction-the-answers-moved"),
        ("performance.labels", "label-delay.md#first-five-minutes"),
        ("performance.r2", "bad-deploy.md#performance-a-figure-is-clearly-worse-than-its-baseline"),
        ("gate.challenger", "bad-deploy.md#gate-a-new-version-was-refused"),
        ("performance.concept", "data-drift.md#first-five-minutes"),
        ("system.volume", "volume-drop.md#systemvolume-fewer-rows-than-expected"),
        ("job.completed", "pipeline-failure.md#jobcompleted-a-job-did-not-end-well"),
        ("job.stale", "stale-data.md#jobstale-the-last-success-lies-too-far-back"),
        ("fairness.rate", "fairness-breach.md#fairness-a-figure-of-a-group-is-out-of-bounds"),
        ("business.goal", "business-kpi-drop.md#businessgoal-the-goal-is-missed"),
        ("system.latency", "latency.md#systemlatency-the-slowest-answers"),
    ],
)  # fmt: skip
def test_a_finding_without_a_file_of_its_job_leads_into_the_folder(
    with_templates: Project, name: str, place: str
) -> None:
    result = Result(name=name, subject="model", status=Status.FAILED)
    path = f"playbooks/{place}"
    assert playbook_step(with_templates, "a", result) == path
    assert playbook_step(with_templates, "b", result) == path
    file, _, anchor = path.partition("#")
    text = (with_templates.root / file).read_text(encoding="utf-8")
    assert section(text, anchor).startswith("##")


def test_every_check_has_a_playbook_that_ships(with_templates: Project) -> None:
    names = ["quality.column", "system.error_rate", "decision.rate", "job.missed", "job.results"]
    for name in names:
        result = Result(name=name, subject="x", status=Status.FAILED)
        assert playbook_step(with_templates, "a", result).startswith("playbooks/"), name
    unknown = Result(name="mine.own", subject="x", status=Status.FAILED)
    assert playbook_step(with_templates, "a", unknown) == ""
    assert playbook_step(with_templates, "b", unknown) == "p.md"


def test_what_ships_is_whole_and_owned(with_templates: Project) -> None:
    found = {playbook.name: playbook for playbook in playbooks(with_templates)}
    assert set(found) == {
        "bad-deploy", "business-kpi-drop", "data-drift", "fairness-breach", "label-delay",
        "latency", "pipeline-failure", "stale-data", "volume-drop",
    }  # fmt: skip
    for playbook in found.values():
        assert playbook.owner == 'The "data" team'
        assert playbook.respond_within
        assert playbook.repair
        assert playbook.fault
        headings = ["Detection", "First five minutes", "Diagnosis", "Decision", "Retrain, or roll"]
        places = [
            playbook.body.index(f"## {text}") for text in [*headings, "Communication", "Post"]
        ]
        assert places == sorted(places)
        assert "MODEL" not in playbook.body
    assert with_templates.config.owner == "", "an existing configuration is left as it is"


def test_a_broken_playbook_is_named_and_keeps_no_alert(with_templates: Project) -> None:
    folder = with_templates.root / "playbooks"
    (folder / "data-drift.md").write_text("---\ntitle: x\nfindigns: []\n---\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"front matter of playbooks/data-drift.md.*findi"
    ) as wrong:
        playbooks(with_templates)
    assert "findings" in wrong.value.hint
    (folder / "data-drift.md").write_text("# no front matter\n", encoding="utf-8")
    with pytest.raises(InputError, match="no front matter"):
        find_playbook(with_templates, "data-drift")
    with pytest.raises(NotFoundError) as missing:
        find_playbook(with_templates, "data-drif")
    assert missing.value.hint == "did you mean 'data-drift'?"
    result = Result(name="job.completed", subject="a", status=Status.ERROR)
    assert playbook_step(with_templates, "a", result).startswith("playbooks/pipeline-failure.md#")


def test_a_section_ends_at_the_next_heading_of_its_level() -> None:
    text = "# A\n\n## B\nb\n```\n## not one\n```\n### C\nc\n## D\nd\n"
    assert section(text, "b") == "## B\nb\n```\n## not one\n```\n### C\nc\n"
    assert section(text, "d") == "## D\nd\n"
    assert section(text, "e") == ""
