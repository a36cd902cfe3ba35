"""``mlops model card``: what is known of a version, and what is not."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_nb.cli.output import format_option
from mlops_nb.errors import InputError


@click.command("card", epilog="Example: mlops model card flights --for engineering -o card.html")
@click.argument("reference")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A .html, .md or .json file.")
@click.option(
    "--for",
    "reader",
    type=click.Choice(["science", "engineering"]),
    help="For the data scientist, or for the engineer on call; both by default.",
)
@format_option
def card(reference: str, output: Path | None, reader: str | None, output_format: str) -> None:
    """Print a version's card, or write it to a file."""
    from mlops_nb.config import load_project
    from mlops_nb.registry import card as cards
    from mlops_nb.registry import evidence
    from mlops_nb.registry.versions import resolve

    formats = {".html": cards.HTML, ".md": cards.MARKDOWN, ".json": cards.JSON}
    kind = cards.JSON if output_format == "json" else cards.MARKDOWN
    if output is not None:
        if output.suffix not in formats:
            raise InputError(f"cannot write a card to {output}", "use .html, .md or .json")
        kind = formats[output.suffix]
    project = load_project()
    facts = evidence.read_json(project, resolve(project, reference), cards.JSON)
    content = cards.render(facts, kind, reader or "")
    if output is None:
        click.echo(content, nl=False)
        return
    try:
        output.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {output}: {error.strerror}") from error
    click.echo(f"wrote {output}")
