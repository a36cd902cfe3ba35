"""The model card: facts gathered from evidence once, told in sections, drawn in three formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError, did_you_mean
from mlops_nb.registry import card_html, card_markdown, evidence
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
    told = sections(facts)
    evidence.write_json(project, version, JSON, facts)
    evidence.write(project, version, MARKDOWN, card_markdown.render(facts, told))
    evidence.write(project, version, HTML, card_html.render(facts, told))
