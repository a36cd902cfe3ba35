"""Lint the notebook that a kernel runs, with what only its kernel knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.lint.live import with_kernel
from mlops_nb.lint.report import FileReport, LintReport
from mlops_nb.lint.run import Linter, Options, lint_paths
from mlops_nb.notebook import UnreadableNotebookError, read_notebook
from mlops_nb.tracking.evidence import source_name


def lint_notebook_of(shell: Any, project: Project, options: Options) -> LintReport:
    """Lint a kernel's notebook as it is saved.

    Parameters
    ----------
    shell : InteractiveShell
        The kernel's shell.
    project : Project
        Whose configuration holds.
    options : Options
        Which rules to run.

    Raises
    ------
    InputError
        The notebook's file is not known, or it would be changed while it is open.
    """
    name = source_name(project)
    path = project.root / name
    if not name or path.suffix != ".ipynb" or not path.is_file():
        raise InputError("this kernel does not know its notebook's file", "%mlops lint PATH")
    if options.change != "none" and not options.diff:
        hint = f"save it, and in a terminal: mlops lint {name}"
        raise InputError("a notebook that is open cannot be changed under its editor", hint)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    report = lint_paths(project, [shown], replace(options, cache=False, jobs=1))
    try:
        notebook = read_notebook(shown)
    except UnreadableNotebookError:
        return report
    chosen = Linter(project, options).rules_for(shown)

    def told(one: FileReport) -> FileReport:
        return replace(one, diagnostics=with_kernel(notebook, one.diagnostics, chosen, shell))

    return replace(report, reports=[told(one) for one in report.reports])
