"""``mlops run``: the project's runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_nb.cli import bisect, reproduce, run_keep
from mlops_nb.cli.output import echo_json, echo_table, format_option

if TYPE_CHECKING:
    from mlops_nb.config import Project


@click.group(epilog="Example: mlops run list --filter 'metrics.auc > 0.8'")
def command() -> None:
    """List, show, compare and reproduce runs; delete, restore, export and import them."""


@command.command("list", epilog="Example: mlops run list --filter 'metrics.auc > 0.8' --limit 5")
@click.option(
    "--filter",
    "filter_string",
    default="",
    help="metrics.auc > 0.8 and (params.depth = 3 or tags.team = 'a').",
)
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    help="At most so many runs.",
)
@format_option
def list_command(filter_string: str, limit: int, output_format: str) -> None:
    """List runs, the newest first."""
    from mlops_nb.config import load_project
    from mlops_nb.tracking.page import RunPage
    from mlops_nb.tracking.table import run_table

    table = run_table(load_project(), filter_string=filter_string, limit=limit)
    if output_format == "json":
        runs = [RunPage(record=record, artifacts=()).to_dict() for record in table]
        echo_json({"schema": 1, "runs": [_without(run, "artifacts") for run in runs]})
    elif not table:
        click.echo("no runs yet: `%%mlops run` in a notebook, or `with mlops_nb.run():`")
    else:
        echo_table(table.headers(), table.rows())
        click.echo(f"{len(table)} runs")


@command.command("show", epilog="Example: mlops run show baseline")
@click.argument("run")
@format_option
def show_command(run: str, output_format: str) -> None:
    """Show one run: its id, the beginning of it, or its name (the latest of that name)."""
    from mlops_nb.config import load_project
    from mlops_nb.tracking.page import run_page

    page = run_page(load_project(), run)
    if output_format == "json":
        echo_json({"schema": 1, **page.to_dict()})
    else:
        click.echo(repr(page))


@command.command("compare", epilog="Example: mlops run compare baseline deeper")
@click.argument("runs", nargs=-1, required=True)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the comparison, curves drawn, as one page that needs no network.",
)
@format_option
def compare_command(runs: tuple[str, ...], page: Path | None, output_format: str) -> None:
    """Show the parameters that differ between runs, their metrics, curves and code.

    Exit codes: 0 fine, 2 a run does not exist.
    """
    from mlops_nb.config import load_project
    from mlops_nb.tracking.compare import compare_runs

    if len(runs) < 2:
        raise click.UsageError("name two runs or more")
    comparison = compare_runs(load_project(), runs)
    if page is not None:
        page.write_text(_page(comparison.html()), encoding="utf-8")
    if output_format == "json":
        echo_json(comparison.to_dict())
        return
    echo_table(["", *comparison.names], comparison.rows())
    for line in (*comparison.curve_lines(), *comparison.diff_lines()):
        click.echo(line)
    click.echo(comparison.summary())


command.add_command(reproduce.command, "reproduce")
command.add_command(bisect.command, "bisect")
for _name, _command in run_keep.COMMANDS.items():
    command.add_command(_command, _name)


def answer(words: list[str]) -> Callable[[], Any] | None:
    """Return what answers ``%mlops run …`` with a value, None for words that only print.

    Raises
    ------
    InputError
        They are no command: a cell was meant.
    """
    from mlops_nb.config import load_project
    from mlops_nb.errors import InputError

    name = words[0] if words else ""
    known = command.commands.get(name)
    if known is None:
        if name:
            raise InputError(f"%mlops run {name} runs no cell", "%%mlops run runs one")
        return None
    if name not in _VALUES:
        return None
    try:
        found = known.make_context(f"run {name}", words[1:]).params
    except click.ClickException as error:
        raise InputError(error.format_message(), f"%mlops run {name} --help") from None
    return lambda: _VALUES[name](load_project(), found)


def _listed(project: Project, found: dict[str, Any]) -> Any:
    from mlops_nb.tracking.table import run_table

    return run_table(project, filter_string=found["filter_string"], limit=found["limit"])


def _shown(project: Project, found: dict[str, Any]) -> Any:
    from mlops_nb.tracking.page import run_page

    return run_page(project, found["run"])


def _compared(project: Project, found: dict[str, Any]) -> Any:
    from mlops_nb.tracking.compare import compare_runs

    return compare_runs(project, found["runs"])


def _reproduced(project: Project, found: dict[str, Any]) -> Any:
    from mlops_nb.tracking.reproduce import reproduce

    chosen = {key: found[key] for key in ("env", "tolerance", "ignore", "timeout")}
    return reproduce(project, found["run"], **chosen)


def _bisected(project: Project, found: dict[str, Any]) -> Any:
    from mlops_nb.tracking.bisect import bisect

    chosen = {key: found[key] for key in ("tolerance", "timeout")}
    return bisect(project, found["run"], found["other"], **chosen)


# Commands whose magic is an expression: it returns what the command would print.
_VALUES: dict[str, Callable[[Project, dict[str, Any]], Any]] = {
    "list": _listed,
    "show": _shown,
    "compare": _compared,
    "reproduce": _reproduced,
    "bisect": _bisected,
}


def _page(content: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Runs compared</title>'
        "<style>:root{color-scheme:light dark;font-family:sans-serif}</style>"
        f"<body>{content}</body></html>"
    )


def _without(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}
