"""How a version shows itself in a notebook."""

from __future__ import annotations

from datetime import UTC, datetime

from mlops_nb.actions.promote import Promotion
from mlops_nb.registry.versions import ModelVersion

VERSION = ModelVersion(
    name="<b>late", version=3, aliases=("champion",), run_id="r", source="models:/m",
    created=datetime(2026, 1, 1, tzinfo=UTC), status="passed", metrics={"roc_auc": 0.71234},
)  # fmt: skip


def test_printed_it_is_one_line() -> None:
    assert str(VERSION) == "<b>late/3 @champion: passed; roc_auc 0.7123"


def test_names_are_escaped_in_html() -> None:
    html = VERSION._repr_html_()
    assert "&lt;b&gt;late/3" in html
    assert "<b>late" not in html


def test_a_promotion_says_what_is_live_and_what_was() -> None:
    made = Promotion(version=VERSION, previous=2, results=(), seal="s")
    assert str(made) == "<b>late/3 is champion, version 2 before it"
    first = Promotion(version=VERSION, previous=None, results=(), seal="s")
    assert str(first).endswith("the first one")
