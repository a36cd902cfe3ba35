"""Runs the linter over many notebooks, on every core, each looked at only when it has changed."""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mlops_nb.config import Lint, Project
from mlops_nb.errors import InputError
from mlops_nb.lint.accept import accepted
from mlops_nb.lint.cache import Cache
from mlops_nb.lint.context import Context
from mlops_nb.lint.declaration import declarations
from mlops_nb.lint.diff import diff
from mlops_nb.lint.discovery import notebooks
from mlops_nb.lint.engine import lint_notebook, lint_unreadable
from mlops_nb.lint.finding import Diagnostic
from mlops_nb.lint.fix import Fixed, fixed, write_fixed
from mlops_nb.lint.report import FileReport, LintReport
from mlops_nb.lint.ruff import find_ruff
from mlops_nb.lint.rule import Rule, rules
from mlops_nb.lint.selection import ignored_for, is_job, selected
from mlops_nb.notebook import Notebook, UnreadableNotebookError, parse_notebook

WORTH_WORKERS = 16  # notebooks below which starting processes takes longer than it saves
# Syntax trees are many objects in no circles: looking for some takes a tenth of the time.
_COLLECTED = (100_000, 10, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to do besides looking.

    Parameters
    ----------
    select, extend_select, ignore : sequence of str
        Codes or prefixes of rules, as on the command line.
    change : {"none", "safe", "all", "accept"}
        Make the safe fixes, make all fixes, or write suppressions for what is found.
    diff : bool
        Show the changes and write nothing.
    with_ruff : bool
        Add what ruff finds.
    cache : bool
        Keep the findings of each notebook, and look only at notebooks that have changed.
    jobs : int, optional
        Processes; by default as many as there are cores.
    """

    select: Sequence[str] = ()
    extend_select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    change: Literal["none", "safe", "all", "accept"] = "none"
    diff: bool = False
    with_ruff: bool = False
    cache: bool = False
    jobs: int | None = 1


def lint_paths(
    project: Project, paths: Sequence[Path], options: Options | None = None
) -> LintReport:
    """Lint notebooks and the notebooks below folders.

    Parameters
    ----------
    project : Project
        Whose configuration holds.
    paths : sequence of Path
        Notebooks and folders.
    options : Options, optional
        What to do besides looking.

    Raises
    ------
    InputError
        A path does not exist, or a fixed notebook cannot be written.
    ConfigError
        A code or prefix matches no rule.
    """
    options = options or Options()
    linter = Linter(project, options)
    wanted = notebooks(project, paths)
    found = {path: report for path in wanted if (report := linter.known(path)) is not None}
    missing = [path for path in wanted if path not in found]
    found.update(zip(missing, _lint_all(linter, missing), strict=True))
    lacking = ((path.parent, report.requires) for path, report in found.items())
    declared = list(declarations(lacking, project.root))
    for file in declared if not options.diff else ():
        file.write()
    return LintReport(reports=[found[path] for path in wanted], declared=declared)


class Linter:
    """Lints files one by one.

    Parameters
    ----------
    project : Project
        Whose configuration holds.
    options : Options
        What to do besides looking.
    """

    def __init__(self, project: Project, options: Options) -> None:
        self.project = project
        self.options = options
        self.settings: Lint = project.config.lint
        self.rules = selected(
            self.settings,
            select=options.select,
            ignore=options.ignore,
            extend_select=options.extend_select,
        )
        # ruff has a configuration of its own, and fixes need more than what is kept.
        cached = options.cache and options.change == "none" and not options.with_ruff
        self.cache = Cache(project) if cached else None
        self.ruff = find_ruff() if options.with_ruff else None

    def known(self, path: Path) -> FileReport | None:
        """Return what the cache holds about a file."""
        if self.cache is None:
            return None
        with suppress(OSError):
            return self.cache.get(self._key(path, _content(path)), path)
        return None

    def lint(self, path: Path) -> FileReport:
        """Lint a file, and fix it when the options say so."""
        try:
            content = _content(path)
        except OSError as error:  # no permission, a link that leads nowhere
            reason = f"the file cannot be read: {error.strerror or error}"
            return self.unreadable(path, UnreadableNotebookError(path, reason))
        report = self.lint_content(path, content)
        if self.cache is not None and not any(d.internal for d in report.diagnostics):
            self.cache.put(self._key(path, content), report)
        return report

    def lint_content(self, path: Path, content: bytes) -> FileReport:
        """Lint the content of a file, whether it is saved or not."""
        try:
            return self._lint(parse_notebook(content, path))
        except UnreadableNotebookError as error:
            return self.unreadable(path, error)

    def _lint(self, notebook: Notebook) -> FileReport:
        path = notebook.path
        context = self.context(notebook)
        if not context.is_python:
            return FileReport(file=str(path), skipped=f"language: {context.language}")
        found = self.find(notebook, context)
        if self.options.change == "none" or not found:
            return shown(path, found)
        result = self.change(notebook, found)
        requires, left = self.required(found, result.diagnostics)
        if self.options.diff:
            changes = diff(notebook, result.notebook)
            return replace(shown(path, found), diff=changes, requires=requires)
        if result.notebook.text != notebook.text:
            write_fixed(path, result.notebook.text)
        count = result.count + len(result.diagnostics) - len(left)
        return replace(shown(path, left), changes=count, requires=requires)

    def find(self, notebook: Notebook, context: Context | None = None) -> list[Diagnostic]:
        """Return the findings of a notebook that has been read, with their fixes."""
        return lint_notebook(
            notebook,
            self.settings,
            rules_to_run=self.rules_for(notebook.path),
            context=context or self.context(notebook),
            ruff=self.ruff,
        )

    def change(self, notebook: Notebook, found: list[Diagnostic]) -> Fixed:
        """Fix or accept findings, as the options say; nothing is written."""
        if self.options.change == "accept":
            return accepted(notebook, found, self.find)
        return fixed(notebook, found, self.find, unsafe=self.options.change == "all")

    def required(
        self, before: list[Diagnostic], after: list[Diagnostic]
    ) -> tuple[tuple[str, ...], list[Diagnostic]]:
        """Return what the fixes add to the project's requirements, and what is left after that."""
        if self.options.change != "all":
            return (), after
        # An install that is taken out of the notebook is not found any more, and still needed.
        wanted = dict.fromkeys(line for d in (*before, *after) for line in d.requires)
        return tuple(wanted), [d for d in after if d.edits or not d.requires]

    def context(self, notebook: Notebook) -> Context:
        """Return a notebook as the rules see it."""
        return Context(
            notebook,
            job=is_job(self.project, notebook.path),
            settings=self.settings,
            root=self.project.root,
        )

    def unreadable(self, path: Path, problem: UnreadableNotebookError) -> FileReport:
        """Return the report of a file that is no notebook."""
        return shown(path, list(lint_unreadable(path, problem, self.rules_for(path))))

    def rules_for(self, path: Path) -> list[Rule]:
        """Return the rules that look at a file."""
        without = tuple(ignored_for(self.settings, self.project.root, path))
        return [rule for rule in self.rules if not (without and rule.code.startswith(without))]

    def _key(self, path: Path, content: bytes) -> str:
        assert self.cache is not None  # noqa: S101
        codes = [rule.code for rule in self.rules_for(path)]
        return self.cache.key(path, content, (codes, self.settings, is_job(self.project, path)))


def shown(path: Path, found: list[Diagnostic]) -> FileReport:
    """Return the report of findings that are shown and not put right any more."""
    # What crosses from a worker is what is shown: the edits have been made, or are not wanted.
    plain = [replace(d, edits=(), requires=()) if d.edits or d.requires else d for d in found]
    return FileReport(file=str(path), diagnostics=plain)


def _content(path: Path) -> bytes:
    # Without O_NONBLOCK a pipe that nobody writes to would be waited for, for ever.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is not a regular file")
        return file.read()


def _lint_all(linter: Linter, paths: Sequence[Path]) -> Iterator[FileReport]:
    """Lint files in order, in several processes where that pays."""
    workers = min(linter.options.jobs or _cores(), len(paths) // (WORTH_WORKERS // 2))
    if workers < 2:
        before = gc.get_threshold()
        gc.set_threshold(*_COLLECTED)
        try:
            yield from map(linter.lint, paths)
        finally:
            gc.set_threshold(*before)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    rules()  # loaded once, here, and inherited by the workers
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else None)
    setup = (linter.project, linter.options)
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=setup)
    try:
        with pool:
            yield from pool.map(_work, paths, chunksize=4)
    except BrokenProcessPool as error:
        raise InputError(
            "a worker process was killed, most likely because memory ran out", "mlops lint --jobs 1"
        ) from error


_worker: Linter | None = None


def _start_worker(project: Project, options: Options) -> None:
    global _worker
    gc.set_threshold(*_COLLECTED)
    _worker = Linter(project, options)


def _work(path: Path) -> FileReport:
    assert _worker is not None  # noqa: S101
    return _worker.lint(path)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
