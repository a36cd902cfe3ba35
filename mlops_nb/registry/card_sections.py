"""The sections of a model card: what the facts say, in the words of its two readers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_nb.registry import card_engineering as engineering
from mlops_nb.registry import card_science as science
from mlops_nb.registry.card_crosswalk import crosswalk
from mlops_nb.registry.card_layout import Section


def sections(facts: Mapping[str, Any], reader: str = "") -> list[Section]:
    """Tell a card's facts as sections: in short for its readers, then in detail.

    Parameters
    ----------
    facts : mapping
        As in ``card.json``; parts that an older version lacks are told as gaps.
    reader : {"", "science", "engineering"}
        Whom it is for; empty: both.
    """
    told = [
        science.summary(facts),
        engineering.summary(facts),
        Section(
            title="Use",
            lines=[
                f"Intended use: {facts.get('intended_use') or 'not stated'}",
                f"Limits: {facts.get('limits') or 'not stated'}",
                *([str(facts["notes"])] if facts.get("notes") else []),
            ],
        ),
        science.data(facts),
        science.metrics(facts),
        *([science.groups(facts)] if facts["groups"] else []),
        *([science.fairness(facts)] if facts.get("fairness") else []),
        *([science.decisions(facts)] if facts.get("decisions") else []),
        *([science.importance(facts)] if facts["importance"]["features"] else []),
        *([science.simpler(facts)] if facts.get("simpler") else []),
        engineering.operation(facts),
        *([engineering.behaviour(facts)] if facts.get("behaviour") else []),
        *([engineering.gates(facts)] if facts["gates"] else []),
        engineering.environment(facts),
        Section(title="Gaps: what could not be captured", lines=_gaps(facts) or ["none known"]),
        _crosswalk(facts),
    ]
    return [section for section in told if not reader or reader in section.readers]


def _gaps(facts: Mapping[str, Any]) -> list[str]:
    gaps = list(facts["gaps"])
    if "simpler" not in facts:
        gaps.append("nobody compared it with models that can be read: explain --training")
    if "behaviour" not in facts:
        gaps.append("registered before calibration, curves and odd rows were part of a card")
    elif not facts["dependence"]:
        several = facts["model"]["task"] == "multiclass"
        why = "of several classes none was chosen" if several else "no column allowed it"
        gaps.append(f"no curves were drawn: {why}")
    return gaps


def _crosswalk(facts: Mapping[str, Any]) -> Section:
    found = crosswalk(facts)
    rows = [
        [
            item["book"],
            f"{item['number']} {item['title']}",
            item["status"],
            "; ".join(item["sections"]) or "–",
            "; ".join(item["open"]) or "–",
        ]
        for item in found
    ]
    count = sum(item["status"] == "open" for item in found)
    return Section(
        title="What the rule books ask for",
        lines=[
            f"{len(found) - count} of {len(found)} headings are answered here, at least partly."
        ],
        header=("rule book", "heading", "status", "answered in", "open"),
        rows=rows,
        note="A card is a part of what these ask for, and no proof of conformity.",
    )
