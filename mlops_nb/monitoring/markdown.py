"""A verdict or a comparison as Markdown, for a pull request or an issue."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from mlops_nb.monitoring.html import BAD, WORDS, number, ordered, short
from mlops_nb.result import Result, Status

MOST = 20
"""Findings told in full; the rest is counted."""
_SIGNS = {
    Status.ERROR: "🔴", Status.FAILED: "🔴", Status.WARNED: "🟡", Status.PASSED: "🟢",
    Status.SKIPPED: "⚪", Status.NOT_APPLICABLE: "⚪",
}  # fmt: skip


def to_markdown(
    title: str,
    status: Status,
    headline: str,
    results: Sequence[Result],
    playbook: Callable[[Result], str] | None = None,
) -> str:
    """Return a page of Markdown: verdict, business, findings with what to do, counts.

    Parameters
    ----------
    title, headline : str
        What it is about, and the verdict in a sentence.
    status : Status
        The gravest status.
    results : sequence of Result
        Everything found.
    playbook : callable, optional
        Finding → where its playbook is, empty when there is none.
    """
    found = ordered(results)
    business = [r for r in found if r.dimension == "business"]
    bad = [r for r in found if r.status in BAD]
    lines = [f"### {_SIGNS[status]} {_text(title)}: {WORDS[status]}", "", _text(headline), ""]
    if business:
        lines += ["| business | value | goal | |", "|---|---|---|---|"]
        lines += [
            f"| {_text(short(r.subject))} | {number(r.value)} | {number(r.threshold)} "
            f"| {_SIGNS[r.status]} {_text(r.message)} |"
            for r in business
        ]
        lines.append("")
    for result in bad[:MOST]:
        lines += _finding(result, playbook)
    if len(bad) > MOST:
        lines += ["", f"… and {len(bad) - MOST} more findings"]
    return "\n".join(lines).rstrip() + "\n"


def _finding(result: Result, playbook: Callable[[Result], str] | None) -> list[str]:
    told = f"- {_SIGNS[result.status]} **{_text(short(result.subject))}** ({_text(result.name)}): "
    lines = [told + _text(result.message)]
    if result.advice:
        lines.append(f"  What to do: {_text(result.advice)}.")
    if where := playbook(result) if playbook is not None else "":
        lines.append(f"  Playbook: {_text(where)}")
    return lines


def _text(text: str) -> str:
    """Return a text that Markdown takes as it is: no markup, no HTML, on one line."""
    plain = re.sub(r"\s+", " ", text).replace("&", "&amp;").replace("<", "&lt;")
    # `@` would call a person of that name.
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", plain).replace("@", "@\u200b")
