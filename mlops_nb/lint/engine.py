"""Runs the rules over notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_nb.config import Lint, Project
from mlops_nb.errors import InputError
from mlops_nb.lint.context import Context
from mlops_nb.lint.discovery import notebooks
from mlops_nb.lint.finding import Diagnostic, Finding
from mlops_nb.lint.locate import Places
from mlops_nb.lint.rule import Rule, Severity, rules
from mlops_nb.lint.selection import ignored_for, is_job, selected
from mlops_nb.lint.suppression import Suppression, split, suppressions
from mlops_nb.notebook import Notebook, UnreadableNotebookError, read_notebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A notebook that was not linted, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """What the linter found.

    Parameters
    ----------
    files : int
        Notebooks looked at, those in `skipped` not among them.
    diagnostics : list of Diagnostic
        The findings, file by file, in file order.
    skipped : list of Skipped
        Notebooks in another language.
    """

    files: int
    diagnostics: list[Diagnostic]
    skipped: list[Skipped]

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(diagnostic.severity == severity for diagnostic in self.diagnostics)

    def by_file(self) -> dict[Path, list[Diagnostic]]:
        """Return the findings that can be fixed, by file."""
        found: dict[Path, list[Diagnostic]] = {}
        for diagnostic in self.diagnostics:
            if diagnostic.fixable:
                found.setdefault(Path(diagnostic.file), []).append(diagnostic)
        return found

    def blocks(self, *, strict: bool = False) -> bool:
        """Tell whether a finding blocks: an error, with `strict` a warning too."""
        return bool(self.count(Severity.ERROR) or (strict and self.count(Severity.WARNING)))


def lint_paths(
    project: Project,
    paths: Sequence[Path],
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> LintReport:
    """Lint notebooks and the notebooks below folders.

    Parameters
    ----------
    project : Project
        Whose configuration holds.
    paths : sequence of Path
        Notebooks and folders.
    select, ignore : sequence of str
        Codes or prefixes of rules, as on the command line.

    Raises
    ------
    InputError
        A path does not exist.
    ConfigError
        A code or prefix matches no rule.
    """
    chosen = selected(project.config.lint, select=select, ignore=ignore)
    found = [_lint_file(project, path, chosen) for path in notebooks(project, paths)]
    skipped = [one for one in found if isinstance(one, Skipped)]
    return LintReport(
        files=len(found) - len(skipped),
        diagnostics=[d for one in found if not isinstance(one, Skipped) for d in one],
        skipped=skipped,
    )


def _lint_file(project: Project, path: Path, chosen: Sequence[Rule]) -> list[Diagnostic] | Skipped:
    without = tuple(ignored_for(project.config.lint, project.root, path))
    run = [rule for rule in chosen if not without or not rule.code.startswith(without)]
    try:
        notebook = read_notebook(path)
    except UnreadableNotebookError as error:
        return list(lint_unreadable(path, error, run))
    except InputError as error:  # no permission, a link that leads nowhere
        problem = UnreadableNotebookError(path, error.message, error.hint)
        return list(lint_unreadable(path, problem, run))
    context = Context(
        notebook, job=is_job(project, path), settings=project.config.lint, root=project.root
    )
    if not context.is_python:
        language = notebook.language or notebook.kernel or "unknown"
        return Skipped(file=str(path), reason=f"language: {language}")
    return lint_notebook(notebook, rules_to_run=run, context=context)


def lint_notebook(
    notebook: Notebook,
    config: Lint | None = None,
    *,
    job: bool = False,
    rules_to_run: Sequence[Rule] | None = None,
    context: Context | None = None,
) -> list[Diagnostic]:
    """Lint one notebook that has been read.

    Parameters
    ----------
    notebook : Notebook
        From :func:`mlops_nb.notebook.read_notebook` or ``parse_notebook``.
    config : Lint, optional
        Which rules to run, and how; by default all that are not opt-in.
    job : bool
        The configuration declares the notebook as a job.
    rules_to_run : sequence of Rule, optional
        The rules, already chosen.
    context : Context, optional
        The notebook's facts, already there.

    Returns
    -------
    list of Diagnostic
        In file order.
    """
    if rules_to_run is None:
        rules_to_run = selected(config or Lint())
    places = Places(notebook.text)
    context = context or Context(notebook, job=job, settings=config)
    found = _run(notebook, rules_to_run, context)
    return sorted(
        (_diagnostic(notebook, places, code, finding) for code, finding in found),
        key=lambda d: (d.cell is not None, d.cell or 0, d.line, d.column, d.code),
    )


def _run(notebook: Notebook, chosen: Sequence[Rule], context: Context) -> list[tuple[str, Finding]]:
    """Run the rules, drop what is suppressed, and then run those that look at what is left."""
    found = [
        (rule.code, finding)
        for rule in chosen
        if not (rule.unreadable or rule.last)
        for finding in rule.check(context)
    ]
    kept, unused = split(found, suppressions(notebook))
    running = {rule.code for rule in chosen}
    context.unused = [_unused(s) for s in unused if s.code in running or s.code not in rules()]
    return kept + [(rule.code, f) for rule in chosen if rule.last for f in rule.check(context)]


def lint_unreadable(
    path: Path, problem: UnreadableNotebookError, chosen: Sequence[Rule]
) -> Iterator[Diagnostic]:
    """Lint a file that is no notebook."""
    empty = Notebook(path=path, text="{}", cells=(), metadata={}, raw={})
    context = Context(empty, problem=problem)
    for rule in chosen:
        if rule.unreadable:
            for finding in rule.check(context):
                yield _diagnostic(empty, Places("{}"), rule.code, finding)


def _unused(suppression: Suppression) -> Finding:
    known = suppression.code in rules()
    what = "suppresses nothing here" if known else "is no rule"
    pointer = None if suppression.line or suppression.cell is not None else ("metadata",)
    return Finding(
        message=f"unused suppression: {suppression.code} {what}",
        cell=suppression.cell,
        line=suppression.line,
        column=suppression.column,
        pointer=pointer,
    )


def _diagnostic(notebook: Notebook, places: Places, code: str, finding: Finding) -> Diagnostic:
    cell = notebook.cells[finding.cell] if finding.cell is not None else None
    start, end = _range(notebook, places, finding)
    rule = rules()[code]
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
        code=code,
        severity=finding.severity or rule.severity.value,
        message=finding.message,
        fixable=bool(finding.edits),
        edits=finding.edits,
    )


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
