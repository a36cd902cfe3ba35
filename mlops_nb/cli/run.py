"""``mlops run``: the project's runs."""

from __future__ import annotations

from typing import Any

import click

from mlops_nb.cli import reproduce
from mlops_nb.cli.output import echo_json, echo_table, format_option


@click.group(epilog="Example: mlops run list --filter 'metrics.auc > 0.8'")
def command() -> None:
    """List, show and compare runs."""


@command.command("list", epilog="Example: mlops run list --filter 'metrics.auc > 0.8' --limit 5")
@click.option("--filter", "filter_string", default="", help="MLflow's filter: params.depth = '3'.")
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
@format_option
def compare_command(runs: tuple[str, ...], output_format: str) -> None:
    """Show the parameters that differ between runs, and their metrics side by side."""
    from mlops_nb.config import load_project
    from mlops_nb.store.runs import get_run
    from mlops_nb.tracking.page import differences, json_metrics
    from mlops_nb.tracking.sync import sync

    if len(runs) < 2:
        raise click.UsageError("name two runs or more")
    project = load_project()
    sync(project)
    records = [get_run(project, reference) for reference in runs]
    params, metrics = differences(records)
    if output_format == "json":
        described = [
            {
                "run_id": run.run_id,
                "name": run.name,
                "params": {key: run.params.get(key) for key in params},
                "metrics": json_metrics(run.metrics),
            }
            for run in records
        ]
        echo_json({"schema": 1, "differing_params": sorted(params), "runs": described})
        return
    names = [run.name if len(set(runs)) == len(runs) else run.uid[:8] for run in records]
    rows = [[f"params.{key}", *values] for key, values in params.items()]
    rows += [[f"metrics.{key}", *values] for key, values in metrics.items()]
    echo_table(["", *names], rows)
    click.echo(f"{len(params)} parameters differ, {len(metrics)} metrics")


command.add_command(reproduce.command, "reproduce")


def list_parameters(words: list[str]) -> dict[str, Any]:
    """Return what `mlops run list` would be called with, for the magic of the same words."""
    return list_command.make_context("run list", list(words)).params


def _without(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}
