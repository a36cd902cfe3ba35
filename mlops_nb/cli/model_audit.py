"""``mlops model audit``: who let which version live, and whether the store agrees."""

from __future__ import annotations

import click

from mlops_nb.cli.output import echo_json, echo_table, format_option
from mlops_nb.cli.results import echo_results
from mlops_nb.errors import ExitCode

reason_option = click.option("--reason", default="", help="Why, for the audit log.")


@click.command("audit", epilog="Example: mlops model audit --verify")
@click.argument("name", required=False)
@click.option("--verify", is_flag=True, help="Check the seals, and the aliases against the log.")
@click.option("--restore", is_flag=True, help="Put the aliases of NAME where the log says.")
@reason_option
@format_option
@click.pass_context
def audit(
    ctx: click.Context,
    name: str | None,
    verify: bool,
    restore: bool,
    reason: str,
    output_format: str,
) -> None:
    """Show who let which version live, when and why; exit code 1 when --verify finds tampering."""
    if restore:
        if name is None:
            raise click.UsageError("--restore needs the NAME of a model", ctx)
        from mlops_nb.actions.rollback import restore as run_restore

        version = run_restore(name, reason=reason)
        click.echo(f"{version.label} is @champion, as the log says", err=output_format == "json")
    if verify:
        ctx.exit(_verify(name, output_format))
    _show_log(name, output_format)


def _verify(name: str | None, output_format: str) -> ExitCode:
    from mlops_nb.config import load_project
    from mlops_nb.registry.ledger import verify
    from mlops_nb.result import Status

    results = verify(load_project(), name)
    wrong = [result for result in results if result.status is Status.FAILED]
    if output_format == "json":
        answers = [result.to_dict() for result in results]
        echo_json({"schema": 1, "verified": not wrong, "results": answers})
    else:
        echo_results(results)
        click.echo(f"{len(wrong)} of {len(results)} checks failed" if wrong else "verified")
    return ExitCode.FINDINGS if wrong else ExitCode.OK


def _show_log(name: str | None, output_format: str) -> None:
    from mlops_nb.config import load_project
    from mlops_nb.registry.ledger import history

    entries = history(load_project(), name)
    if output_format == "json":
        echo_json({"schema": 1, "entries": [entry.to_dict() for entry in entries]})
    elif entries:
        rows = [
            [
                entry.position,
                f"{entry.time:%Y-%m-%d %H:%M:%S}",
                entry.actor,
                entry.action,
                f"{entry.model}/{entry.version}",
                entry.details.get("reason") or "-",
            ]
            for entry in entries
        ]
        echo_table(["#", "time (UTC)", "who", "action", "version", "reason"], rows)
    else:
        click.echo("the audit log is empty: nothing was promoted yet")
