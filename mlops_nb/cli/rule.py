"""``mlops rule``: explain a lint rule."""

from __future__ import annotations

import click


@click.command("rule", epilog="Example: mlops rule NBX001")
@click.argument("code", required=False)
@click.option("--all", "every", is_flag=True, help="All rules.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print them; markdown is the reference.",
)
def command(code: str | None, every: bool, output_format: str) -> None:
    """Explain a rule by its code or name: what it flags, why, a bad and a good example."""
    from mlops_nb.cli.output import echo_json, echo_table
    from mlops_nb.lint.render import page, reference
    from mlops_nb.lint.rule import get_rule, rules

    if bool(code) and every:
        raise click.UsageError("give a rule or --all, not both")
    chosen = {rule.code: rule for rule in [get_rule(code)]} if code else dict(rules())
    if output_format == "json":
        shown = ("code", "name", "severity", "summary", "why", "fixable")
        pages = [{name: getattr(rule, name) for name in shown} for rule in chosen.values()]
        echo_json({"schema": 1, "rules": pages})
    elif output_format == "markdown":
        click.echo(page(chosen.popitem()[1]) if code else reference(chosen))
    elif code:
        click.echo(page(chosen.popitem()[1]).removeprefix("## "))
    else:
        rows = [(r.code, r.name, r.severity.value, r.summary) for r in chosen.values()]
        echo_table(["code", "name", "severity", "what it flags"], rows)
