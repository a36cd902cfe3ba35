"""``mlops init``: start a project."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command(
    "init",
    epilog="Example: mlops init --data data/history.csv --target churned --timestamp month",
)
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--model", "model_name", help="Name of the model in the registry.")
@click.option("--data", type=click.Path(path_type=Path), help="Table of past rows, from FOLDER.")
@click.option("--target", help="Column to predict.")
@click.option("--id", "id_column", help="Column that identifies a row.")
@click.option("--timestamp", "timestamp_column", help="Column that says when a row was.")
@click.option("--groups", help="Columns to compare the model by, with commas.")
@click.option("--owner", help="Who answers for the models; by default the user that git knows.")
def command(
    folder: Path,
    model_name: str | None,
    data: Path | None,
    target: str | None,
    id_column: str | None,
    timestamp_column: str | None,
    groups: str | None,
    owner: str | None,
) -> None:
    """Make FOLDER (default: here) a project: configuration, notebooks, jobs, playbooks.

    Files that exist are extended or kept, never overwritten.
    """
    from mlops_nb.actions.init import init, likely_ids

    answers = {
        "model_name": model_name,
        # The notebooks run in their own folder, one below the project's.
        "data": os.path.relpath(folder / data, folder / "notebooks") if data else None,
        "target": target,
        "id_column": id_column,
        "timestamp_column": timestamp_column,
        "groups": groups,
        "owner": owner,
    }
    given = {name: value for name, value in answers.items() if value}
    steps = init(folder, given)
    for step in steps:
        click.echo(f"{step.done:9} {step.path}")
    begun = any(step.done == "made" and step.path.suffix == ".ipynb" for step in steps)
    if begun and (found := likely_ids(folder, given)):
        click.echo(
            f"\nnote: each row has its own value of {' and '.join(found)}. A model should not"
        )
        click.echo("learn from ids: set id_column in the notebooks, or begin with --id")
    click.echo("\nnext: mlops job run train; with rows to score in data/batch.csv, which")
    click.echo("notebooks/score.ipynb reads, mlops job run score; then mlops status")
