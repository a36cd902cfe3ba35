"""Reports of a comparison or a verdict: a page, Markdown, a picture or JSON, by the file's name."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InputError
from mlops_nb.monitoring import charts, html
from mlops_nb.monitoring.drifted import Drift
from mlops_nb.monitoring.markdown import to_markdown
from mlops_nb.monitoring.page import boxes, page
from mlops_nb.monitoring.verdict import Verdict
from mlops_nb.result import Result, Status, worst

if TYPE_CHECKING:
    import pandas as pd

CHARTS = 12
"""Most distributions drawn from the start; of any column it can be asked for."""
FINDINGS = 5
"""Findings of a dimension told in full; its table names every one."""
ENDINGS = (".html", ".md", ".png", ".json")
TITLES = {
    "business": "Business",
    "performance": "Performance",
    "quality": "Data contract",
    "decision": "Decisions",
    "system": "System",
    "fairness": "Fairness",
    "drift": "Drift",
}
Playbook = Callable[[Result], str]
"""Finding → where its playbook is, empty when there is none."""


def render(
    subject: Drift | Verdict,
    path: Path | str,
    *,
    drift: Drift | None = None,
    series: pd.DataFrame | None = None,
    playbook: Playbook | None = None,
    title: str = "",
) -> Path:
    """Write a report of a comparison or of a verdict, in the form that the file's name asks for.

    ``.html`` is one page that needs no network, below 2 MB, for light and dark and for paper;
    ``.md`` is for a pull request, ``.png`` for a chat, ``.json`` for programs.

    Parameters
    ----------
    subject : Drift or Verdict
        What it is about; its verdict, the business and the three gravest findings come first.
    path : path
        The file; its folder is made, an older file replaced.
    drift : Drift, optional
        The comparison behind a verdict, drawn below it.
    series : DataFrame, optional
        Figures over windows, as of :func:`mlops_nb.monitoring.over_time`, drawn as timelines;
        by default those of the verdict.
    playbook : callable, optional
        Finding → where its playbook is, empty when there is none.
    title : str
        Title of the page.

    Raises
    ------
    InputError
        The file cannot be written, or its name ends in none of .html, .md, .png, .json.
    """
    target = Path(path)
    ending = target.suffix.lower()
    comparison = subject if isinstance(subject, Drift) else drift
    named = title or _title(subject)
    if series is None and isinstance(subject, Verdict) and subject.series:
        series = _series(subject)
    if ending == ".json":
        text = json.dumps(subject.to_dict(), indent=2, default=str, ensure_ascii=False)
        return _write(target, text.encode() + b"\n")
    headline, status = _headline(subject), _status(subject)
    results = _results(subject)
    if ending == ".md":
        return _write(target, to_markdown(named, status, headline, results, playbook).encode())
    if ending == ".png":
        from mlops_nb.monitoring.picture import to_png

        return _write(target, to_png(named, status, headline, results, series))
    if ending not in (".html", ".htm"):
        raise InputError(
            f"a report cannot be written as {target.name!r}", f"known: {', '.join(ENDINGS)}"
        )
    return write_page(target, _page(subject, comparison, named, series, playbook))


def _title(subject: Drift | Verdict) -> str:
    return "data drift" if isinstance(subject, Drift) else f"{subject.model}, {subject.window}"


def _series(verdict: Verdict) -> pd.DataFrame:
    import pandas as pd

    rows = pd.DataFrame(list(verdict.series))
    numbers = {name: pd.to_numeric(rows[name]) for name in ("value", "low", "high")}
    return rows.assign(window=pd.to_datetime(rows["window"]), **numbers)


def _status(subject: Drift | Verdict) -> Status:
    return worst(subject.results()) if isinstance(subject, Drift) else subject.status


def _headline(subject: Drift | Verdict) -> str:
    if isinstance(subject, Verdict):
        return subject.headline
    sizes = f"{subject.reference.rows:,} reference rows, {subject.current.rows:,} current rows"
    return f"{subject.headline()} ({sizes})"


def _results(subject: Drift | Verdict) -> list[Result]:
    if isinstance(subject, Verdict):
        return list(subject.results)
    return [result for result in subject.results() if result.name != "drift.dataset"]


def _page(
    subject: Drift | Verdict,
    comparison: Drift | None,
    title: str,
    series: pd.DataFrame | None,
    playbook: Playbook | None,
) -> str:
    results = _results(subject)
    body = html.heading(_status(subject), title, _headline(subject))
    figures: list[Any] = []
    if isinstance(subject, Verdict):
        business = [r for r in results if r.dimension == "business"]
        body += html.results_table(business) if business else ""
    body += html.cards(results, playbook=playbook)
    if series is not None and len(series):
        figures += charts.timelines(series)
        body += f"<h3>Over time</h3><div class='charts'>{boxes(len(figures))}</div>"
    top = [charts.checks(subject)] if isinstance(subject, Verdict) else []
    top = [figure for figure in (*top, charts.effects(results)) if figure]
    body += boxes(len(top))
    figures += top
    if isinstance(subject, Verdict):
        body += "".join(_section(name, results, playbook) for name in _dimensions(results))
    details: dict[str, Any] = {}
    if comparison is not None:
        below, drawn, details = _comparison(comparison)
        body, figures = body + below, figures + drawn
    return page(title or "Report", body, figures, details, charts.detail_layout())


def _dimensions(results: list[Result]) -> list[str]:
    present = dict.fromkeys(result.dimension for result in results)
    return [*(n for n in TITLES if n in present), *(n for n in present if n not in TITLES)]


def _section(dimension: str, results: list[Result], playbook: Playbook | None) -> str:
    own = [result for result in results if result.dimension == dimension]
    status = worst(own)
    told = html.cards(own, FINDINGS, playbook) if status in html.BAD else ""
    return (
        f"<h3>{escape(TITLES.get(dimension, dimension))} · {html.tag(status)}</h3>{told}"
        f"<details><summary>{len(own):,} checks</summary><div class='wide'>"
        f"{html.results_table(own)}</div></details>"
    )


def _comparison(drift: Drift) -> tuple[str, list[Any], dict[str, Any]]:
    """Return the part about columns: HTML, charts, and the counts behind any column's chart."""
    body = ""
    if drift.classifier is not None:
        found = drift.classifier
        body += (
            f"<p>A classifier tells the rows of both tables apart with an AUC of {found.auc:.3f} "
            f"({found.low:.3f} to {found.high:.3f}); 0.5 is chance, 1 is always.</p>"
        )
    body += "".join(f"<p class='mute'>{escape(text)}</p>" for text in drift.warnings)
    drawn: list[Any] = []
    details: dict[str, Any] = {}
    for column in drift.by_severity():
        name = column.column
        if name not in drift.current.columns or column.decision.name == "type":
            continue
        before, now = drift.reference.columns[name], drift.current.columns[name]
        if counts := charts.shares(before, now):
            details[name] = counts
            if column.drifted and len(drawn) < CHARTS:
                drawn.append(charts.distribution(name, before, now))
    if drawn:
        body += f"<h3>What moved</h3><div class='charts'>{boxes(len(drawn))}</div>"
    if drift.segments:
        by = escape(drift.segments[0].column)
        body += f"<h3>By {by}</h3><div class='wide'>{html.segments_table(drift)}</div>"
    body += f"<h3>All columns</h3><div class='wide'>{html.columns_table(drift)}</div>"
    return body, drawn, details


def write_page(path: Path, text: str) -> Path:
    """Write a page of HTML whole or not at all, and return where it is.

    Raises
    ------
    InputError
        The file's name ends in neither .html nor .htm, or it cannot be written.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"this report cannot be written as {path.name!r}", "known: .html")
    return _write(path, text.encode())


def _write(path: Path, content: bytes) -> Path:
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(content)
        aside.replace(path)
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}", "choose another place"
        ) from error
    finally:
        with suppress(OSError):  # there is no such folder, which has been said
            aside.unlink(missing_ok=True)
    return path
