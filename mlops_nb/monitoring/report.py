"""Reports: one HTML page that needs no network, below 2 MB, for light and dark and for paper."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

from mlops_nb import plotlyjs
from mlops_nb.errors import InputError
from mlops_nb.monitoring import charts, html
from mlops_nb.monitoring.drift import Drift
from mlops_nb.monitoring.verdict import Verdict
from mlops_nb.result import worst

CHARTS = 24
"""Most distributions drawn; the table names every column."""

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


def render(
    subject: Drift | Verdict, path: Path | str, *, drift: Drift | None = None, title: str = ""
) -> Path:
    """Write a report of a comparison or of a verdict.

    Parameters
    ----------
    subject : Drift or Verdict
        What the page is about; its verdict and its three gravest findings come first.
    path : path
        The HTML file; its folder is made, an older file replaced.
    drift : Drift, optional
        The comparison behind a verdict, drawn below it.
    title : str
        Title of the page.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    comparison: Drift | None
    if isinstance(subject, Drift):
        top, comparison = _drift_top(subject, title or "data drift"), subject
        figures = [charts.effects(subject.results())]
    else:
        top, comparison = (
            _verdict_top(subject, title or f"{subject.model}, {subject.window}"),
            drift,
        )
        figures = [charts.checks(subject), charts.effects(subject.results)]
    body = top + _boxes(1 for figure in figures if figure)
    if comparison is not None:
        drawn = _distributions(comparison)
        figures += drawn
        if drawn:
            body += f"<h3>What moved</h3><div class='charts'>{_boxes(drawn)}</div>"
        body += f"<h3>All columns</h3><div class='wide'>{html.columns_table(comparison)}</div>"
    if isinstance(subject, Verdict):
        everything = html.results_table(subject.results)
        body += f"<h3>All checks</h3><div class='wide'>{everything}</div>"
    return _write(Path(path), title or "Report", body, [figure for figure in figures if figure])


def _drift_top(drift: Drift, title: str) -> str:
    rows = f"{drift.reference.rows:,} reference rows, {drift.current.rows:,} current rows"
    told = ""
    if drift.classifier is not None:
        found = drift.classifier
        told = (
            f"<p>A classifier tells the rows of both tables apart with an AUC of {found.auc:.3f} "
            f"({found.low:.3f} to {found.high:.3f}); 0.5 is chance, 1 is always.</p>"
        )
    findings = [result for result in drift.results() if result.name != "drift.dataset"]
    return (
        html.heading(worst(drift.results()), title, f"{drift.headline()} ({rows})")
        + html.cards(findings)
        + told
        + "".join(f"<p class='mute'>{escape(text)}</p>" for text in drift.warnings)
    )


def _verdict_top(verdict: Verdict, title: str) -> str:
    business = [r for r in verdict.results if r.dimension == "business"]
    figures = html.results_table(business) if business else ""
    return (
        html.heading(verdict.status, title, verdict.headline)
        + html.cards(verdict.results)
        + figures
    )


def _distributions(drift: Drift) -> list[Any]:
    found = []
    for column in drift.drifted_columns:
        name = column.column
        if name not in drift.current.columns or column.decision.name == "type":
            continue
        chart = charts.distribution(
            name, drift.reference.columns[name], drift.current.columns[name]
        )
        if chart is not None:
            found.append(chart)
        if len(found) == CHARTS:
            break
    return found


def _boxes(each: Any) -> str:
    return "".join("<div class='chart'></div>" for _ in each)


def _write(path: Path, title: str, body: str, figures: list[Any]) -> Path:
    # "</" inside a script would end it.
    data = json.dumps(figures, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
    page = (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{html.STYLE}{html.DARK}{PAGE}</style></head>"
        f"<body><main class='mlops'>{body}</main>{plotlyjs.script() if figures else ''}"
        f"<script>const CHARTS={data};{DRAW if figures else ''}</script></body></html>"
    )
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(page, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}", "choose another place"
        ) from error
    finally:
        with suppress(OSError):  # there is no such folder, which has been said
            aside.unlink(missing_ok=True)
    return path
