"""``mlops run delete|restore|gc|export|import|migrate``: which runs are kept, and where."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_nb.cli.output import echo_json, echo_table, format_option

yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command(epilog="Example: mlops run delete baseline 7be31c02")
@click.argument("runs", nargs=-1, required=True)
@yes_option
@format_option
def delete_command(runs: tuple[str, ...], yes: bool, output_format: str) -> int:
    """Throw runs away; `mlops run restore` brings them back until `mlops run gc`.

    Exit codes: 0 deleted, 1 you said no, 2 a run does not exist.
    """
    from mlops_nb.config import load_project
    from mlops_nb.store.lifecycle import delete
    from mlops_nb.store.runs import get_run
    from mlops_nb.tracking.sync import sync

    project = load_project()
    sync(project)
    found = {record.run_id: record for record in (get_run(project, run) for run in runs)}
    names = ", ".join(f"{record.name} ({record.uid[:8]})" for record in found.values())
    if not yes and not _agreed(f"delete {names}?"):
        return 1
    for run_id in found:
        delete(project, run_id)
    if output_format == "json":
        echo_json({"schema": 1, "deleted": list(found)})
    else:
        click.echo(f"deleted {names}; back with: mlops run restore")
    return 0


@click.command(epilog="Example: mlops run restore baseline")
@click.argument("runs", nargs=-1, required=True)
@format_option
def restore_command(runs: tuple[str, ...], output_format: str) -> None:
    """Bring deleted runs back, named by id or by name.

    Exit codes: 0 restored, 2 no deleted run is called that.
    """
    from mlops_nb.config import load_project
    from mlops_nb.store.lifecycle import find_deleted, restore

    project = load_project()
    found = {run.run_id: run for run in (find_deleted(project, name) for name in runs)}
    for run_id in found:
        restore(project, run_id)
    if output_format == "json":
        echo_json({"schema": 1, "restored": list(found)})
    else:
        click.echo(f"restored {', '.join(run.name for run in found.values())}")


@click.command(epilog="Example: mlops run gc --older-than 30 --yes")
@click.option(
    "--older-than",
    default=0.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Only what was deleted so many days ago.",
)
@yes_option
@format_option
def gc_command(older_than: float, yes: bool, output_format: str) -> int:
    """Remove deleted runs for good, with their points, files and models, and replay environments.

    Lists what goes and asks first. Exit codes: 0 done or nothing to do, 1 you said no, 2 the store
    is a server's.
    """
    from mlops_nb.config import load_project
    from mlops_nb.store.lifecycle import purge
    from mlops_nb.tracking.garbage import find_garbage, remove_environments

    project = load_project()
    garbage = find_garbage(project, older_than_days=older_than)
    rows = [[r.run_id[:8], r.name, _size(r.bytes)] for r in garbage.runs]
    rows += [["", f"environment {path.name}", _size(size)] for path, size in garbage.environments]
    if rows and output_format == "text":
        echo_table(["run", "what", "size"], rows)
    if rows and not yes and not _agreed(f"remove {len(rows)} for good?"):
        return 1
    for run in garbage.runs:
        purge(project, run)
    remove_environments(garbage)
    if output_format == "json":
        echo_json(
            {"schema": 1, "removed": [r.run_id for r in garbage.runs], "bytes": garbage.bytes}
        )
    else:
        click.echo(f"removed {len(rows)}, {_size(garbage.bytes)}" if rows else "nothing to remove")
    return 0


@click.command(epilog="Example: mlops run export baseline deeper ./runs-of-may")
@click.argument("runs", nargs=-1, required=True)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@format_option
def export_command(runs: tuple[str, ...], folder: Path, output_format: str) -> None:
    """Write runs into a folder of plain files: run.json, artifacts and models of each.

    `mlops run import FOLDER` brings them into another store. Exit codes: 0 written, 2 a run does
    not exist or the folder holds something else.
    """
    from mlops_nb.config import load_project
    from mlops_nb.tracking.transfer import export_runs

    names = export_runs(load_project(), runs, folder)
    if output_format == "json":
        echo_json({"schema": 1, "folder": str(folder), "runs": names})
    else:
        click.echo(f"{len(names)} runs in {folder}: {', '.join(names)}")


@click.command(epilog="Example: mlops run import ./runs-of-may")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@format_option
def import_command(folder: Path, output_format: str) -> None:
    """Bring exported runs into the project's store; those that are there already stay as they are.

    Exit codes: 0 done, 2 the folder cannot be read.
    """
    from mlops_nb.config import load_project
    from mlops_nb.tracking.transfer import import_runs

    made, known = import_runs(load_project(), folder)
    if output_format == "json":
        echo_json({"schema": 1, "imported": made, "known": known})
    else:
        click.echo(f"{len(made)} runs imported, {len(known)} were there already")


@click.command(epilog="Example: mlops run migrate --yes")
@yes_option
@format_option
def migrate_command(yes: bool, output_format: str) -> int:
    """Bring the store's tables to the MLflow that is installed; a copy is made before.

    Exit codes: 0 up to date or upgraded, 1 you said no, 2 the store is of a newer MLflow or a
    server's.
    """
    from mlops_nb.config import load_project
    from mlops_nb.errors import StoreError
    from mlops_nb.store.migration import newer, schema_state, upgrade

    project = load_project()
    state = schema_state(project)
    copy = None
    if state.state == "newer":
        raise StoreError(newer(project, state), "pip install --upgrade mlflow-skinny")
    if state.state == "older":
        question = f"upgrade {state.found} → {state.expected} (a copy is made first)?"
        if not yes and not _agreed(question):
            return 1
        copy = upgrade(project)
    if output_format == "json":
        path = str(copy) if copy else None
        echo_json({"schema": 1, "before": state.found, "now": state.expected, "backup": path})
    elif state.state == "older":
        click.echo(f"upgraded to {state.expected}; the copy of before: {copy or 'your own backup'}")
    else:
        click.echo(f"nothing to do: the store is {state.state} for MLflow {state.mlflow}")
    return 0


def _agreed(question: str) -> bool:
    """Ask, in a terminal as in a notebook.

    Raises
    ------
    InputError
        Nobody is there to answer.
    """
    from mlops_nb.errors import InputError

    try:
        # Not click's: it keeps the `input` of before Jupyter put its own in its place.
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except (EOFError, NotImplementedError):
        raise InputError(f"nobody answered: {question}", "say it with --yes") from None


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


COMMANDS = {
    "delete": delete_command,
    "restore": restore_command,
    "gc": gc_command,
    "export": export_command,
    "import": import_command,
    "migrate": migrate_command,
}
