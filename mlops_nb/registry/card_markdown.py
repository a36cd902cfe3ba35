"""A model card as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_nb.registry import card_figures
from mlops_nb.registry.card_layout import Section


def render(facts: Mapping[str, Any], told: Sequence[Section]) -> str:
    """Return the card as one Markdown document.

    Parameters
    ----------
    facts : mapping
        As in ``card.json``.
    told : sequence of Section
        From :func:`mlops_nb.registry.card_sections.sections`.
    """
    parts = [
        f"# {_escape(facts['title'])}",
        f"{_escape(facts['name'])}, version {facts['version']} · registered {facts['created']}",
    ]
    for section in told:
        parts.append(f"## {_escape(section.title)}")
        if section.lines:
            parts.append("\n".join(f"- {_escape(line)}" for line in section.lines))
        parts += [_fenced(card_figures.text(figure)) for figure in section.figures]
        if section.header:
            parts.append(_table(section))
        if section.note:
            parts.append(_escape(section.note))
    return "\n\n".join(parts) + "\n"


def _table(section: Section) -> str:
    rows = [section.header, ["---"] * len(section.header), *section.rows]
    return "\n".join(
        "| " + " | ".join(c if c == "---" else _escape(c).replace("|", "\\|") for c in row) + " |"
        for row in rows
    )


def _fenced(text: str) -> str:
    """Return lines as code, in a fence that they themselves cannot close."""
    lines = [" ".join(line.split("`")) for line in text.splitlines()]
    return "\n".join(["```text", *lines, "```"])


def _escape(text: object) -> str:
    """Keep a value from being read as markup, and on one line."""
    return re.sub(r"([\\`*_<>\[\]#])", r"\\\1", " ".join(str(text).split()))
