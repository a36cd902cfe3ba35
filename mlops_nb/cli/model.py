"""``mlops model``: from a registered version to the champion and back."""

from __future__ import annotations

import click

from mlops_nb.cli.model_approve import approve
from mlops_nb.cli.model_audit import audit, reason_option
from mlops_nb.cli.model_card import card
from mlops_nb.cli.model_explain import explain
from mlops_nb.cli.model_handover import handover
from mlops_nb.cli.model_pack import pack
from mlops_nb.cli.model_register import register
from mlops_nb.cli.model_serve import serve
from mlops_nb.cli.output import echo_json, echo_table, figures, format_option, pickle_option
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
command.add_command(register)
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
                figures(version.metrics, 3),
                f"{version.created:%Y-%m-%d %H:%M}",
            ]
            for version in versions
        ]
        echo_table(["model", "version", "aliases", "status", "metrics", "created (UTC)"], rows)
    elif name:
        click.echo(f"model {name!r} has no version: mlops model register RUN {name}")
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
