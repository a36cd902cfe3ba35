"""Fragments of HTML for notebooks and reports: findings as cards, light and dark, all escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from mlops_nb.result import SEVERITY, Result, Status, worst

if TYPE_CHECKING:
    from mlops_nb.monitoring.drifted import Drift
    from mlops_nb.monitoring.verdict import Verdict

ROWS = 500
"""Most columns listed; the rest is in the JSON."""
WORDS = {
    Status.PASSED: "passed",
    Status.WARNED: "look",
    Status.FAILED: "act",
    Status.ERROR: "broken",
    Status.SKIPPED: "skipped",
    Status.NOT_APPLICABLE: "not applicable",
}
"""What a status asks of the reader."""

BAD = (Status.ERROR, Status.FAILED, Status.WARNED)
"""What asks for something."""
LONGEST = 120
"""Longest name shown in full, in characters."""

# JupyterLab's variables decide where they exist, ours elsewhere;
# no colour alone carries a meaning.
STYLE = """
.mlops{--ok:#1a7f37;--warn:#9a6700;--bad:#cf222e;--mute:#6e7781;
 --ink:var(--jp-content-font-color1,#1f2328);--paper:var(--jp-layout-color1,#fff);
 --line:var(--jp-border-color2,#d0d7de);color:var(--ink);
 font:14px/1.5 var(--jp-content-font-family,system-ui,sans-serif);max-width:72rem}
[data-jp-theme-light=false] .mlops{--ok:#3fb950;--warn:#d29922;--bad:#f85149;--mute:#8b949e}
.mlops h2{font-size:1.3em;margin:.2em 0 .1em}.mlops p{margin:.15em 0}
.mlops .mute{color:var(--mute)}
.mlops .card{border:1px solid var(--line);border-left:5px solid var(--c);border-radius:4px;
 padding:.5em .9em;margin:.6em 0;break-inside:avoid}
.mlops .tag{color:var(--c);font-weight:600}
.mlops .passed{--c:var(--ok)}.mlops .warned{--c:var(--warn)}
.mlops .failed,.mlops .error{--c:var(--bad)}
.mlops .skipped,.mlops .not_applicable{--c:var(--mute)}
.mlops table{color:var(--ink);border-collapse:collapse;margin:.6em 0;font-size:.93em;border:0}
.mlops th,.mlops td{padding:.2em .8em .2em 0;text-align:left;border:0;
 border-bottom:1px solid var(--line);vertical-align:top;background:none;color:inherit}
.mlops td.n,.mlops th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
"""
DARK = """@media (prefers-color-scheme:dark){
 .mlops{--ok:#3fb950;--warn:#d29922;--bad:#f85149;--mute:#8b949e}}"""
"""For pages of our own; inside JupyterLab the theme decides, not the system."""


def fragment(body: str) -> str:
    """Wrap HTML so that it stands on its own in a notebook's output."""
    return f"<style>{STYLE}</style><div class='mlops'>{body}</div>"


def number(value: float | None) -> str:
    """Return a figure short enough to read."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def heading(status: Status, title: str, headline: str) -> str:
    """Return the verdict on top of a page."""
    return (
        f"<div class='card {status.value}'><h2><span class='tag'>{WORDS[status]}</span>"
        f" · {escape(title)}</h2><p>{escape(headline)}</p></div>"
    )


def cards(
    results: Iterable[Result], count: int = 3, playbook: Callable[[Result], str] | None = None
) -> str:
    """Return the gravest findings, each with what it means and what to do.

    Parameters
    ----------
    results : iterable of Result
        Any results; those that passed are left out.
    count : int
        At most so many.
    playbook : callable, optional
        Finding → where its playbook is, empty when there is none.
    """
    bad = [r for r in ordered(results) if r.status in BAD]
    return "".join(_card(result, playbook) for result in bad[:count])


# What costs money comes before what may explain it.
FIRST = ("business", "performance", "quality", "decision", "system", "fairness", "drift")


def ordered(results: Iterable[Result]) -> list[Result]:
    """Return the results: gravest first, then by dimension, then by how far beyond."""
    return sorted(
        results, key=lambda r: (-SEVERITY.index(r.status), _rank(r.dimension), -_excess(r))
    )


def _rank(dimension: str) -> int:
    return FIRST.index(dimension) if dimension in FIRST else len(FIRST)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int]) -> str:
    """Return a table; `rows` hold escaped HTML, the columns `numeric` stand to the right."""
    mark = [" class='n'" if i in numeric else "" for i in range(len(headers))]
    head = "".join(f"<th{m}>{escape(h)}</th>" for m, h in zip(mark, headers, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{m}>{c}</td>" for m, c in zip(mark, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def tag(status: Status) -> str:
    """Return a status as a coloured word."""
    return f"<span class='{status.value}'><span class='tag'>{WORDS[status]}</span></span>"


def results_table(results: Iterable[Result]) -> str:
    """Return results as a table, gravest first; of a great many, the first :data:`ROWS`."""
    everything = ordered(results)
    rows = (
        (
            tag(r.status),
            escape(r.name),
            escape(short(r.subject)),
            number(r.value),
            number(r.threshold),
            escape(r.message),
        )
        for r in everything[:ROWS]
    )
    headers = ("", "check", "of", "value", "bound", "found")
    return table(headers, rows, numeric=(3, 4)) + _left_out(len(everything), "results")


def columns_table(drift: Drift) -> str:
    """Return the columns of a comparison with their statistics, worst first."""
    from mlops_nb.monitoring.seen import STATISTICS

    # As grave as the cards say: a prediction that drifts asks for more than another column.
    status = {result.subject: result.status for result in drift.results()}
    rows = (
        (
            tag(status[c.column]),
            escape(short(c.column)),
            c.kind,
            *(number(c.statistic[name]) for name in STATISTICS),
            f"{escape(c.decision.name)} {number(c.decision.value)}",
            number(c.decision.q_value),
        )
        for c in sorted(drift.by_severity(), key=lambda c: -SEVERITY.index(status[c.column]))[:ROWS]
    )
    names = [name.replace("_", " ") for name in STATISTICS]
    headers = ("", "column", "kind", *names, "decided by", "q")
    numeric = (*range(3, 3 + len(names)), len(headers) - 1)
    return table(headers, rows, numeric=numeric) + _left_out(len(drift.columns), "columns")


def segments_table(drift: Drift) -> str:
    """Return the segments of a comparison, those with the most columns that drifted first."""
    rows = (
        (
            tag(segment.result("").status),
            escape(short(segment.value)),
            number(segment.drift.reference.rows),
            number(segment.drift.current.rows),
            escape(segment.drift.headline()),
        )
        for segment in drift.segments
    )
    headers = ("", drift.segments[0].column, "reference rows", "current rows", "found")
    return table(tuple(map(escape, headers)), rows, numeric=(2, 3))


def _left_out(count: int, what: str) -> str:
    return f"<p class='mute'>and {count - ROWS:,} more {what}</p>" if count > ROWS else ""


def drift_html(drift: Drift) -> str:
    """Return a comparison as the output of a notebook cell."""
    rows = f"{drift.reference.rows:,} reference rows, {drift.current.rows:,} current rows"
    body = heading(worst(drift.results()), "data drift", f"{drift.headline()} ({rows})")
    body += cards([r for r in drift.results() if r.name != "drift.dataset"])
    body += "".join(f"<p class='mute'>{escape(text)}</p>" for text in drift.warnings)
    return fragment(
        body + f"<details><summary>all columns</summary>{columns_table(drift)}</details>"
    )


def verdict_html(verdict: Verdict) -> str:
    """Return a verdict as the output of a notebook cell."""
    body = heading(verdict.status, f"{verdict.model}, {verdict.window}", verdict.headline)
    body += cards(verdict.results)
    everything = results_table(verdict.results)
    return fragment(body + f"<details><summary>all checks</summary>{everything}</details>")


def _card(result: Result, playbook: Callable[[Result], str] | None) -> str:
    advice = f"<p><b>What to do</b> — {escape(result.advice)}.</p>" if result.advice else ""
    if where := playbook(result) if playbook is not None else "":
        link = escape(where, quote=True)
        # A link that runs a script is none to follow.
        shown = f"<a href='{link}'>{link}</a>" if _is_link(where) else link
        advice += f"<p><b>Playbook</b> — {shown}</p>"
    return (
        f"<div class='card {result.status.value}'><p><span class='tag'>{WORDS[result.status]}"
        f"</span> · <b>{escape(short(result.subject))}</b> <span class='mute'>"
        f"{escape(result.name)}</span></p><p><b>What it means</b> — {escape(result.message)}.</p>"
        f"{advice}</div>"
    )


def _is_link(where: str) -> bool:
    scheme = where.partition(":")[0].lower() if ":" in where.partition("/")[0] else ""
    return scheme in ("", "http", "https")


def short(name: str) -> str:
    """Return a name, cut when it is very long."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _excess(result: Result) -> float:
    if result.value is None or not result.threshold:
        return 0.0
    return abs(result.value / result.threshold)
