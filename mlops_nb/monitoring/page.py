"""The page of a report: styles, the bundle that draws, charts and details as compact data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from mlops_nb import plotlyjs
from mlops_nb.monitoring import html

LIMIT = 1_950_000
"""Bytes that a page may have; details are left out from where it would be more."""

PAGE = """:root{color-scheme:light dark;--p:#fff;--i:#1f2328}
@media (prefers-color-scheme:dark){:root{--p:#0d1117;--i:#d1d7e0}}
body{background:var(--p);color:var(--i);margin:1.5rem auto;max-width:74rem;padding:0 1rem}
.mlops{--paper:var(--p);--ink:var(--i);--line:#8884}
.mlops h3{margin:1.6em 0 .3em}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(30rem,1fr));gap:.8rem}
.chart{break-inside:avoid;min-width:0}.wide{overflow-x:auto}
@media (max-width:34rem){.charts{grid-template-columns:1fr}}
@media print{:root{color-scheme:light;--p:#fff;--i:#1f2328}.wide{overflow:visible;font-size:8pt}
 .mlops .card,.chart{break-inside:avoid}}"""

# Text in the charts follows the scheme of the page, and is dark on paper.
DRAW = """const scheme=matchMedia('(prefers-color-scheme: dark)');
const ink=dark=>({'font.color':dark?'#d1d7e0':'#1f2328'});
const all=[...document.querySelectorAll('.chart')];
all.forEach((box,i)=>{const c=CHARTS[i];c.layout.font={color:ink(scheme.matches)['font.color']};
 Plotly.newPlot(box,c.data,c.layout,{responsive:true,displaylogo:false,displayModeBar:false})});
const paint=dark=>all.forEach(box=>Plotly.relayout(box,ink(dark)));
scheme.addEventListener('change',e=>paint(e.matches));
addEventListener('beforeprint',()=>paint(false));
addEventListener('afterprint',()=>paint(scheme.matches));"""

# A column's distribution is drawn when it is asked for: of two hundred, none is drawn before.
DETAIL = """const pick=document.getElementById('pick'),box=document.getElementById('detail');
const show=()=>{const d=DETAILS[pick.value];if(!d)return;
 const share=v=>{const s=v.reduce((a,b)=>a+b,0)||1;return v.map(x=>x/s)};
 const bar=(name,y,color)=>({type:'bar',name,x:d[0],y:share(y),marker:{color}});
 Plotly.react(box,[bar('reference',d[1],'#56a0d3'),bar('current',d[2],'#e08214')],
 {...BASE,font:{color:ink(scheme.matches)['font.color']}},{responsive:true,displayModeBar:false})};
if(pick){pick.addEventListener('change',show);show()}"""


def boxes(count: int) -> str:
    """Return places for so many charts."""
    return "<div class='chart'></div>" * count


def chooser(names: Iterable[str]) -> str:
    """Return the place where one column's distribution is shown, chosen from a list."""
    options = "".join(
        f"<option value='{escape(name, quote=True)}'>{escape(html.short(name))}</option>"
        for name in names
    )
    return (
        "<p><label>Distribution of <select id='pick'>"
        f"{options}</select></label></p><div id='detail'></div>"
    )


def page(
    title: str,
    body: str,
    figures: list[Any],
    details: Mapping[str, tuple[list[str], list[int], list[int]]] | None = None,
    base: Mapping[str, Any] | None = None,
) -> str:
    """Return a page that needs no network.

    Parameters
    ----------
    title, body : str
        The title as text, the body as HTML.
    figures : list
        Charts, one for each place of :func:`boxes`, in their order.
    details : mapping, optional
        Column → names of its bins, counts before, counts now: the gravest first.
    base : mapping, optional
        Layout of a detail.
    """
    start = (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{html.STYLE}{html.DARK}{PAGE}</style></head>"
    )
    draws = bool(figures or details)
    charts = _json(figures)
    bundle = plotlyjs.script() if draws else ""
    room = LIMIT - sum(len(part.encode()) for part in (start, body, charts, bundle))
    kept = _fitting(details or {}, room - 10_000)
    shown = body + (chooser(kept) if kept else "")
    data = f"const CHARTS={charts},DETAILS={_json(kept)},BASE={_json(base or {})};"
    script = f"<script>{data}{DRAW if draws else ''}{DETAIL if kept else ''}</script>"
    return f"{start}<body><main class='mlops'>{shown}</main>{bundle}{script}</body></html>"


def _fitting(details: Mapping[str, Any], room: int) -> dict[str, Any]:
    kept = {}
    for name, detail in details.items():
        # Once in the data and twice in the list of choices.
        room -= len(_json(detail).encode()) + 3 * len(escape(name, quote=True).encode()) + 40
        if room < 0:
            break
        kept[name] = detail
    return kept


def _json(value: object) -> str:
    # "</" inside a script would end it, "<!--" hide what follows.
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
