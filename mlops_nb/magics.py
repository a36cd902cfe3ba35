"""``%mlops`` and ``%%mlops``: the command line's words, in a notebook, with values as answers."""

from __future__ import annotations

import io
import json
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from IPython.core.magic import Magics, line_cell_magic, magics_class

from mlops_nb.cli.main import missing_extra, mlops
from mlops_nb.completion import complete
from mlops_nb.config import choose_experiment, load_project
from mlops_nb.errors import ExitCode, InputError, MlopsError, NotFoundError

if TYPE_CHECKING:
    from mlops_nb.config import Project
    from mlops_nb.lint.report import LintReport
    from mlops_nb.lint.run import Options

# Commands whose exit code 1 is their answer, which the cell has shown, and no failure of the cell.
_ANSWERS = {"lint", "data", "env", "playbook"}
_EXPERIMENT_HELP = """Usage: %mlops experiment [NAME]

  Answer the experiment of new runs, after choosing it for this kernel when NAME is given.

  Example: %mlops experiment churn-2026"""


class CommandFailedError(MlopsError):
    """A command ended with an exit code that stops the notebook."""


@magics_class
class MlopsMagics(Magics):  # type: ignore[misc,unused-ignore]
    """The two magics."""

    @line_cell_magic
    def mlops(self, line: str, cell: str | None = None) -> Any:
        """Track, check, run and watch from a cell; ``%mlops --help`` lists the words."""
        words = _split(line)
        if cell is not None:
            return self._cell(words, line, cell)
        if words in ([], ["status"]):
            from mlops_nb.actions.status import status

            return status(load_project())
        answer = self._valued(words)
        return answer() if answer else run_command(words, self._lint)

    def _cell(self, words: list[str], line: str, cell: str) -> None:
        if words[:1] != ["run"]:
            raise InputError(f"%%mlops {line} takes no cell", "%%mlops run, or %mlops in a line")
        from mlops_nb.tracking.cell import run_body

        run_body(self.shell, line.strip().removeprefix("run"), cell)

    def _valued(self, words: list[str]) -> Callable[[], Any] | None:
        """Return what answers these words with a value, None for those that only print."""
        asks_help = any(word in {"--help", "-h"} for word in words)
        if asks_help and words[0] == "experiment":
            return lambda: click.echo(_EXPERIMENT_HELP)
        if asks_help or any(word.startswith("--format") for word in words):
            return None
        match words:
            case ["experiment", *names] if len(names) <= 1:
                return lambda: _experiment(*names)
            case ["data", "drift", reference, current] if not current.startswith("-"):
                return lambda: self._drift(reference, current)
            case ["data", "drift", reference, current, "--by", column]:
                return lambda: self._drift(reference, current, column)
            case ["model", "register", *rest]:
                from mlops_nb.cli.model_register import answer

                return answer(rest, self.shell.user_ns)
        return _answer(words)

    def _lint(self, project: Project, options: Options) -> LintReport:
        from mlops_nb.actions.lint_notebook import lint_notebook_of

        return lint_notebook_of(self.shell, project, options)

    def _drift(self, reference: str, current: str, by: str | None = None) -> Any:
        from mlops_nb import monitoring

        return monitoring.drift_by(self._table(reference), self._table(current), by=by)

    def _table(self, word: str) -> Any:
        namespace: Mapping[str, Any] = self.shell.user_ns
        if word in namespace:
            return namespace[word]
        if Path(word).exists() or any(mark in word for mark in "/*."):
            from mlops_nb.frames import open_table

            return open_table(word)
        from difflib import get_close_matches

        near = get_close_matches(word, [n for n in namespace if not n.startswith("_")], n=1)
        hint = f"did you mean {near[0]!r}?" if near else "name a DataFrame or a file"
        raise NotFoundError(f"{word!r} is neither a variable nor a file", hint)


def _answer(words: list[str]) -> Callable[[], Any] | None:
    """Return what answers a command with a value, whatever notebook it is typed in."""
    match words:
        case ["run", *rest]:
            from mlops_nb.cli.run import answer

            return answer(rest)
        case ["model", "explain", reference] if not reference.startswith("-"):
            from mlops_nb.registry.explain import explain

            return lambda: explain(reference)
        case ["lifecycle", *names] if len(names) <= 1 and "-" not in "".join(names)[:1]:
            from mlops_nb.actions.assess_lifecycle import lifecycle

            return lambda: lifecycle(load_project(), *names)
        case ["rehearse", *rest]:
            from mlops_nb.cli import rehearse

            return rehearse.answer(rest)
        case ["maturity"]:
            from mlops_nb.actions.assess_maturity import maturity

            return lambda: maturity(load_project())
    return None


def run_command(words: list[str], look: Callable[..., Any] | None = None) -> Any:
    """Run a command of the command line inside the kernel; its output goes to the cell.

    Parameters
    ----------
    words : list of str
        The command line.
    look : callable, optional
        Lints the notebook that the magic is in.

    Returns
    -------
    object
        What the command says in JSON, as values, when the words ask for ``--format json``.

    Raises
    ------
    MlopsError
        What the command says is wrong, or that it failed.
    """
    as_values = "json" in words[1:] or "--format=json" in words
    output = io.StringIO()
    try:
        with redirect_stdout(output) if as_values else nullcontext():
            code = mlops.main(args=words, prog_name="%mlops", standalone_mode=False, obj=look)
    except SystemExit as stop:
        code = stop.code
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except click.exceptions.NoArgsIsHelpError as help_page:
        click.echo(help_page.format_message())
        return None
    except click.ClickException as error:
        raise InputError(error.format_message(), _usage(error)) from None
    except ModuleNotFoundError as error:
        raise missing_extra(error) from error
    failed = isinstance(code, int) and code != ExitCode.OK
    if failed and not (code == ExitCode.FINDINGS and words[0] in _ANSWERS):
        sys.stdout.write(output.getvalue())
        raise CommandFailedError(f"%mlops {shlex.join(words)} ended with exit code {int(code)}")
    return _values(output.getvalue()) if as_values else None


def _values(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # the words asked for something else that is called json
        sys.stdout.write(text)
        return None


def register(shell: Any) -> None:
    """Add the magics, their completion and the run cell to a shell, and recover what waits."""
    from mlops_nb.tracking import cell, watch
    from mlops_nb.widgets import display

    unregister(shell)
    watch.watch(shell)
    display.register(shell)
    shell.register_magics(MlopsMagics)
    shell.input_transformers_cleanup.append(cell.transform)
    shell.ast_transformers.append(cell.FinishAtEnd())
    for name, callback in _callbacks():
        shell.events.register(name, callback)
    for key in ("%mlops", "%%mlops"):
        shell.set_hook("complete_command", complete, str_key=key)
    _recover()


def unregister(shell: Any) -> None:
    """Undo :func:`register`; nothing happens when it was not called."""
    from mlops_nb.tracking import cell, watch
    from mlops_nb.widgets import display

    watch.unwatch(shell)
    display.unregister(shell)
    for name, callback in _callbacks():
        if callback in shell.events.callbacks[name]:
            shell.events.unregister(name, callback)
    if cell.transform in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(cell.transform)
    shell.ast_transformers[:] = [
        known for known in shell.ast_transformers if not isinstance(known, cell.FinishAtEnd)
    ]
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("mlops", None)


def _callbacks() -> list[tuple[str, Callable[[Any], None]]]:
    from mlops_nb.lint import live
    from mlops_nb.tracking import cell

    return [
        ("pre_run_cell", cell.remember_cell),
        ("pre_run_cell", live.remember),
        ("post_run_cell", _flush),
    ]


def _experiment(name: str = "") -> str:
    """Return the experiment of new runs, after choosing it for this kernel when a name is given."""
    if name:
        choose_experiment(name)
    return load_project().experiment


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise InputError(f"%mlops {line}: {error}", "close the quotes") from None


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return context.get_usage() if context is not None else "%mlops --help"


def _flush(_result: object) -> None:
    from mlops_nb.tracking.journal import flush_all

    flush_all()


def _recover() -> None:
    """Start the follower for journals that a dead kernel left; never a reason not to load."""
    try:
        project = load_project()
        # Looked at here, so that the follower's module is loaded only when there is work for it.
        if any((project.home / "journal").glob("*.jsonl")):
            from mlops_nb.tracking.follower import ensure_follower

            ensure_follower(project)
    except (MlopsError, OSError) as error:
        click.secho(f"warning: {error}", err=True)
