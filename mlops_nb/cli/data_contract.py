"""``mlops data contract`` and ``check``: what a table must be like, and whether it is."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_nb.cli.output import echo_json, format_option
from mlops_nb.cli.results import echo_results
from mlops_nb.errors import ExitCode
from mlops_nb.result import Status, worst


@click.command(epilog="Example: mlops data contract reference.json -o contract.toml")
@click.argument("reference")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the contract here instead of printing it.",
)
@click.option("--without", help="Columns to leave out, such as the label, separated by commas.")
def contract(reference: str, output: Path | None, without: str | None) -> None:
    """Derive a data contract from REFERENCE, a profile or a table: a TOML file to edit."""
    from mlops_nb.monitoring import Profile, derive_contract
    from mlops_nb.monitoring import profile as make_profile
    from mlops_nb.monitoring.contract import ABSENT

    named = [name.strip() for name in (without or "").split(",") if name.strip()]
    known = reference.lower().endswith(".json")
    source = Profile.read(reference) if known else make_profile(reference)
    made = derive_contract(source, without=[*ABSENT, *named])
    if output is None:
        click.echo(made.to_toml(), nl=False)
        return
    made.write(output)
    click.echo(f"{output}: {len(made.columns)} columns; edit what you know better")


@click.command(epilog="Example: mlops data check contract.toml today.parquet")
@click.argument("contract")
@click.argument("data")
@format_option
def check(contract: str, data: str, output_format: str) -> None:
    """Hold DATA (Parquet or CSV, or a glob of files) against CONTRACT; exit 1 when it is broken."""
    from mlops_nb.monitoring import check_contract, read_contract

    results = check_contract(read_contract(contract), data)
    status = worst(results)
    if output_format == "json":
        echo_json({"schema": 1, "status": status.value, "results": [r.to_dict() for r in results]})
    else:
        bad = [r for r in results if r.status is not Status.PASSED]
        echo_results(bad)
        click.echo(f"{len(results)} rules, {len(bad)} of them broken")
    raise SystemExit(ExitCode.FINDINGS if status is Status.FAILED else ExitCode.OK)
