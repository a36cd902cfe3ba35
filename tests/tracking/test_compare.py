"""Runs side by side."""

from __future__ import annotations

import math
from html.parser import HTMLParser

import pytest

import mlops_nb
from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.tracking import drawing
from mlops_nb.tracking.compare import compare_runs
from mlops_nb.tracking.sync import sync


class Balanced(HTMLParser):
    """Fails on an element that is closed in the wrong order, and counts what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in {"br", "line", "circle", "polyline", "meta"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"br", "line", "circle", "polyline", "meta"}:
            assert self.open.pop() == tag


def parsed(html: str) -> Balanced:
    found = Balanced()
    found.feed(html)
    assert not found.open
    return found


@pytest.fixture
def three(stored: Project) -> Project:
    for number, name in enumerate(("a", "b", "<b>&x")):
        with mlops_nb.run(name) as run:
            run.log_params({"depth": number, "kind": f"k{number % 2}", "same": 1})
            for step in range(1000 if number else 3):
                run.log_metric("loss", 1 / (step + 1 + number))
            run.log_metric("auc", 0.5 + number / 10)
            run.log_metric("odd", math.nan)
            run.log_text(f"common = 1\nvalue = {number}\n", "mlops/cell.py")
    sync(stored)
    return stored


@pytest.mark.slow
def test_what_differs_is_shown_as_text_and_page(three: Project) -> None:
    found = compare_runs(three, ["a", "b", "<b>&x"])
    text = repr(found)
    assert ["params.depth", "0", "1", "2"] in [line.split() for line in text.splitlines()]
    assert "params.same" not in text
    assert ["metrics.auc", "0.5", "0.6", "0.7"] in [line.split() for line in text.splitlines()]
    assert {"-value = 0", "+value = 1", "+value = 2"} <= set(text.splitlines())
    assert "curve loss" in text
    assert "█" in text
    assert text.splitlines()[-1] == "2 parameters differ, 3 metrics, code of 2 differs"
    assert len(found.curves["loss"][1]) <= 301
    html = found._repr_html_()
    assert "<b>&x" not in html
    assert "&lt;b&gt;&amp;x" in html
    tags = parsed(html)
    assert tags.seen.count("svg") == 2
    assert "script" not in tags.seen
    assert len(html) < 60_000


@pytest.mark.slow
def test_too_few_and_unknown_runs(three: Project) -> None:
    with pytest.raises(InputError, match="name two runs or more"):
        compare_runs(three, ["a"])
    with pytest.raises(NotFoundError, match="no run 'zzz'"):
        compare_runs(three, ["a", "zzz"])


def test_bars_share_a_scale_and_mark_what_is_no_number() -> None:
    assert drawing.bars([0, 1, 2, 3, 4, 5, 6, 7], [0, 7]) == "▁▂▃▄▅▆▇█"
    assert drawing.bars([1, math.nan, math.inf], [1]) == "▅··"
    assert drawing.bars([], [1]) == drawing.bars([1], [math.nan]) == ""
    assert len(drawing.bars(range(1000), range(1000))) == 40


def test_charts_hold_with_gaps_texts_and_single_values() -> None:
    axes = {
        "depth": [1.0, 3.0, None],
        "kind": ["a", "b", "a"],
        "mixed": ["x", 2.0, 2.0],
        "same": [1.0, 1.0, 1.0],
    }
    tags = parsed(drawing.parallel(["r", "s", "t"], axes))
    assert tags.seen.count("line") == 3
    assert tags.seen.count("polyline") == 3
    assert drawing.parallel(["r"], {"a": [1.0]}) == ""
    assert drawing.curves("m", ["r"], [[(0.0, math.nan)]]) == ""
    assert parsed(drawing.curves("<m>", ["r", "s"], [[(0.0, 1.0), (1.0, 2.0)], []])).seen
