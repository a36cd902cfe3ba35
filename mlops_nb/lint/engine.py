"""Runs the rules over one notebook."""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from mlops_nb.config import Lint
from mlops_nb.lint.context import Context
from mlops_nb.lint.finding import Diagnostic, Finding
from mlops_nb.lint.locate import Places
from mlops_nb.lint.ruff import ruff_findings
from mlops_nb.lint.rule import Rule, Severity, rules
from mlops_nb.lint.selection import selected
from mlops_nb.lint.suppression import split, suppressions
from mlops_nb.notebook import Cell, Notebook, UnreadableNotebookError

_NUMBER = re.compile(r"\d+")


def lint_notebook(
    notebook: Notebook,
    config: Lint | None = None,
    *,
    job: bool = False,
    rules_to_run: Sequence[Rule] | None = None,
    context: Context | None = None,
    ruff: str | None = None,
) -> list[Diagnostic]:
    """Lint one notebook that has been read.

    Parameters
    ----------
    notebook : Notebook
        From :func:`mlops_nb.notebook.read_notebook` or ``parse_notebook``.
    config : Lint, optional
        Which rules to run, how, and how much they weigh; by default all that are not opt-in.
    job : bool
        The configuration declares the notebook as a job.
    rules_to_run : sequence of Rule, optional
        The rules, already chosen.
    context : Context, optional
        The notebook's facts, already there.
    ruff : str, optional
        The ruff to run as well.

    Returns
    -------
    list of Diagnostic
        In file order. A rule that crashes is a finding too, marked as internal.
    """
    if rules_to_run is None:
        rules_to_run = selected(config or Lint())
    found = _run(rules_to_run, context or Context(notebook, job=job, settings=config), ruff)
    return placed(notebook, found, config.severity if config else {})


def placed(
    notebook: Notebook,
    findings: Iterable[tuple[Rule, Finding]],
    weights: Mapping[str, str] = MappingProxyType({}),
) -> list[Diagnostic]:
    """Return findings with their places in the file, in file order.

    Parameters
    ----------
    notebook : Notebook
        The notebook.
    findings : iterable of (Rule, Finding)
        What was found.
    weights : mapping
        Rule → severity, instead of the rule's own.
    """
    places = Places(notebook.text)
    # Cell by cell: the file is then gone through once.
    ordered = sorted(findings, key=lambda one: one[1].cell or 0)
    return sorted(
        (_diagnostic(notebook, places, rule, finding, weights) for rule, finding in ordered),
        key=lambda d: (d.cell is not None, d.cell or 0, d.line, d.column, d.code),
    )


def _run(chosen: Sequence[Rule], context: Context, ruff: str | None) -> list[tuple[Rule, Finding]]:
    """Run the rules, drop what is suppressed, and then run those that look at what is left."""
    first = [rule for rule in chosen if not (rule.unreadable or rule.last)]
    found = [(rule, finding) for rule in first for finding in _findings(rule, context)]
    running = {rule.code for rule in chosen}
    if ruff:
        foreign = ruff_findings(context, ruff)
        found += foreign
        running.update(rule.code for rule, _ in foreign)
    kept, unused = split(found, suppressions(context.notebook))
    context.unused = [
        suppression.unused(known=suppression.code in rules())
        for suppression in unused
        if suppression.code in running or not (suppression.code in rules() or suppression.foreign)
    ]
    return kept + [(rule, f) for rule in chosen if rule.last for f in _findings(rule, context)]


def _findings(rule: Rule, context: Context) -> list[Finding]:
    """Return what a rule finds; that it crashed is a finding, and the other rules go on."""
    try:
        return list(rule.check(context))
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error}"[:200]
        message = (
            f"internal error, please report it: {what} ({Path(last.filename).name}:{last.lineno})"
        )
        return [Finding(message=message, severity=Severity.ERROR, internal=True)]


def lint_unreadable(
    path: Path, problem: UnreadableNotebookError, chosen: Sequence[Rule]
) -> Iterator[Diagnostic]:
    """Lint a file that is no notebook."""
    empty = Notebook(path=path, text="{}", cells=(), metadata={}, raw={})
    context = Context(empty, problem=problem)
    for rule in chosen:
        if rule.unreadable:
            for finding in _findings(rule, context):
                yield _diagnostic(empty, Places("{}"), rule, finding, {})


def _diagnostic(
    notebook: Notebook, places: Places, rule: Rule, finding: Finding, weights: Mapping[str, str]
) -> Diagnostic:
    cell = notebook.cells[finding.cell] if finding.cell is not None else None
    start, end = _range(notebook, places, finding)
    unsafe = rule.unsafe or finding.unsafe
    return Diagnostic(
        file=str(notebook.path),
        line=start[0],
        column=start[1],
        end_line=end[0],
        end_column=end[1],
        cell=finding.cell,
        cell_id=cell.id if cell else None,
        execution_count=cell.execution_count if cell else None,
        cell_line=finding.line,
        cell_column=finding.column if finding.line else None,
        cell_end_line=finding.end_line or finding.line,
        cell_end_column=finding.end_column or (finding.column if finding.line else None),
        code=rule.code,
        severity=finding.severity or weights.get(rule.code) or rule.severity.value,
        message=finding.message,
        fixable=bool(finding.edits) and not unsafe,
        unsafe=bool(finding.edits or finding.requires) and unsafe,
        internal=finding.internal,
        fingerprint=_fingerprint(rule, finding, cell),
        edits=finding.edits,
        requires=finding.requires,
    )


def _fingerprint(rule: Rule, finding: Finding, cell: Cell | None) -> str:
    """Return what tells a finding from others though cells move and lines are added.

    That is the text it stands at: its line, of findings without a line its cell, of findings
    without a cell its message; numbers in a message count cells and executions, and are left out.
    """
    if cell is None:
        text = _NUMBER.sub("", finding.message)
    elif finding.line is None:
        text = cell.source
    else:
        text = "".join(cell.lines[finding.line - 1 : finding.line]).strip()
    content = f"{rule.code}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _range(
    notebook: Notebook, places: Places, finding: Finding
) -> tuple[tuple[int, int], tuple[int, int]]:
    if finding.place:
        return finding.place, finding.place
    if finding.cell is not None and finding.line is not None:
        cell = notebook.cells[finding.cell]
        pointer = (*cell.pointer, cell.source_key)
        start = places.in_source(pointer, cell.source, finding.line, finding.column)
        end = start
        if finding.end_line and finding.end_column:
            end = places.in_source(pointer, cell.source, finding.end_line, finding.end_column)
        if start is not None and end is not None:
            return places.line_column(start), places.line_column(end)
    pointer = finding.pointer or ()
    if not pointer and finding.cell is not None:
        pointer = notebook.cells[finding.cell].pointer
    span = places.span(pointer) or (0, 0)
    return places.line_column(span[0]), places.line_column(span[0])
