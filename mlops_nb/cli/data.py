"""``mlops data``: profile tables and measure their drift."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_nb.cli.data_contract import check, contract
from mlops_nb.cli.output import echo_json, echo_table, format_option, printable
from mlops_nb.errors import ExitCode, InputError
from mlops_nb.result import Status

if TYPE_CHECKING:
    from mlops_nb.monitoring import Drift
    from mlops_nb.monitoring.policy import Preset

WHY = 5
"""Most columns whose bound is explained."""

engine_option = click.option(
    "--engine",
    default="duckdb",
    show_default=True,
    help="What computes on files: duckdb, pyspark, local[4], spark://host:7077, sc://host:15002.",
)


@click.group(
    name="data", epilog="Example: mlops data drift january.parquet february.parquet --report d.html"
)
def command() -> None:
    """Profile data, measure drift, check contracts."""


command.add_command(contract)
command.add_command(check)


@command.command(epilog="Example: mlops data profile train.parquet -o reference.json")
@click.argument("data")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the profile here instead of printing it.",
)
@click.option("--time", help="Column that orders the rows: learn how much its periods differ.")
@click.option("--every", help="Length of these periods, such as 1d; best that of later tables.")
@click.option("--duplicates", is_flag=True, help="Also count rows that are equal to another one.")
@engine_option
def profile(
    data: str,
    output: Path | None,
    time: str | None,
    every: str | None,
    duplicates: bool,
    engine: str,
) -> None:
    """Summarise DATA as JSON of at most 2 kB a column.

    DATA is a Parquet or CSV file, a glob of them, or the URL of a database with the table's name
    after a #. The profile stands in for the table as the reference of `mlops data drift`.
    """
    from mlops_nb.frames import open_table
    from mlops_nb.monitoring import profile as make_profile

    table = open_table(data, engine=engine)
    made = make_profile(table, time=time, every=every, duplicates=duplicates)
    if output is None:
        click.echo(made.to_json())
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(made.to_json() + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"cannot write {output}: {error.strerror}", "choose another file"
        ) from error
    click.echo(f"{output}: {len(made.columns)} columns, {made.rows:,} rows")


@command.command(epilog="Example: mlops data drift reference.json today.parquet --format json")
@click.argument("reference")
@click.argument("current")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write an HTML page with charts.",
)
@click.option("--columns", help="Compare only these, separated by commas.")
@click.option("--ignore", help="Leave these out, separated by commas: ids, numbers of rows.")
@click.option(
    "--preset",
    type=click.Choice(["evidence", "psi", "evidently"]),
    help="Rule that decides; by default that of [tool.mlops.monitoring].",
)
@click.option(
    "--time", help="Column that orders REFERENCE: what its periods differ by is no drift."
)
@click.option("--every", help="Length of these periods; by default that of CURRENT.")
@click.option("--by", help="Also compare each value of this column by itself: a country, a plan.")
@click.option(
    "--classifier/--no-classifier",
    default=True,
    help="Also tell whether the rows of both tables can be told apart.",
)
@engine_option
@format_option
def drift(
    reference: str,
    current: str,
    report: Path | None,
    columns: str | None,
    ignore: str | None,
    preset: Preset | None,
    time: str | None,
    every: str | None,
    by: str | None,
    classifier: bool,
    engine: str,
    output_format: str,
) -> None:
    """Compare CURRENT with REFERENCE, column by column.

    Exit code 1: it drifted; 2: nothing could be compared.

    Each is a Parquet or CSV file, a glob of them, or the URL of a database with the table's name
    after a #; REFERENCE may be a profile.
    """
    from mlops_nb.frames import open_table
    from mlops_nb.monitoring import drift_by, policy

    rule = policy()
    sides = [
        side if side.lower().endswith(".json") else open_table(side, engine=engine)
        for side in (reference, current)
    ]
    found = drift_by(
        *sides,
        by=by,
        columns=_names(columns) or None,
        ignore=_names(ignore),
        policy=replace(rule, preset=preset or rule.preset),
        classifier=classifier,
        time=time,
        every=every,
    )
    if report is not None:
        from mlops_nb.monitoring import render

        render(found, report, title=f"{current} against {reference}")
    if output_format == "json":
        echo_json(found.to_dict())
    else:
        _print(found, report)
    if found.status is Status.SKIPPED:
        raise SystemExit(ExitCode.USAGE)
    raise SystemExit(ExitCode.FINDINGS if found.drifted else ExitCode.OK)


def _names(listed: str | None) -> list[str]:
    return [name.strip() for name in (listed or "").split(",") if name.strip()]


def _print(found: Drift, report: Path | None) -> None:
    rows = [
        (
            column.column,
            column.kind,
            "drifted" if column.status == "warned" else column.status.value,
            column.statistic["js"],
            column.statistic["psi"],
            column.statistic["null_rate"],
            f"{column.decision.name} {column.decision.value:.3g}",
            column.decision.q_value,
        )
        for column in found.by_severity()
    ]
    echo_table(("column", "kind", "status", "js", "psi", "nulls ±", "decided by", "q"), rows)
    for segment in found.segments:
        click.echo(f"{segment.column} {segment.value}: {segment.drift.headline()}")
    for column in found.drifted_columns[:WHY]:
        click.echo(
            f"why: {column.message}"
            + (f" ({reason})" if (reason := column.decision.reason) else "")
        )
    click.echo(f"rule: {found.policy.explain()}")
    if found.policy.budget is not None:
        click.echo(f"budget: {found.policy.budget.explain()}")
    for text in found.warnings:
        click.echo(f"warning: {printable(text)}", err=True)
    if report is not None:
        click.echo(f"report: {report}")
    sizes = f"{found.reference.rows:,} against {found.current.rows:,} rows"
    click.echo(printable(f"{found.headline()} ({sizes})"))
