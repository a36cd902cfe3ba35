"""``mlops model``: from a registered version to the champion and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mlops_nb.cli.model_approve import approve
from mlops_nb.cli.model_audit import audit, reason_option
from mlops_nb.cli.model_card import card
from mlops_nb.cli.model_explain import explain
from mlops_nb.cli.model_handover import handover
from mlops_nb.cli.model_pack import pack
from mlops_nb.cli.model_serve import serve
from mlops_nb.cli.output import echo_json, echo_table, format_option, pickle_option
from mlops_nb.cli.results import echo_results
from mlops_nb.errors import ExitCode


@click.group(epilog="Example: mlops model promote flights@challenger")
def command() -> None:
    """List, evaluate, promote and explain registered models.

    A version is written NAME@alias, NAME/3, or NAME alone for its champion.
    """


command.add_command(approve)
command.add_command(audit)
command.add_command(card)
command.add_command(explain)
command.add_command(handover)
command.add_command(pack)
command.add_command(serve)


@command.command("list", epilog="Example: mlops model list flights")
@click.argument("name", required=False)
@format_option
def list_command(name: str | None, output_format: str) -> None:
    """List registered models, or the versions of one, the newest first."""
    from mlops_nb.config import load_project
    from mlops_nb.registry.versions import list_versions

    versions = list_versions(load_project(), name)
    if output_format == "json":
        echo_json({"schema": 1, "versions": [version.to_dict() for version in versions]})
    elif versions:
        rows = [
            [
                version.name,
                version.version,
                " ".join(f"@{alias}" for alias in version.aliases) or "-",
                version.status,
                _figures(version.metrics, 3),
                f"{version.created:%Y-%m-%d %H:%M}",
            ]
            for version in versions
        ]
        echo_table(["model", "version", "aliases", "status", "metrics", "created (UTC)"], rows)
    else:
        click.echo("no model is registered yet: mlops model register RUN NAME")


@command.command("show", epilog="Example: mlops model show flights@champion")
@click.argument("reference")
@format_option
def show(reference: str, output_format: str) -> None:
    """Show one version: metrics with intervals, the gates' answers, gaps."""
    from mlops_nb.config import load_project
    from mlops_nb.errors import NotFoundError
    from mlops_nb.registry import card, evidence
    from mlops_nb.registry.versions import resolve

    project = load_project()
    version = resolve(project, reference)
    try:
        facts = evidence.read_json(project, version, card.JSON)
    except NotFoundError:
        # Registered by MLflow itself: the store's own facts are all there is.
        facts = {}
    if output_format == "json":
        echo_json({"schema": 1, **version.to_dict(), "card": facts})
        return
    aliases = " ".join(f"@{alias}" for alias in version.aliases)
    click.secho(f"{version.label} {aliases}".strip(), bold=True)
    click.echo(f"status {version.status} · run {version.run_id} · {version.created:%Y-%m-%d %H:%M}")
    metrics = facts.get("metrics", {})
    if metrics:
        click.echo("")
        rows = [[name, i["value"], i["low"], i["high"]] for name, i in metrics.items()]
        echo_table(["metric", "value", "low", "high"], rows)
    for gap in facts.get("gaps", []):
        click.echo(f"gap: {gap}")
    if facts.get("gates"):
        from mlops_nb.result import Result

        click.echo("")
        echo_results([Result.from_dict(values) for values in facts["gates"]])


@command.command(
    "register",
    epilog="Example: mlops model register train-42 flights --reference train.parquet "
    "--holdout later.parquet --label late --group carrier",
)
@click.argument("run")
@click.argument("name")
@click.option("--reference", required=True, metavar="TABLE", help="Training rows (Parquet, CSV).")
@click.option("--holdout", required=True, metavar="TABLE", help="Labelled rows not fitted on.")
@click.option("--label", required=True, help="Column of the truth.")
@click.option("--group", "groups", multiple=True, help="Column to tell the metrics apart by.")
@click.option("--threshold", type=float, help="Score from which a row counts as positive.")
@click.option(
    "--contract",
    type=click.Path(path_type=Path),
    help="Data contract that rows to be scored must keep to.",
)
@click.option("--owner", default="", help="Who answers for the model.")
@click.option("--intended-use", default="", help="What it is for.")
@click.option("--limits", default="", help="What it must not be used for.")
@click.option("--period", default="", help="The time the training rows are from.")
@pickle_option
@format_option
def register(
    run: str,
    name: str,
    reference: str,
    holdout: str,
    label: str,
    groups: Sequence[str],
    threshold: float | None,
    contract: Path | None,
    allow_pickle: bool,
    output_format: str,
    **stated: str,
) -> None:
    """Make the model of a RUN a version of NAME, with its evidence."""
    from mlops_nb.actions.register import register_model

    version = register_model(
        run,
        name,
        reference=_table(reference),
        holdout=_table(holdout),
        label=label,
        groups=groups,
        card=stated,
        threshold=threshold,
        contract=contract,
        allow_pickle=allow_pickle,
    )
    if output_format == "json":
        echo_json({"schema": 1, "version": version.to_dict()})
    else:
        click.echo(f"registered {version.label} @challenger: {_figures(version.metrics, 4)}")
        click.echo(f"next: mlops model evaluate {name}@challenger")


@command.command("evaluate", epilog="Example: mlops model evaluate flights@challenger")
@click.argument("reference")
@pickle_option
@format_option
@click.pass_context
def evaluate(ctx: click.Context, reference: str, allow_pickle: bool, output_format: str) -> None:
    """Put a version before its gates; exit code 1 when one refuses it."""
    from mlops_nb.actions.evaluate import evaluate as run_gates
    from mlops_nb.registry.gates import refused
    from mlops_nb.result import worst

    results = run_gates(reference, allow_pickle=allow_pickle)
    stopped = refused(results)
    if output_format == "json":
        answers = [result.to_dict() for result in results]
        echo_json({"schema": 1, "status": worst(results).value, "results": answers})
    else:
        echo_results(results)
        said = f"{len(stopped)} refused" if stopped else "none refused"
        click.echo(f"{len(results)} gate results, {said}")
    ctx.exit(ExitCode.FINDINGS if stopped else ExitCode.OK)


@command.command("promote", epilog="Example: mlops model promote flights@challenger")
@click.argument("reference")
@reason_option
@click.option(
    "--override", is_flag=True, help="Promote whatever gates and owners say; needs --reason."
)
@pickle_option
@format_option
def promote(
    reference: str, reason: str, override: bool, allow_pickle: bool, output_format: str
) -> None:
    """Make a version champion, if gates and owners let it; NAME alone means its challenger."""
    from mlops_nb.actions.promote import promote as run_promotion

    promotion = run_promotion(
        reference, reason=reason, override=override, allow_pickle=allow_pickle
    )
    if output_format == "json":
        echo_json({"schema": 1, **promotion.to_dict()})
        return
    echo_results(promotion.results)
    before = f"version {promotion.previous}" if promotion.previous else "none"
    click.echo(f"{promotion.version.label} is @champion; before it: {before}")


@command.command("rollback", epilog="Example: mlops model rollback flights --reason 'late alerts'")
@click.argument("name")
@reason_option
@format_option
def rollback(name: str, reason: str, output_format: str) -> None:
    """Let the champion before this one take over again."""
    from mlops_nb.actions.rollback import rollback as step_back

    version = step_back(name, reason=reason)
    if output_format == "json":
        echo_json({"schema": 1, "version": version.to_dict()})
    else:
        click.echo(f"{version.label} is @champion again")


def _figures(metrics: dict[str, float], count: int) -> str:
    return " ".join(f"{name}={value:.3f}" for name, value in list(metrics.items())[:count]) or "-"


def _table(path: str) -> Any:
    from mlops_nb import frames

    return frames.open_table(path).execute()
