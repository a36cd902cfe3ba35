"""One page over all attempts, beside their folders: it links to every report."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from urllib.parse import quote

from mlops_nb.config import Project
from mlops_nb.jobs.attempt import OUTPUT, REPORT, write_atomically
from mlops_nb.state.attempts import AttemptRow

INDEX = "index.html"
_TONES = {"succeeded": "good", "findings": "warn", "cancelled": "warn", "running": "warn"}


def write_index(project: Project, rows: Sequence[AttemptRow], path: Path) -> Path:
    """Write the page.

    Parameters
    ----------
    project : Project
        The project.
    rows : sequence of AttemptRow
        What stands on it, in this order.
    path : Path
        Where; the links are relative to it.

    Returns
    -------
    Path
        The page.
    """
    template = (files("mlops_nb.jobs") / "index.html").read_text(encoding="utf-8")
    counts = {status: sum(row.status == status for row in rows) for status in _statuses(rows)}
    page = Template(template).substitute(
        title=escape(f"Jobs of {project.experiment}"),
        summary=escape(", ".join(f"{count} {status}" for status, count in counts.items())),
        rows="\n".join(_row(project, row, path.parent) for row in rows),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, page)
    return path


def _statuses(rows: Sequence[AttemptRow]) -> Iterator[str]:
    yield from sorted({row.status for row in rows})


def _row(project: Project, row: AttemptRow, start: Path) -> str:
    folder = project.root / row.folder
    took = f"{(row.ended - row.started).total_seconds():.1f} s" if row.ended else ""
    links = " ".join(
        f'<a href="{quote(os.path.relpath(folder / name, start))}">{text}</a>'
        for name, text in ((REPORT, "report"), (OUTPUT, "notebook"))
        if (folder / name).is_file()
    )
    tone = _TONES.get(row.status, "bad")
    message = (row.message.splitlines() or [""])[0]
    cells = (
        f"<td>{escape(row.job)}</td>",
        f'<td class="{tone}">{escape(row.status.replace("_", " "))}</td>',
        f"<td>{row.logical_time:%Y-%m-%d %H:%M}</td>",
        f"<td>{row.started:%Y-%m-%d %H:%M:%S}</td>",
        f'<td class="number">{took}</td>',
        f"<td>{escape(row.origin)}</td>",
        f"<td>{links}</td>",
        f'<td class="why">{escape(message)}</td>',
        f"<td><code>{escape(row.attempt)}</code></td>",
    )
    return f"<tr>{''.join(cells)}</tr>"
