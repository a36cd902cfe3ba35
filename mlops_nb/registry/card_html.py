"""A model card as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from mlops_nb.registry.card_figures import svg
from mlops_nb.registry.card_layout import Section

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --dim: #59636e; --line: #d1d9e0; --page: #fff;
  --soft: #f6f8fa; --good: #1a7f37; --warn: #9a6700; --bad: #d1242f;
  --mark: #0969da; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --line: #3d444d;
  --page: #0d1117; --soft: #151b23; --good: #3fb950; --warn: #d29922; --bad: #f85149;
  --mark: #58a6ff; } }
body { color: var(--ink); background: var(--page); font: 15px/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 0 0 .5rem; } .dim { color: var(--dim); }
section { border-top: 1px solid var(--line); padding: 1rem 0; }
figure { display: inline-block; margin: .75rem 1.5rem .25rem 0; max-width: 100%;
  vertical-align: top; }
figcaption { font-weight: 600; font-size: .9rem; } svg { max-width: 100%; height: auto; }
svg .label { fill: var(--dim); font-size: 12px; } svg .bar { fill: var(--mark); opacity: .55; }
svg .line { fill: none; stroke: var(--mark); stroke-width: 2; }
svg .band { fill: var(--mark); opacity: .18; } svg .span { stroke: var(--ink); fill: none; }
svg .axis { stroke: var(--line); fill: none; }
svg .guide { stroke: var(--dim); fill: none; stroke-dasharray: 4 4; }
.readers { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }
.readers section { background: var(--soft); border: 1px solid var(--line); border-radius: 6px;
  padding: 1rem; } .table { overflow-x: auto; }
ul { margin: 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin-top: .5rem; } th, td { text-align: left;
  border-bottom: 1px solid var(--line); padding: .25rem .75rem .25rem 0; vertical-align: top; }
td.number { font-variant-numeric: tabular-nums; text-align: right; }
.passed, .answered { color: var(--good); } .warned, .partly { color: var(--warn); }
.open { color: var(--dim); } .failed, .error { color: var(--bad); font-weight: 600; }
@media print { body { margin: 0; max-width: none; } section { break-inside: avoid; } }
"""

_COLOURED = {"passed", "warned", "failed", "error", "answered", "partly", "open"}


def render(facts: Mapping[str, Any], told: Sequence[Section]) -> str:
    """Return the card as one HTML page.

    Parameters
    ----------
    facts : mapping
        As in ``card.json``.
    told : sequence of Section
        From :func:`mlops_nb.registry.card_sections.sections`.
    """
    title = escape(str(facts["title"]))
    head = f"{facts['name']}, version {facts['version']} · registered {facts['created']}"
    readers = "".join(_section(section) for section in told if section.summary)
    rest = "".join(_section(section) for section in told if not section.summary)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{title}</h1><p class="dim">{escape(head)}</p>'
        f'<div class="readers">{readers}</div>{rest}</body></html>\n'
    )


def _section(section: Section) -> str:
    parts = [f"<section><h2>{escape(section.title)}</h2>"]
    if section.lines:
        parts.append("<ul>" + "".join(f"<li>{escape(line)}</li>" for line in section.lines))
        parts.append("</ul>")
    parts += map(svg, section.figures)
    if section.header:
        parts.append(_table(section))
    if section.note:
        parts.append(f'<p class="dim">{escape(section.note)}</p>')
    return "".join([*parts, "</section>"])


def _table(section: Section) -> str:
    header = "".join(f"<th>{escape(name)}</th>" for name in section.header)
    rows = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in section.rows)
    return (
        f'<div class="table"><table><thead><tr>{header}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cell(text: str) -> str:
    if text in _COLOURED:
        return f'<td class="{text}">{text}</td>'
    number = text.replace(",", "").replace(".", "", 1).lstrip("-").isdigit()
    kind = ' class="number"' if number else ""
    return f"<td{kind}>{escape(text)}</td>"
