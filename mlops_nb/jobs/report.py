"""The HTML report of an attempt: one file that needs no network and prints well."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from mlops_nb.jobs.attempt import OUTPUT, REPORT, write_atomically
from mlops_nb.jobs.figures import lift_figures, scripts
from mlops_nb.jobs.sanitise import sanitise
from mlops_nb.result import SEVERITY, Status

FINDINGS_SHOWN = 3
_TONES = {"succeeded": "good", "findings": "warn", "cancelled": "warn"}
_WORTH_SHOWING = (Status.WARNED, Status.FAILED, Status.ERROR)


def write_report(
    folder: Path, record: Mapping[str, Any], *, title: str = "", show_code: bool = False
) -> Path:
    """Render an attempt's executed notebook into its ``report.html``.

    Parameters
    ----------
    folder : Path
        The attempt's folder, holding ``output.ipynb``.
    record : mapping
        ``AttemptRecord.to_dict()``.
    title : str
        The heading; empty: the job's name.
    show_code : bool
        Whether the switch that shows the code is on at first.

    Returns
    -------
    Path
        The page.
    """
    import nbformat

    book = nbformat.read(folder / OUTPUT, as_version=4)
    page = folder / REPORT
    write_atomically(page, render(book, record, title=title, show_code=show_code))
    return page


def warm_up() -> None:
    """Import, read and compile what a first report needs: half a second, once a process."""
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    output = new_output("display_data", {"text/html": "<b></b>", "text/plain": "x"})
    _body(new_notebook(cells=[new_code_cell("x = 1", outputs=[output])]))


def render(
    book: Any, record: Mapping[str, Any], *, title: str = "", show_code: bool = False
) -> str:
    """Return the page of an executed notebook.

    Parameters
    ----------
    book : NotebookNode
        The executed notebook; changed by this.
    record : mapping
        ``AttemptRecord.to_dict()``.
    title, show_code : str, bool
        As :func:`write_report` takes them.
    """
    nonce = secrets.token_urlsafe(16)
    _join_streams(book.cells)
    figures = lift_figures(book.cells)
    template = (files("mlops_nb.jobs") / "report.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        nonce=nonce,
        title=escape(f"{title or record['job']}: {record['status']}"),
        highlight=_highlighting(),
        heading=escape(title or record["job"]),
        checked="checked" if show_code else "",
        status=escape(record["status"].replace("_", " ")),
        tone=_TONES.get(record["status"], "bad"),
        message=f'<p class="message">{escape(record["message"])}</p>' if record["message"] else "",
        facts="\n".join(_facts(record)),
        findings=_findings(record["results"]),
        body=_body(book),
        scripts=scripts(figures, nonce),
    )


def _join_streams(cells: Iterable[Any]) -> None:
    """Make one output of what a cell printed in a row: each flush is an output of its own."""
    for cell in cells:
        joined: list[Any] = []
        for output in cell.get("outputs", ()):
            before = joined[-1] if joined else {}
            if output.output_type == "stream" and output.name == before.get("name"):
                before["text"] += output.text
            else:
                joined.append(output)
        if joined:
            cell.outputs = joined


def _body(book: Any) -> str:
    from jinja2 import pass_context
    from nbconvert import HTMLExporter

    class Exporter(HTMLExporter):
        """Takes HTML out of Markdown as well: a notebook may come from anybody."""

        @pass_context
        def markdown2html(self, context: Any, source: str) -> str:
            return sanitise(super().markdown2html(context, source))

    book.metadata.pop("widgets", None)
    exporter = Exporter(
        template_name="basic",
        embed_images=True,
        exclude_anchor_links=True,
        mathjax_url="",
        jquery_url="",
        require_js_url="",
        mermaid_js_url="",
        widget_renderer_url="",
    )
    body, _ = exporter.from_notebook_node(book)
    return str(body)


def _highlighting() -> str:
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    plain = ".highlight { background: none !important; }"
    return f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}\n{plain}"


def _facts(record: Mapping[str, Any]) -> Iterator[str]:
    facts = [
        ("Started", _moment(record["started"])),
        ("Duration", f"{record['seconds']:.1f} s"),
        ("Due time", _moment(record["logical_time"])),
        ("Notebook", record["notebook"]),
        ("Attempt", record["attempt"]),
        ("Run", record["run_id"] or "none"),
        *((f"{name} =", repr(value)) for name, value in record["parameters"].items()),
        *(("Note", warning) for warning in record["warnings"]),
    ]
    for name, value in facts:
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"


def _findings(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the worst findings first, and how many checks there were."""
    if not results:
        return ""
    found = sorted(
        (result for result in results if result["status"] in _WORTH_SHOWING),
        key=lambda result: SEVERITY.index(Status(result["status"])),
        reverse=True,
    )
    items = "\n".join(map(_finding, found[:FINDINGS_SHOWN]))
    more = len(found) - FINDINGS_SHOWN
    rest = f"<p>{more} more in the notebook below.</p>" if more > 0 else ""
    return (
        f"<h2>{len(results)} checks, {len(found)} to look at</h2>\n"
        f'<ul class="findings">\n{items}\n</ul>{rest}'
    )


def _finding(result: Mapping[str, Any]) -> str:
    tone = "warn" if result["status"] == Status.WARNED else "bad"
    advice = result.get("advice") or ""
    return (
        f'<li><strong class="{tone}">{escape(result["name"])}</strong> '
        f"{escape(result['subject'])}: {escape(result.get('message') or result['status'])}"
        + (f'<span class="advice">{escape(advice)}</span>' if advice else "")
        + "</li>"
    )
