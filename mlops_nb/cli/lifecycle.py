"""``mlops lifecycle``: where the models of a project are, and where they wait."""

from __future__ import annotations

import click

from mlops_nb.cli.output import echo_json, format_option


@click.command(epilog="Example: mlops lifecycle churn --report lifecycle.html")
@click.argument("model", required=False)
@click.option(
    "--report",
    "target",
    metavar="OUT.html",
    type=click.Path(dir_okay=False),
    help="Write a page with the timeline and the funnel; it needs no network.",
)
@format_option
def command(model: str | None, target: str | None, output_format: str) -> None:
    """Show the stages that MODEL, or every model, went through, and name the bottleneck.

    Drawn from what is on record: commits of the notebooks, runs, versions, gates, promotions,
    predictions, verdicts of monitors and alerts. `worked` is the time that runs and jobs were at
    work, `waited` the rest of a stage.
    """
    from mlops_nb.actions.assess_lifecycle import lifecycle
    from mlops_nb.config import load_project

    found = lifecycle(load_project(), model)
    written = found.report(target) if target else None
    if output_format == "json":
        echo_json(found.to_dict())
        return
    click.echo(str(found))
    if written:
        click.echo(f"report      {written}")
