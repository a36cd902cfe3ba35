"""What Tab offers behind ``%mlops`` and ``%%mlops``: words, options, runs and variables."""

from __future__ import annotations

import shlex
from typing import Any

import click

from mlops_nb.cli.main import COMMANDS, mlops
from mlops_nb.config import load_project
from mlops_nb.errors import MlopsError
from mlops_nb.tracking.options import VARIABLE_OPTIONS

_RUN_OPTIONS = (*VARIABLE_OPTIONS, "--tag", "--auto", "--no-auto", "--nested", "--help")


def complete(_shell: Any, event: Any) -> list[str]:
    """Return what may stand where the cursor is, for IPython's completer."""
    line = event.line[: len(event.line) if event.text_until_cursor is None else None]
    before = event.text_until_cursor if event.text_until_cursor is not None else line
    words = before.lstrip("% ").split()[1:]
    if not before.endswith(" "):
        words = words[:-1]
    is_cell = before.lstrip().startswith("%%")
    options = _completions(words, event.symbol, _shell, is_cell=is_cell)
    return [option for option in options if option.startswith(event.symbol)]


def _completions(words: list[str], symbol: str, shell: Any, *, is_cell: bool) -> list[str]:
    variables = [name for name in shell.user_ns if not name.startswith("_")]
    if not words:
        return ["run"] if is_cell else [*COMMANDS, "experiment"]
    if is_cell:
        last = next((word for word in reversed(words) if word.startswith("--")), "")
        if last in VARIABLE_OPTIONS and not symbol.startswith("-"):
            return variables
        return list(_RUN_OPTIONS)
    found = _command_words(words)
    if words[:2] in (["data", "drift"], ["model", "register"]):
        return [*found, *variables]
    if words[0] == "run" and len(words) > 1:
        return [*found, *_run_words(words)]
    return found


def _run_words(words: list[str]) -> list[str]:
    """Return names of runs, or after ``--filter`` and ``--metric`` what runs have."""
    from mlops_nb.tracking.known import known

    try:
        names = known(load_project())
    except MlopsError:  # a configuration that cannot be read is said elsewhere
        return []
    if any(word.startswith(("--filter", "--metric", "'", '"')) for word in words[-2:]):
        keys = [f"metrics.{key}" for key in names.metrics] + [f"params.{k}" for k in names.params]
        return [*keys, *names.metrics]
    return [] if words[1] == "list" else [shlex.quote(name) for name in names.runs]


def _command_words(words: list[str]) -> list[str]:
    """Return the subcommands and options of the command that some words lead to."""
    command: click.Command = mlops
    context = click.Context(mlops)
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            command = command.get_command(context, word) or command
    options = [opt for p in command.params for opt in p.opts if opt.startswith("--")]
    return [*(command.list_commands(context) if isinstance(command, click.Group) else []), *options]
