from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_nb import plotlyjs
from mlops_nb.errors import InputError
from mlops_nb.monitoring import conclude, drift, render


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
    assert "All checks" in page
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


@pytest.mark.slow
def test_wide_tables_stay_below_2_mb(tmp_path: Path) -> None:
    one, two = _tables(200)
    found = drift(one, two.assign(**{f"n{i}": one[f"n{i}"] + 2 for i in range(200)}))
    assert render(found, tmp_path / "wide.html").stat().st_size < 2_000_000


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
