"""Where it is written what to do about a finding: a file of the project, and a heading in it."""

from __future__ import annotations

import re

from mlops_nb.config import Project
from mlops_nb.result import Result

_HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*#*\s*$", re.MULTILINE)
_FENCED = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)


def playbook_step(project: Project, job: str, result: Result) -> str:
    """Return the place in a job's playbook that speaks of a finding.

    The heading that names the check and its subject (``performance.auc/all``) comes first, then
    the one that names the check, then the one that names its dimension (``performance``).

    Parameters
    ----------
    project : Project
        The project.
    job : str
        The job.
    result : Result
        The finding.

    Returns
    -------
    str
        ``playbooks/monitor.md#performanceauc``; the file alone when no heading fits; empty when
        the job has no playbook or it cannot be read.
    """
    path = project.config.jobs[job].playbook if job in project.config.jobs else ""
    if not path:
        return ""
    try:
        text = (project.root / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    headings = [found["text"] for found in _HEADING.finditer(_FENCED.sub("", text))]
    for name in (result.identity, result.name, result.dimension):
        word = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w/])", re.IGNORECASE)
        for heading in headings:
            if word.search(heading):
                return f"{path}#{_anchor(heading)}"
    return path


def _anchor(heading: str) -> str:
    """Return a heading's fragment as GitHub, GitLab and JupyterLab's preview make it."""
    plain = re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
