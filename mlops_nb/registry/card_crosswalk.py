"""Which section of a card answers which heading of a rule book, and which headings stay open.

The headings are those of Annex IV of the EU's AI Act (Regulation (EU) 2024/1689) and the
categories of NIST's AI Risk Management Framework 1.0, shortened. A card is a part of what they ask
for and no proof of conformity: what is organisation and not model is said to be open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ANNEX_IV = "EU AI Act, Annex IV"
AI_RMF = "NIST AI RMF 1.0"
OUTSIDE = "not a matter of one model: your quality management says it"
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """One heading of a rule book.

    Parameters
    ----------
    book, number, title : str
        Where it stands and what it asks for.
    sections : tuple of str
        The sections of a card that answer it.
    needs : mapping
        What must be known for an answer, in words → whether a card's facts hold it.
    outside : str
        What the card cannot say in any case; empty: nothing.
    """

    book: str
    number: str
    title: str
    sections: tuple[str, ...] = ()
    needs: Mapping[str, Callable[[Facts], bool]]
    outside: str = ""

    def open_points(self, facts: Facts) -> list[str]:
        """Return what is still to be said."""
        missing = [words for words, there in self.needs.items() if not there(facts)]
        return [*missing, *([self.outside] if self.outside else [])]

    def status(self, facts: Facts) -> str:
        """Return ``answered``, ``partly`` or ``open``."""
        missing = sum(not there(facts) for there in self.needs.values())
        if not self.sections or (self.needs and missing == len(self.needs)):
            return "open"
        return "partly" if self.open_points(facts) else "answered"


def crosswalk(facts: Facts) -> list[dict[str, Any]]:
    """Return every heading with where it is answered and what is open, JSON-serialisable."""
    return [
        {
            "book": heading.book,
            "number": heading.number,
            "title": heading.title,
            "status": heading.status(facts),
            "sections": list(heading.sections),
            "open": heading.open_points(facts),
        }
        for heading in _HEADINGS
    ]


def _has(key: str) -> Callable[[Facts], bool]:
    return lambda facts: bool(facts.get(key))


def _inputs(facts: Facts) -> bool:
    return bool(facts["data"]["inputs"])


def _gated(facts: Facts) -> bool:
    return bool(facts["gates"])


def _approved(facts: Facts) -> bool:
    return any(
        r["name"] == "approvals" and r["status"] in {"passed", "not_applicable"}
        for r in facts["gates"]
    )


def _fair(facts: Facts) -> bool:
    gated = any(str(r["name"]).startswith("gate.fairness") for r in facts["gates"])
    return gated or bool(facts.get("fairness"))


def _watched(facts: Facts) -> bool:
    return any(job["watches"] for job in facts.get("operation", {}).get("jobs", []))


def _playbook(facts: Facts) -> bool:
    return any(job["playbook"] for job in facts.get("operation", {}).get("jobs", []))


def _routed(facts: Facts) -> bool:
    return bool(facts.get("operation", {}).get("routes"))


_PURPOSE = {"the intended use": _has("intended_use")}
_LIMITS = {"the limits": _has("limits")}
_OWNER = {"an owner": _has("owner")}
_GROUPS = {"metrics by group (register with groups=…)": _has("groups")}
_FAIR = {"fairness (register with groups=…)": _fair}
_GATES = {"gates that were run (mlops model evaluate)": _gated}
_SIGNED = {"approvals": _approved}
_WATCH = {"a job that monitors": _watched}
_ALERTS = {"alert routes": _routed}
_PLAYBOOK = {"a playbook": _playbook}
_CODE = {"the commit": lambda facts: bool(facts["run"]["commit"])}
_DATA = {
    "the run's inputs with their hashes (log_input)": _inputs,
    "the period of the training rows": _has("period"),
}
_WHY = {
    "what it relies on": lambda facts: bool(facts["importance"]["features"]),
    "a comparison with models that can be read (explain --training)": _has("simpler"),
}
_STATED, _SCIENCE, _ENGINEER = "Use", "For the data scientist", "For the engineer on call"
_ORIGIN, _METRICS, _BY_GROUP = "Where it comes from", "Metrics on the hold-out", "By group"
_DECIDED, _RELIES, _GATED = "Decisions on the hold-out", "What it relies on", "Gates and approvals"
_FAIRNESS = "Fairness on the hold-out"
_OPERATED, _ODD = "Operation", "Rows that are not as they should be"


def _annex(number: str, title: str, *sections: str, outside: str = "", **parts: Any) -> Heading:
    return Heading(
        book=ANNEX_IV, number=number, title=title, sections=sections, outside=outside,
        needs=parts.get("needs", {}),
    )  # fmt: skip


def _nist(number: str, title: str, *sections: str, outside: str = "", **parts: Any) -> Heading:
    return Heading(
        book=AI_RMF, number=number, title=title, sections=sections, outside=outside,
        needs=parts.get("needs", {}),
    )  # fmt: skip


_HEADINGS = (
    _annex("1(a)", "Intended purpose, provider, version", _STATED, _ORIGIN,
           needs=_PURPOSE | _OWNER),
    _annex("1(b)", "Interaction with other hardware and software",
           outside="name the systems that call it"),
    _annex("1(c)", "Versions of relevant software", _ORIGIN),
    _annex("1(d)", "Forms in which it is put into service", _ENGINEER, outside="who is served how"),
    _annex("1(e)", "Hardware it is meant to run on", outside="name the hardware"),
    _annex("1(f)", "The product it is a part of", outside="only for parts of products"),
    _annex("1(g)-(h)", "User interface and instructions for use", _ENGINEER,
           outside="what its users see"),
    _annex("2(a)", "How it was developed", _ORIGIN, needs=_CODE),
    _annex("2(b)", "Logic, design choices, trade-offs", _SCIENCE, _RELIES, needs=_WHY,
           outside="why it was designed so"),
    _annex("2(c)", "Architecture and computing resources", _ORIGIN,
           outside="the systems around it"),
    _annex("2(d)", "Data: provenance, selection, labelling, cleaning", "Data", needs=_DATA,
           outside="how rows were chosen and labelled"),
    _annex("2(e)", "Human oversight and means of interpreting outputs", _RELIES, _GATED,
           needs=_SIGNED, outside="who oversees single decisions"),
    _annex("2(f)", "Changes that were determined beforehand", _GATED, needs=_GATES),
    _annex("2(g)", "Validation and testing, metrics, discriminatory impact, signed reports",
           _METRICS, _BY_GROUP, _FAIRNESS, _DECIDED, _GATED, needs=_GROUPS | _GATES | _SIGNED),
    _annex("2(h)", "Cybersecurity", _ORIGIN, _ENGINEER, outside="the security of what it runs on"),
    _annex("3", "Capabilities and limits, accuracy for groups, input data, unintended outcomes",
           _METRICS, _BY_GROUP, _ODD, _STATED, needs=_GROUPS | _LIMITS),
    _annex("4", "Why these metrics are the right ones", _METRICS, outside="why: say it in notes"),
    _annex("5", "Risk management system (Article 9)", outside=OUTSIDE),
    _annex("6", "Changes over the lifecycle", _GATED, outside="`mlops model audit` lists them"),
    _annex("7", "Harmonised standards applied", outside=OUTSIDE),
    _annex("8", "EU declaration of conformity", outside=OUTSIDE),
    _annex("9", "Post-market monitoring (Article 72)", _OPERATED,
           needs=_WATCH | _ALERTS | _PLAYBOOK),
    _nist("GOVERN 1", "Policies and processes are in place", _GATED, needs=_GATES, outside=OUTSIDE),
    _nist("GOVERN 2", "Accountability", _ENGINEER, _GATED, needs=_OWNER | _SIGNED),
    _nist("GOVERN 3", "Diversity, equity, inclusion in the work", outside=OUTSIDE),
    _nist("GOVERN 4", "A culture that considers risk", outside=OUTSIDE),
    _nist("GOVERN 5", "Engagement with those concerned", outside=OUTSIDE),
    _nist("GOVERN 6", "Third-party software and data", _ORIGIN, "Data", needs=_DATA),
    _nist("MAP 1", "Context is established", _STATED, needs=_PURPOSE | _LIMITS),
    _nist("MAP 2", "The system is categorised", _SCIENCE),
    _nist("MAP 3", "Capabilities, goals, costs against benchmarks", _METRICS, _RELIES, needs=_WHY),
    _nist("MAP 4", "Risks of all components", _ORIGIN, outside="risks of data and third parties"),
    _nist("MAP 5", "Impacts on people and society", _BY_GROUP, _FAIRNESS, _DECIDED, needs=_GROUPS,
          outside="impacts beyond the hold-out"),
    _nist("MEASURE 1", "Methods and metrics are chosen", _METRICS, needs=_GATES),
    _nist("MEASURE 2", "Valid, safe, secure, explainable, fair",
          _METRICS, _RELIES, _BY_GROUP, _FAIRNESS, _ODD, needs=_GROUPS | _FAIR | _WHY,
          outside="safety and privacy beyond the model file"),
    _nist("MEASURE 3", "Risks are tracked over time", _OPERATED, needs=_WATCH),
    _nist("MEASURE 4", "Feedback about the measuring", outside=OUTSIDE),
    _nist("MANAGE 1", "Risks are prioritised and acted on", _GATED, needs=_GATES, outside=OUTSIDE),
    _nist("MANAGE 2", "Strategies to respond, also by switching off", _ENGINEER, _OPERATED,
          needs=_PLAYBOOK),
    _nist("MANAGE 3", "Third parties are managed", outside=OUTSIDE),
    _nist("MANAGE 4", "Response, recovery and communication", _OPERATED, needs=_ALERTS | _PLAYBOOK),
)  # fmt: skip
