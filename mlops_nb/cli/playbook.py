"""``mlops playbook``: what to do when something is wrong, and whether it would work."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from mlops_nb.cli.output import echo_json, echo_table, format_option

if TYPE_CHECKING:
    from mlops_nb.jobs.drills import Drill
    from mlops_nb.jobs.playbook import Playbook


@click.group(epilog="Example: mlops playbook list")
def command() -> None:
    """Read the project's playbooks; an alert links to the step of one."""


def wrong_command(line: str) -> str:
    """Return what is wrong with a command that a playbook names, empty for a good one.

    Nothing of it is run: the words are held against the commands and options that there are.

    Parameters
    ----------
    line : str
        The command as somebody would type it.
    """
    from mlops_nb.cli.main import mlops

    try:
        words = shlex.split(line, comments=True)[1:]
        group: click.Command = mlops
        context = click.Context(mlops, info_name="mlops")
        while isinstance(group, click.Group):
            name, found, words = group.resolve_command(context, words)
            if found is None:
                return f"there is no command {name!r}"
            group, context = found, click.Context(found, context, info_name=name)
        with group.make_context(context.info_name, words, parent=context.parent):
            return ""
    except click.exceptions.NoArgsIsHelpError:
        return "it wants a command"
    except click.ClickException as error:
        return error.format_message().replace("\n", "; ")
    except (ValueError, IndexError) as error:
        return str(error)


def _as_json(playbook: Playbook) -> dict[str, object]:
    wrong = {line: wrong_command(line) for line in playbook.commands()}
    return {
        "name": playbook.name,
        "title": playbook.title,
        "path": playbook.path,
        "owner": playbook.owner,
        "respond_within": playbook.respond_within,
        "findings": list(playbook.findings),
        "repair": list(playbook.repair),
        "fault": playbook.fault,
        "commands": len(wrong),
        "wrong_commands": {line: problem for line, problem in wrong.items() if problem},
    }


@command.command("list", epilog="Example: mlops playbook list --format json")
@format_option
def list_all(output_format: str) -> None:
    """List the playbooks, who answers for them, and when they were drilled last.

    Exit code 1 when one names a command that does not exist as it is written.
    """
    from mlops_nb.config import load_project
    from mlops_nb.jobs.drills import drills, latest
    from mlops_nb.jobs.playbook import FOLDER, playbooks

    project = load_project()
    held = latest(drills(project))
    rows = [
        _as_json(playbook) | {"drilled": _drilled(held.get(playbook.name))}
        for playbook in playbooks(project)
    ]
    if output_format == "json":
        echo_json({"schema": 1, "playbooks": rows})
    elif not rows:
        click.echo(f"there are none in {project.root / FOLDER}: mlops init copies those that ship")
    else:
        echo_table(
            ["playbook", "owner", "within", "drilled (UTC)", "for"],
            [
                [
                    *(row[key] or "-" for key in ("name", "owner", "respond_within", "drilled")),
                    _globs(row),
                ]
                for row in rows
            ],
        )
    wrong = [(row["path"], *pair) for row in rows for pair in dict(row["wrong_commands"]).items()]  # type: ignore[call-overload]
    for path, line, problem in wrong if output_format == "text" else ():
        click.secho(f"{path}: `{line}`: {problem}", fg="red")
    raise SystemExit(1 if wrong else 0)


def _drilled(held: Drill | None) -> str:
    if held is None:
        return ""
    return f"{held.time:%Y-%m-%d %H:%M}, {'worked' if held.passed else 'did not work'}"


def _globs(row: dict[str, object]) -> str:
    return " ".join(row["findings"])  # type: ignore[arg-type]


@command.command("show", epilog="Example: mlops playbook show --alert 3")
@click.argument("name", required=False)
@click.option("--alert", type=int, metavar="ID", help="The step that this alert links to.")
def show(name: str | None, alert: int | None) -> None:
    """Print the playbook NAME, or the step of it that an alert links to."""
    from mlops_nb.config import load_project
    from mlops_nb.errors import InputError
    from mlops_nb.jobs.playbook import find_playbook, section

    project = load_project()
    if (name is None) == (alert is None):
        raise InputError("name a playbook or an alert", "mlops playbook list; mlops alert list")
    if name is not None:
        playbook = find_playbook(project, name)
        owner = f" · owner {playbook.owner}" if playbook.owner else ""
        within = f" · within {playbook.respond_within}" if playbook.respond_within else ""
        click.secho(f"{playbook.path}{owner}{within}\n", bold=True)
        click.echo(playbook.body.strip())
        return
    from mlops_nb.state.alerts import get

    found = get(project, alert or 0)
    path, _, anchor = found.playbook.partition("#")
    if not path:
        raise InputError(f"alert {alert} ({found.identity}) links to no playbook", "mlops init")
    try:
        text = (project.root / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    owner = f" · owner {found.owner}" if found.owner else ""
    click.secho(f"{found.playbook}{owner}\n", bold=True)
    click.echo((section(text, anchor) or text).strip())


@command.command("drill", epilog="Example: mlops playbook drill bad-deploy --window 1d")
@click.argument("names", nargs=-1, required=True)
@click.option("--model", default="", help="The model; by default the only one there is.")
@click.option(
    "--window",
    default="7d",
    show_default=True,
    help="Length of the latest window with predictions, in which the fault happens.",
)
@format_option
def drill(names: tuple[str, ...], model: str, window: str, output_format: str) -> None:
    """Break what the playbooks NAMES are for, in a copy, and see whether they work.

    A drill breaks its playbook's `fault` in a copy of the project that is removed afterwards: the
    alert must be raised, be sent, have an owner and link to a step of the playbook, and the
    playbook's `repair` must work. Nothing reaches the project, its store, its routes or, where the
    system can cut a process off, any network. The record is kept in `.mlops/drills/`.

    Exit code 1 when something of it did not work.
    """
    from mlops_nb.actions.drill import drill as hold
    from mlops_nb.cli.results import echo_results
    from mlops_nb.config import load_project

    project = load_project()
    held = []
    for name in names:
        done, path = hold(
            project, name, model=model, window=window, tell=lambda text: click.echo(text, err=True)
        )
        held.append(done)
        if output_format == "text":
            echo_results(done.results)
            verdict = "works" if done.passed else "does not work"
            click.echo(f"{name} {verdict}: {done.seconds:.0f} s, written to {path}")
    if output_format == "json":
        echo_json({"schema": 1, "drills": [one.to_dict() for one in held]})
    raise SystemExit(0 if all(one.passed for one in held) else 1)
