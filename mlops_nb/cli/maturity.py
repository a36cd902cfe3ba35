"""``mlops maturity``: the level that the project's records carry, and the one next step."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mlops_nb.cli.output import echo_json, format_option

if TYPE_CHECKING:
    from mlops_nb.config import Project
    from mlops_nb.lifecycle.maturity import Need

_CRITICALITIES = ("low", "medium", "high")


@click.command(epilog="Example: mlops maturity --badge docs/maturity.svg")
@click.option(
    "--decisions-a-day",
    type=click.FloatRange(min=0),
    help="Decisions that the models take or support, instead of the configured number.",
)
@click.option(
    "--criticality",
    type=click.Choice(_CRITICALITIES),
    help="What a wrong answer does, instead of the configured word: low a nuisance, medium costs "
    "money or customers, high hurts people or breaks the law.",
)
@click.option(
    "--badge",
    "target",
    metavar="FILE.svg",
    type=click.Path(dir_okay=False),
    help="Write the level as a picture for a README.",
)
@format_option
def command(
    decisions_a_day: float | None, criticality: str | None, target: str | None, output_format: str
) -> None:
    """Show the level of maturity, 0 to 3, by what is on record: nothing is taken on trust.

    Each criterion is shown with its evidence and the date of it. What changed since the last time
    is kept, so that progress can be looked back on. On a terminal it asks how much is at stake,
    unless [tool.mlops.lifecycle] says so: which level fits depends on that.
    """
    from mlops_nb.actions.assess_maturity import maturity, need_of
    from mlops_nb.config import load_project

    project = load_project()
    need = _given(need_of(project), decisions_a_day, criticality)
    if output_format == "text" and need.fits is None and sys.stdin.isatty() and sys.stdout.isatty():
        need = _asked(project, need)
    found = maturity(project, need)
    written = found.badge(target) if target else None
    if output_format == "json":
        echo_json(found.to_dict())
        return
    click.echo(str(found))
    if written:
        click.echo(f"badge: {written}")


def _given(need: Need, decisions_a_day: float | None, criticality: str | None) -> Need:
    from mlops_nb.lifecycle.maturity import Need

    known = {"low", "medium", "high"} & {criticality}
    return Need(
        decisions_a_day=need.decisions_a_day if decisions_a_day is None else decisions_a_day,
        criticality=known.pop() if known else need.criticality,  # type: ignore[arg-type]
    )


def _asked(project: Project, need: Need) -> Need:
    from mlops_nb.actions.assess_maturity import decisions_on_record

    volume, word = need.decisions_a_day, str(need.criticality or "")
    if volume is None:
        seen = decisions_on_record(project)
        volume = click.prompt(
            "Decisions a day that the models take or support",
            type=click.FloatRange(min=0),
            default=seen or None,
        )
    if not word:
        word = click.prompt(
            "What does a wrong answer do? low: a nuisance, medium: costs money or customers, "
            "high: hurts people or breaks the law",
            type=click.Choice(_CRITICALITIES),
        )
    click.echo(
        "to be asked no more: [tool.mlops.lifecycle]\n"
        f'decisions-a-day = {volume:.6g}\ncriticality = "{word}"\n'
    )
    return _given(need, volume, word)
