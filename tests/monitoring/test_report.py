from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_nb import plotlyjs
from mlops_nb.errors import InputError
from mlops_nb.monitoring import Verdict, conclude, drift, render
from mlops_nb.result import Result, Status

pytestmark = pytest.mark.slow


def _tables(columns: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    one = pd.DataFrame({f"n{i}": rng.normal(0, 1, 300) for i in range(columns)})
    one["<b>level</b>"] = rng.choice(["</script><i>", "b"], 300)
    two = one.assign(n0=one["n0"] + 3, **{"<b>level</b>": "b"})
    return one, two


def test_one_page_without_network_below_2_mb(tmp_path: Path) -> None:
    found = drift(*_tables())
    path = render(found, tmp_path / "deep" / "report.html")
    page = path.read_text(encoding="utf-8")
    assert path.stat().st_size < 2_000_000
    own = page.replace(plotlyjs.source(), "")
    assert "http" not in own
    assert "src=" not in own
    assert "<b>level" not in own
    assert own.count("</script>") == 2
    assert own.index("columns drifted") < own.index("What to do") < own.index("What moved")
    assert "classifier tells the rows" in own
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_a_verdict_with_its_comparison(tmp_path: Path) -> None:
    found = drift(*_tables())
    verdict = conclude(found.results(window="May"), model="late", window="May")
    page = render(verdict, tmp_path / "v.html", drift=found).read_text(encoding="utf-8")
    assert "5 checks</summary>" in page
    # Two charts on top, one for each of the two columns that moved.
    assert len(re.findall("<div class='chart'></div>", page)) == 4


def test_the_headline_is_as_grave_as_the_gravest_finding(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    one = pd.DataFrame({"x": rng.normal(size=2000), "score": rng.uniform(0, 0.3, 2000)})
    moved = drift(one, one.assign(x=one["x"] + 1), classifier=False)
    for found, word in (
        (moved, "look"),
        (drift(one, one.assign(score=one["score"] + 0.5), classifier=False), "act"),
    ):
        page = render(found, tmp_path / "page.html").read_text(encoding="utf-8")
        for text in (page, found._repr_html_()):
            heading = text.partition("<h2>")[2].partition("</h2>")[0]
            assert word in heading
            table = text.rpartition("<table>")[2]
            assert (
                f"'tag'>{word}</span>" in table.partition("</tr></thead>")[2].partition("</tr>")[0]
            )


def test_wide_tables_stay_below_2_mb_and_tell_of_every_column(tmp_path: Path) -> None:
    one, two = _tables(200)
    found = drift(
        one, two.assign(**{f"n{i}": one[f"n{i}"] + 2 for i in range(200)}), classifier=False
    )
    path = render(found, tmp_path / "wide.html")
    assert path.stat().st_size < 2_000_000
    page = path.read_text(encoding="utf-8")
    assert page.count("<option ") == 201
    assert len(re.findall("<div class='chart'></div>", page)) == 13


def test_what_does_not_fit_is_left_out_from_the_end(tmp_path: Path) -> None:
    one, _ = _tables(1)
    found = drift(one, one, classifier=False)
    [column] = [c for c in found.columns if c.column == "n0"]
    many = 3_000
    columns = {f"c{i}": found.reference.columns["n0"] for i in range(many)}
    wide = replace(
        found,
        columns=tuple(replace(column, column=name) for name in columns),
        reference=replace(found.reference, columns=columns),
        current=replace(found.current, columns=columns),
    )
    path = render(wide, tmp_path / "wide.html")
    assert path.stat().st_size < 2_000_000
    page = path.read_text(encoding="utf-8")
    assert 100 < page.count("<option ") < many
    assert "and 2,500 more columns" in page


BAD_NAME = "<img src=x onerror=alert(1)> `@all` | $x$ </script>"


def _verdict() -> Verdict:
    results = [
        Result(
            name="business.goal", subject="cost", status=Status.PASSED, value=12.0, threshold=20.0,
            message="cost is 12 and stays within its goal of 20",
        ),
        Result(
            name="drift.column", subject=BAD_NAME, status=Status.WARNED, value=2.0, threshold=1.0,
            message=f"{BAD_NAME} moved", advice="look at it",
        ),
        *(
            Result(name="quality.nulls", subject=f"c{i}", status=Status.FAILED, message="no value")
            for i in range(30)
        ),
    ]  # fmt: skip
    return conclude(results, model="late", window="May")


def _series() -> pd.DataFrame:
    days = pd.date_range("2013-04-01", periods=10)
    value = np.linspace(0.7, 0.6, 10)
    return pd.DataFrame({
        "window": days, "figure": "roc_auc", "value": value, "low": value - 0.02,
        "high": value + 0.02, "rows": 100,
    })  # fmt: skip


def test_a_verdict_as_a_page_with_timeline_sections_and_playbook(tmp_path: Path) -> None:
    def playbook(result: Result) -> str:
        if result.dimension == "drift":
            return "javascript:alert(1)"
        return "playbooks/monitor.md#quality" if result.subject == "c1" else ""

    page = render(_verdict(), tmp_path / "v.html", series=_series(), playbook=playbook).read_text(
        encoding="utf-8"
    )
    own = page.replace(plotlyjs.source(), "")
    assert "<img" not in own
    assert "href='javascript" not in own
    assert "<a href='playbooks/monitor.md#quality'>" in own
    order = ["act", "cost is 12", "What it means", "Over time", "Data contract", "Drift"]
    places = [own.index(word, own.index("<main")) for word in order]
    assert places == sorted(places)


def test_markdown_picture_and_json(tmp_path: Path) -> None:
    verdict = _verdict()
    text = render(verdict, tmp_path / "v.md").read_text(encoding="utf-8")
    assert text.startswith("### 🔴 late, May: act")
    assert text.index("| cost |") < text.index("**c0**")
    assert "<img" not in text
    assert "@all" not in text
    assert "… and 11 more findings" in text
    picture = render(verdict, tmp_path / "v.png", series=_series()).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 100_000
    told = json.loads(render(verdict, tmp_path / "v.json").read_text(encoding="utf-8"))
    assert Verdict.from_dict(told) == verdict
    timed = conclude([], model="late", window="May", series=_series().assign(low=np.nan))
    kept = Verdict.from_dict(json.loads(json.dumps(timed.to_dict(), allow_nan=False)))
    assert kept == timed
    assert len(render(kept, tmp_path / "t.png").read_bytes()) > len(
        render(conclude([], model="late", window="May"), tmp_path / "u.png").read_bytes()
    )
    assert "Over time" in render(kept, tmp_path / "t.html").read_text(encoding="utf-8")
    with pytest.raises(InputError, match=r"known: \.html, \.md, \.png, \.json"):
        render(verdict, tmp_path / "v.pdf")
    with pytest.raises(InputError, match="no verdict"):
        Verdict.from_dict({"model": "x"})
    for ending in ("md", "png", "json"):
        assert render(drift(*_tables()), tmp_path / f"d.{ending}").stat().st_size > 100


def test_no_drift_is_a_page_too(tmp_path: Path) -> None:
    one, _ = _tables()
    page = render(drift(one, one), tmp_path / "none.html").read_text(encoding="utf-8")
    assert "no drift in 4 columns" in page


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        render(drift(*_tables()), tmp_path / "file" / "report.html")


def test_the_bundle_fits_plotly_py() -> None:
    from plotly.offline import get_plotlyjs_version

    assert get_plotlyjs_version() == plotlyjs.VERSION
    assert f"v{plotlyjs.VERSION}" in plotlyjs.source()[:200]
    assert "</script" not in plotlyjs.source()
