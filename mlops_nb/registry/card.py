"""The model card: facts gathered from evidence once, told in sections, drawn in three formats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError, did_you_mean
from mlops_nb.registry import card_html, card_markdown, evidence
from mlops_nb.registry.card_crosswalk import crosswalk
from mlops_nb.registry.card_layout import READERS
from mlops_nb.registry.card_sections import sections
from mlops_nb.registry.versions import ModelVersion

JSON, MARKDOWN, HTML = "card.json", "card.md", "card.html"
STATED = ("title", "owner", "intended_use", "limits", "period", "notes")
"""What only a person can say; everything else in a card comes from evidence."""


def check_stated(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what a person stated for the card, as text.

    Raises
    ------
    InputError
        A key is not one a card has.
    """
    for key in values:
        if key not in STATED:
            raise InputError(f"a card has no field {key!r}", did_you_mean(key, STATED))
    return {key: str(value).strip() for key, value in values.items() if str(value).strip()}


def write(project: Project, version: ModelVersion, facts: Mapping[str, Any]) -> None:
    """Store the card of a version in its three formats."""
    evidence.write_json(project, version, JSON, facts)
    for kind in (MARKDOWN, HTML):
        evidence.write(project, version, kind, render(facts, kind))


def render(facts: Mapping[str, Any], kind: str, reader: str = "") -> str:
    """Return a card.

    Parameters
    ----------
    facts : mapping
        As in ``card.json``.
    kind : {"card.json", "card.md", "card.html"}
        The format; JSON holds the facts with the crosswalk to the rule books.
    reader : {"", "science", "engineering"}
        Whom it is for; empty: both.

    Raises
    ------
    InputError
        There is no such reader.
    """
    if reader and reader not in READERS:
        raise InputError(f"there is no reader {reader!r}", did_you_mean(reader, READERS))
    told = sections(facts, reader)
    if kind == MARKDOWN:
        return card_markdown.render(facts, told)
    if kind == HTML:
        return card_html.render(facts, told)
    parts = [{"title": s.title, "lines": list(s.lines), "header": list(s.header),
              "rows": [list(row) for row in s.rows], "note": s.note} for s in told]  # fmt: skip
    whole = {**facts, "crosswalk": crosswalk(facts), "sections": parts}
    return json.dumps(whole, indent=2, allow_nan=False) + "\n"
