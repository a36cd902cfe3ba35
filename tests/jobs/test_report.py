from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from mlops_nb import plotlyjs
from mlops_nb.jobs.figures import CARTESIAN, PLOTLY, WIDGET
from mlops_nb.jobs.report import render, write_report

EVIL = "<script>document.title = 'taken over'</script>"


def display(**data: object) -> Any:
    return nbformat.v4.new_output("display_data", data=dict(data))


def code(*outputs: Any, source: str = "secret_code()") -> Any:
    return nbformat.v4.new_code_cell(source, outputs=list(outputs))


def page(*cells: Any, **record: Any) -> str:
    book = nbformat.v4.new_notebook(cells=list(cells))
    return render(book, {**RECORD, **record})


def figure(kind: str = "scatter", **layout: object) -> dict[str, Any]:
    return {"data": [{"type": kind, "x": [1, 2], "y": [3, 1]}], "layout": layout}


RECORD: dict[str, Any] = {
    "job": "train",
    "status": "succeeded",
    "message": "",
    "started": "2026-04-01T06:00:00+00:00",
    "logical_time": "2026-04-01T06:00:00+00:00",
    "seconds": 3.21,
    "notebook": "notebooks/train.ipynb",
    "attempt": "abc",
    "run_id": None,
    "parameters": {"depth": 3},
    "results": [],
    "warnings": [],
}


def test_the_head_says_what_ran_and_how_it_ended() -> None:
    text = page(status="kernel_died", message="cell 3: <gone>", warnings=["mind the <gap>"])
    for part in ("train", "kernel died", "cell 3: &lt;gone&gt;", "mind the &lt;gap&gt;", "3.2 s"):
        assert part in text
    assert "depth =" in text
    assert "plotly" not in text.lower()


def test_the_worst_findings_come_first() -> None:
    def result(name: str, status: str) -> dict[str, Any]:
        return {
            "name": name,
            "subject": "x",
            "status": status,
            "message": f"{name} <is> off",
            "advice": "look",
        }

    names = ["warned", "failed", "passed", "error", "warned"]
    text = page(results=[result(f"check{i}", status) for i, status in enumerate(names)])
    assert "5 checks, 4 to look at" in text
    assert text.index("check3") < text.index("check1") < text.index("check0")
    assert "check4" not in text
    assert "&lt;is&gt;" in text
    assert "1 more" in text


def test_figures_are_live_and_the_bundle_is_in_once() -> None:
    text = page(
        code(display(**{PLOTLY: figure(title="</script>"), "text/html": EVIL})),
        code(display(**{PLOTLY: figure("bar", height=300)})),
    )
    assert text.count('class="figure" id="figure-') == 2
    assert "height: 300px" in text
    assert text.count(plotlyjs.source()) == 1
    assert "\\u003c/script>" in text
    assert "taken over" not in text
    assert len(text) < 2_000_000


def test_a_figure_that_the_bundle_cannot_draw_leaves_a_picture_or_a_note() -> None:
    picture = (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
        "rkJggg=="
    )
    assert "(surface) is not drawn" in page(code(display(**{PLOTLY: figure("surface")})))
    shown = page(code(display(**{PLOTLY: figure("surface"), "image/png": picture})))
    assert picture in shown
    assert "is not drawn" not in shown


def test_widgets_give_way_to_their_html() -> None:
    view = {WIDGET: {"model_id": "1"}, "text/plain": "Slider()"}
    assert "interactive widget" in page(code(display(**view)))
    shown = page(code(display(**view, **{"text/html": "<b>table</b>"})))
    assert "<b>table</b>" in shown
    assert "model_id" not in shown


def test_scripts_of_outputs_are_not_in_the_page() -> None:
    text = page(
        code(display(**{"text/html": f"<p>kept</p>{EVIL}<SCRIPT src='https://x.test/a.js'>"})),
        code(display(**{"application/javascript": "alert(1)", "text/plain": "js"})),
    )
    assert "<p>kept</p>" in text
    assert "taken over" not in text
    assert "x.test" not in text
    assert "alert(1)" not in text


HOSTILE = (
    '<p onclick="f()">kept</p><a href="javascript:f()">link</a><a href="https://ok.test">fine</a>'
    '<img src="https://x.test/a.png"><img src="data:image/png;base64,AAAA">'
    '<iframe src="https://x.test">in the frame</iframe><form action="https://x.test"><button>b</button>'
    '</form><meta http-equiv="refresh" content="0; url=https://x.test"><base href="https://x.test">'
    '<style>@import "https://x.test/a.css"; td { color: red }</style>'
    '<div style="background-image: url(https://x.test/b.png); color: blue">blue</div>'
    '<link rel="stylesheet" href="https://x.test"><svg onload="f()"><circle></svg>'
)


@pytest.mark.parametrize("where", ["output", "markdown"])
def test_html_acts_and_asks_for_nothing(where: str) -> None:
    cell = (
        code(display(**{"text/html": HOSTILE}))
        if where == "output"
        else nbformat.v4.new_markdown_cell(HOSTILE)
    )
    text = page(cell)
    assert "x.test" not in text
    assert "f()" not in text
    for kept in (
        ">kept</p>",
        'href="https://ok.test"',
        "data:image/png;base64,AAAA",
        "color: blue",
    ):
        assert kept in text
    for gone in (
        "<iframe",
        "<form",
        "<button",
        'http-equiv="refresh"',
        "<base",
        "<link",
        "in the frame",
    ):
        assert gone not in text


def test_tables_keep_their_look() -> None:
    table = pd.DataFrame({"a": [1, 2]}).style.highlight_max(color="yellow").to_html()
    text = page(code(display(**{"text/html": table})))
    assert "background-color: yellow" in text
    assert "<td" in text


def test_a_drawing_is_a_picture() -> None:
    text = page(code(display(**{"image/svg+xml": "<svg onload='f()'></svg>"})))
    assert "data:image/svg+xml;base64," in text
    assert "onload" not in text


def test_title_and_code_switch() -> None:
    book = nbformat.v4.new_notebook(cells=[code()])
    text = render(book, RECORD, title="Daily <scores>", show_code=True)
    assert "<h1>Daily &lt;scores&gt; " in text
    assert 'id="show-code" checked>' in text
    assert 'id="show-code" >' in page(code())


def test_text_outputs_are_escaped() -> None:
    stream = nbformat.v4.new_output("stream", name="stdout", text="<img src=x onerror=alert(1)>")
    assert "&lt;img src=x" in page(code(stream))


def test_a_long_text_is_cut_in_the_middle() -> None:
    stream = nbformat.v4.new_output("stream", name="stdout", text=f"first{'x' * 500_000}last")
    text = page(code(stream))
    assert len(text) < 100_000
    assert "first" in text
    assert "last" in text
    assert "480,009 characters more" in text


@pytest.mark.slow
@pytest.mark.ui
def test_a_browser_draws_the_figures_offline_and_runs_nothing_else(
    browser: Any, tmp_path: Path
) -> None:
    kinds = sorted(CARTESIAN - {"image"})
    cells = [code(display(**{PLOTLY: figure(kind)})) for kind in kinds]
    evil = '<img src="https://elsewhere.test/x.png" onerror="document.title=\'taken over\'">'
    cells.append(code(display(**{"text/html": evil})))
    cells.append(nbformat.v4.new_markdown_cell(EVIL))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "output.ipynb")
    path = write_report(tmp_path, RECORD)
    asked: list[str] = []
    tab = browser.new_page()
    tab.on("requestfinished", lambda request: asked.append(request.url))
    tab.goto(path.as_uri())
    tab.wait_for_function(
        f"document.querySelectorAll('.figure:has(.main-svg)').length == {len(kinds)}"
    )
    drawn = tab.locator(".figure:has(.main-svg)").count()
    title, code_shown = tab.title(), tab.locator(".input").first.is_visible()
    tab.check("#show-code")
    code_after = tab.locator(".input").first.is_visible()
    tab.close()
    assert drawn == len(kinds)
    assert title == "train: succeeded"
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert (code_shown, code_after) == (False, True)


def test_what_was_printed_in_a_row_is_one_output() -> None:
    def printed(text: str, name: str = "stdout") -> Any:
        return nbformat.v4.new_output("stream", name=name, text=text)

    lines = [printed("head\n"), printed("\n1 row\n"), printed("oh\n", "stderr"), printed("2\n")]
    table = display(**{"text/plain": "a table"})
    text = page(code(*lines, table, printed("after\n")), code(printed("another cell\n")))
    blocks = [" ".join(block.split("</pre>")[0].split()) for block in text.split("<pre>")[1:]]
    assert [b for b in blocks if "secret_code" not in b] == [
        "head 1 row", "oh", "2", "a table", "after", "another cell",
    ]  # fmt: skip
