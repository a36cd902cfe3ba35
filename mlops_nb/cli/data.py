"""``mlops data``: profile tables and measure their drift."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_nb.cli.data_contract import check, contract
from mlops_nb.cli.output import echo_json, echo_table, format_option
from mlops_nb.errors import ExitCode, InputError

if TYPE_CHECKING:
    from mlops_nb.monitoring import Drift


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
def profile(data: str, output: Path | None) -> None:
    """Summarise DATA (Parquet or CSV, or a glob of files) as JSON of at most 2 kB a column.

    The profile stands in for the table as the reference of `mlops data drift`.
    """
    from mlops_nb.monitoring import profile as make_profile

    made = make_profile(data)
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
@format_option
def drift(
    reference: str, current: str, report: Path | None, columns: str | None, output_format: str
) -> None:
    """Compare CURRENT with REFERENCE, column by column; exit 1 when it drifted.

    Both are Parquet or CSV files or a glob of them; REFERENCE may be a profile.
    """
    from mlops_nb.monitoring import drift as compare

    names = [name.strip() for name in columns.split(",") if name.strip()] if columns else None
    found = compare(reference, current, columns=names)
    if report is not None:
        from mlops_nb.monitoring import render

        render(found, report, title=f"{current} against {reference}")
    if output_format == "json":
        echo_json(found.to_dict())
    else:
        _print(found, report)
    raise SystemExit(ExitCode.FINDINGS if found.drifted else ExitCode.OK)


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
    for text in found.warnings:
        click.echo(f"warning: {text}", err=True)
    if report is not None:
        click.echo(f"report: {report}")
    sizes = f"{found.reference.rows:,} against {found.current.rows:,} rows"
    click.echo(f"{found.headline()} ({sizes})")
