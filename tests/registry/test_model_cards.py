"""Cards as plain functions of their facts, and how versions are named."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.errors import InputError
from mlops_nb.registry import card, card_figures, card_html, card_markdown, card_sections
from mlops_nb.registry.card_crosswalk import crosswalk
from mlops_nb.registry.ledger import Standing, logged
from mlops_nb.registry.versions import parse
from mlops_nb.state.audit import Entry


def facts(text: str = "plain") -> dict[str, Any]:
    span = {"value": 0.9, "low": 0.8, "high": 0.95}
    return {
        "title": text,
        "name": "flights",
        "version": 3,
        "created": "2026-01-01",
        "owner": text,
        "intended_use": text,
        "limits": text,
        "period": text,
        "notes": text,
        "model": {
            "type": "Pipeline",
            "task": "binary",
            "features": ["a"],
            "threshold": 0.5,
            "positive": text,
            "format": "skops",
            "types": [text],
            "sha256": "0",
            "bytes": 10,
            "milliseconds_per_1000_rows": 1.0,
        },
        "data": {
            "reference_rows": 10,
            "holdout_rows": 20,
            "label": text,
            "inputs": [{"name": text, "source": text, "rows": 10, "hash": "sha256:0"}],
        },
        "confidence": 0.95,
        "metrics": {"roc_auc": span},
        "groups": [{"column": text, "level": text, "rows": 40, "metrics": {"roc_auc": span}}],
        "fairness": [
            {"column": text, "groups": 2, "rows": 40, "figures": {"selection_ratio": span}}
        ],
        "importance": {
            "metric": "roc_auc",
            "features": [{"feature": text, "drop": 0.1, "low": 0.08, "high": 0.12}],
        },
        "calibration": [
            {"rows": 10, "score": s, "rate": s, "low": s / 2, "high": s + 0.1} for s in (0.1, 0.8)
        ],
        "scores": [5, 0, 15],
        "decisions": [
            {
                "column": "all",
                "level": "all rows",
                "rows": 20,
                "rate": 0.4,
                "low": 0.2,
                "high": 0.6,
            },
            {"column": text, "level": text, "rows": 20, "rate": 0.4, "low": 0.2, "high": 0.6},
        ],
        "dependence": [
            {
                "column": text,
                "values": [text, "b"],
                "mean": [0.2, 0.4],
                "standard_error": [0.01, 0.02],
                "number": False,
            },
            {
                "column": text,
                "values": [1.0, 2.0],
                "mean": [0.2, 0.4],
                "standard_error": [0.01, 0.02],
                "number": True,
            },
        ],
        "simpler": [
            {
                "baseline": "linear",
                "metric": "roc_auc",
                "model": 0.9,
                "value": 0.8,
                "gain": 0.1,
                "low": 0.05,
                "high": 0.15,
                "confidence": 0.95,
                "training_rows": 10,
                "advice": text,
            },
        ],
        "behaviour": [{"input": text, "answer": text}],
        "operation": {
            "jobs": [
                {
                    "name": text,
                    "notebook": "monitor.ipynb",
                    "schedule": "",
                    "timeout": 60.0,
                    "freshness": 0.0,
                    "owner": text,
                    "playbook": text,
                    "watches": True,
                }
            ],
            "routes": [text],
        },
        "environment": {"python": "3.11", "packages": {"numpy": "2"}},
        "run": {"run_id": "r", "uid": "u", "name": text, "commit": ""},
        "gates": [{"name": "gate.x", "subject": text, "status": "failed", "message": text}],
        "gaps": [text],
    }


class Tags(HTMLParser):
    """Collects the tags of a page and whether each was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_no_text_breaks_the_page_or_the_document(text: str) -> None:
    found = facts(text)
    told = card_sections.sections(found)
    page = Tags()
    page.feed(card_html.render(found, told))
    assert page.open == []
    assert "script" not in page.seen
    document = card_markdown.render(found, told)
    rows = [line for line in document.splitlines() if line.startswith("| ")]
    assert len(rows) >= 10


def bare() -> dict[str, Any]:
    """The facts of a version that was registered before a card had figures."""
    gone = {"calibration", "scores", "decisions", "dependence", "simpler", "behaviour", "operation"}
    return {key: value for key, value in facts().items() if key not in gone}


@pytest.mark.parametrize("reader", ["", "science", "engineering"])
@pytest.mark.parametrize("found", [facts(), bare()], ids=["whole", "bare"])
def test_each_reader_has_a_view_from_the_same_facts(found: dict[str, Any], reader: str) -> None:
    told = {section.title for section in card_sections.sections(found, reader)}
    assert ("By group" in told) is (reader != "engineering")
    assert ("Operation" in told) is (reader != "science")
    assert {"Use", "Where it comes from", "Gates and approvals"} <= told
    for kind, before in ((card.JSON, '"title": "'), (card.MARKDOWN, "## "), (card.HTML, "<h2>")):
        text = card.render(found, kind, reader)
        assert (f"{before}For the data scientist" in text) is (reader != "engineering")
        assert (f"{before}For the engineer on call" in text) is (reader != "science")


def test_each_summary_answers_its_readers_questions() -> None:
    """The two columns of the gap between those who build a model and those who run it."""
    found = facts() | {"limits": "no freight"}
    found["operation"]["jobs"][0] |= {"name": "score", "freshness": 7200.0}
    told = {section.title: " ".join(section.lines) for section in card_sections.sections(found)}
    for word in ("roc_auc", "1 features", "relies most on", "Weakest group", "Limits: no freight."):
        assert word in told["For the data scientist"]
    for word in (
        "ms per 1,000 rows",
        "of one core for a million",
        "Freshness: job score within 2 hours.",
        "Failure modes that were tried: ",
        "Playbook: ",
        "mlops model rollback flights",
    ):
        assert word in told["For the engineer on call"]
    bare_ones = {section.title: section.lines for section in card_sections.sections(bare())}
    lines = bare_ones["For the engineer on call"]
    assert "Freshness: nobody stated how old its answers may be." in lines
    assert "Failure modes that were tried: none." in lines


def test_a_reader_that_is_not_there() -> None:
    with pytest.raises(InputError, match="no reader 'sience'") as caught:
        card.render(facts(), card.HTML, "sience")
    assert caught.value.hint == "did you mean 'science'?"


def test_what_is_missing_is_told_as_a_gap() -> None:
    (gaps,) = (s for s in card_sections.sections(bare()) if s.title.startswith("Gaps"))
    assert any("models that can be read" in line for line in gaps.lines)
    assert any("before calibration" in line for line in gaps.lines)


def test_figures_are_drawn_in_the_page_and_in_the_document() -> None:
    page = card.render(facts(), card.HTML)
    assert page.count("<svg") == 7
    assert "http" not in page
    document = card.render(facts(), card.MARKDOWN)
    assert document.count("```text") == 7
    assert "█" in document
    assert "▁█  mean score 0.2 to 0.4" in document


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=40), st.floats(-1e6, 1e6)), min_size=1, max_size=12),
)
def test_bars_of_any_length_stay_within_their_picture(bars: list[tuple[str, float]]) -> None:
    figure = card_figures.Bars(title="t", labels=[n for n, _ in bars], values=[v for _, v in bars])
    drawn = card_figures.svg(figure)
    for x, width in re.findall(
        r'<rect class="bar" x="([\d.-]+)" y="[\d.-]+" width="([\d.]+)"', drawn
    ):
        assert 0 <= float(x) <= float(x) + float(width) <= 641
    assert len(card_figures.text(figure).splitlines()) >= 1 + len(bars)


def test_headings_of_rule_books_are_answered_by_what_is_known() -> None:
    found = {(i["book"], i["number"]): i for i in crosswalk(facts())}
    assert len(found) == 41
    titles = {section.title for section in card_sections.sections(facts())}
    assert {name for item in found.values() for name in item["sections"]} <= titles
    book = "EU AI Act, Annex IV"
    assert found[book, "1(a)"]["status"] == "answered"
    assert found[book, "5"]["status"] == "open"
    silent = facts() | {"intended_use": "", "owner": ""}
    found = {(i["book"], i["number"]): i for i in crosswalk(silent)}
    assert found[book, "1(a)"]["status"] == "open"
    assert found[book, "1(a)"]["open"] == ["the intended use", "an owner"]
    assert found["NIST AI RMF 1.0", "MANAGE 4"]["status"] == "answered"
    assert crosswalk(bare())  # an older card has one too


def test_a_pipe_stays_within_its_cell() -> None:
    found = facts("a|b")
    document = card_markdown.render(found, card_sections.sections(found))
    assert "| a\\|b | a\\|b | 40 |" in document


def test_a_script_is_text() -> None:
    found = facts("<script>alert('x')</script>")
    assert "<script" not in card_html.render(found, card_sections.sections(found))


def test_unknown_fields_of_a_card_are_refused() -> None:
    assert card.check_stated({"owner": " me ", "notes": ""}) == {"owner": "me"}
    with pytest.raises(InputError, match="no field 'onwer'") as caught:
        card.check_stated({"onwer": "me"})
    assert caught.value.hint == "did you mean 'owner'?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m", ("m", "champion", None)),
        ("m@challenger", ("m", "challenger", None)),
        ("m/12", ("m", "champion", 12)),
    ],
)
def test_references(text: str, expected: tuple[str, str, int | None]) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["", "@x", "m@", "m/", "m/x", "m/1@x", "/1"])
def test_references_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InputError, match="cannot read the model reference"):
        parse(text)


def entry(action: str, number: int, before: int | None = None) -> Entry:
    return Entry(
        position=1,
        time=datetime.now(UTC),
        actor="me",
        action=action,
        model="m",
        version=number,
        details={"champion_before": before},
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.data())
def test_a_rollback_undoes_the_last_promotion(numbers: list[int], data: st.DataObject) -> None:
    numbers = [n for i, n in enumerate(numbers) if i == 0 or numbers[i - 1] != n]
    story = [entry("promote", n) for n in numbers]
    back = data.draw(st.integers(0, len(numbers) - 1))
    story += [entry("rollback", numbers[-2 - i]) for i in range(back)]
    left = numbers[: len(numbers) - back]
    previous = left[-2] if len(left) > 1 else None
    assert logged(story) == Standing(champion=left[-1], previous=previous)


def test_the_log_begins_with_the_champion_it_found() -> None:
    assert logged([]) is None
    assert logged([entry("promote", 2, before=1)]) == Standing(champion=2, previous=1)
    assert logged([entry("rollback", 1, before=2)]) == Standing(champion=1)
    found = [entry("promote", 1), entry("restore", 1, before=5)]
    assert logged(found) == Standing(champion=1)
