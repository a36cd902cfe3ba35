from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlops_nb.config import CurrentAttempt
from mlops_nb.monitoring import conclude
from mlops_nb.result import Result, Status


def _result(name: str, status: Status, subject: str = "x", **values: float) -> Result:
    return Result(name=name, subject=subject, status=status, message="m", advice="a", **values)


RESULTS = [
    _result("drift.column", Status.PASSED),
    _result("drift.column", Status.WARNED, "<script>alert(1)</script>", value=2.0, threshold=1.0),
    _result("performance.roc_auc", Status.FAILED, value=0.6, threshold=0.7),
    _result("system.labels", Status.SKIPPED),
]


def test_the_gravest_check_decides() -> None:
    verdict = conclude(RESULTS, model="late", window="May")
    assert verdict.status is Status.FAILED
    assert verdict.findings[0].name == "performance.roc_auc"
    assert verdict.counts["drift"] == {"passed": 1, "warned": 1}
    assert verdict.headline == (
        "act now — 3 checks; performance: 1 of 1 not passed; drift: 1 of 2 not passed; 1 skipped"
    )
    assert conclude([], model="late", window="May").status is Status.NOT_APPLICABLE
    assert "all is well" in conclude(RESULTS[:1], model="late", window="May").headline


def test_html_escapes_every_name() -> None:
    shown = conclude(RESULTS, model="<i>m</i>", window="<b>w</b>")._repr_html_()
    assert "<script>" not in shown
    assert "<i>m" not in shown
    assert "<b>w" not in shown
    assert "What to do" in shown


def test_figures_are_plotlys() -> None:
    figures = conclude(RESULTS, model="late", window="May").figures
    assert [figure.data[0].type for figure in figures] == ["bar", "bar"]
    assert conclude([], model="late", window="May").figures == []


def test_in_a_job_the_results_are_left_for_its_alerts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "attempt"
    attempt = CurrentAttempt(job="monitor", attempt="1", folder=folder, logical_time="2024")
    for name, value in attempt.environment().items():
        monkeypatch.setenv(name, value)
    verdict = conclude(RESULTS, model="late", window="May")
    assert [path.name for path in folder.iterdir()] == ["results.json"]
    found = json.loads((folder / "results.json").read_text())
    assert (found["schema"], found["model"], found["window"], found["status"]) == (
        1, "late", "May", "failed",
    )  # fmt: skip
    assert tuple(Result.from_dict(r) for r in found["results"]) == verdict.results


def test_printed_it_is_one_line_a_finding() -> None:
    bad = Result(name="business.goal", subject="cost", status=Status.FAILED, message="too dear")
    good = Result(name="system.volume", subject="rows", status=Status.PASSED)
    text = str(conclude([good, bad], model="flights", window="April"))
    assert text.splitlines()[0].startswith("flights, April: act now")
    assert text.splitlines()[1:] == ["failed   business.goal cost: too dear"]
