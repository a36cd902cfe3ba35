"""What an editor asks of the linter about a notebook that is open and perhaps not saved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_nb.errors import NotFoundError
from mlops_nb.lint.accept import accepted
from mlops_nb.lint.finding import Diagnostic
from mlops_nb.lint.fix import Fixed, fixed
from mlops_nb.lint.readiness import Case, checklist
from mlops_nb.lint.report import FileReport
from mlops_nb.lint.run import Linter, shown
from mlops_nb.notebook import UnreadableNotebookError, parse_notebook
from mlops_nb.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What there is to say of one notebook.

    Parameters
    ----------
    report : FileReport
        What the linter found.
    points : sequence of Result
        What it has and lacks for production; none of a file that was not linted.
    """

    report: FileReport
    points: Sequence[Result] = ()


def assess(linter: Linter, path: Path, content: bytes, edited: Collection[int] = ()) -> Assessment:
    """Lint a notebook, and say point by point what it lacks for production.

    Parameters
    ----------
    linter : Linter
        The linter of its project.
    path : Path
        Where it is, or will be, saved.
    content : bytes
        The notebook.
    edited : collection of int
        Indices of cells that were changed since they ran.
    """
    try:
        notebook = parse_notebook(content, path)
    except UnreadableNotebookError as error:
        return Assessment(report=linter.unreadable(path, error))
    context = linter.context(notebook)
    if not context.is_python:
        reason = f"language: {context.language}"
        return Assessment(report=FileReport(file=str(path), skipped=reason))
    # An editor changes the notebook it shows, and no file beside it.
    found = [
        replace(d, unsafe=False, requires=()) if d.requires and not d.edits else d
        for d in linter.find(notebook, context)
    ]
    case = Case(context=context, diagnostics=found, project=linter.project, edited=edited)
    return Assessment(report=shown(path, found), points=checklist(case))


def change(
    linter: Linter,
    path: Path,
    content: bytes,
    wanted: Callable[[Diagnostic], bool] | None = None,
) -> Fixed:
    """Make the changes of the linter's options in a notebook; nothing is written.

    Parameters
    ----------
    linter : Linter
        The linter of its project; its options say whether findings are fixed or accepted.
    path : Path
        Where it is, or will be, saved.
    content : bytes
        The notebook.
    wanted : callable, optional
        Chooses findings, and no other is changed.

    Raises
    ------
    UnreadableNotebookError
        It is no notebook.
    NotFoundError
        No finding is wanted.
    """
    notebook = parse_notebook(content, path)
    found = linter.find(notebook)
    if wanted is None:
        return linter.change(notebook, found)
    chosen = [diagnostic for diagnostic in found if wanted(diagnostic)]
    if not chosen:
        raise NotFoundError("there is no such finding any more")
    if linter.options.change == "accept":
        result = accepted(notebook, chosen, linter.find)
        return replace(result, count=max(len(found) - len(result.diagnostics), 0))
    # What stands in the notebook besides is not fixed along with it.
    return fixed(notebook, chosen, lambda _: [], unsafe=linter.options.change == "all")
