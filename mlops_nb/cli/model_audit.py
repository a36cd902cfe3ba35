"""``mlops model audit``: who let which version live, and whether the store agrees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_nb.cli.output import echo_json, echo_table, format_option
from mlops_nb.cli.results import echo_results
from mlops_nb.errors import ExitCode

if TYPE_CHECKING:
    from mlops_nb.result import Result

reason_option = click.option("--reason", default="", help="Why, for the audit log.")


@click.command("audit", epilog="Example: mlops model audit --verify")
@click.argument("name", required=False)
@click.option("--verify", is_flag=True, help="Check the seals, and the aliases against the log.")
@click.option("--restore", is_flag=True, help="Put the aliases of NAME where the log says.")
@click.option(
    "--pack",
    type=click.Path(path_type=Path),
    help="Check an evidence pack instead; it needs no project.",
)
@click.option(
    "--allowed-signers",
    type=click.Path(path_type=Path),
    help="Whose signatures in the pack count: such a file, or a public key.",
)
@reason_option
@format_option
@click.pass_context
def audit(
    ctx: click.Context,
    name: str | None,
    verify: bool,
    restore: bool,
    pack: Path | None,
    allowed_signers: Path | None,
    reason: str,
    output_format: str,
) -> None:
    """Show who let which version live, when and why.

    The exit code is 1 when --verify finds tampering or a link of a --pack does not hold.
    """
    if pack is not None:
        if allowed_signers is None:
            raise click.UsageError("--pack needs the keys you trust: --allowed-signers FILE", ctx)
        ctx.exit(_verify_pack(pack, allowed_signers, output_format))
    if restore:
        if name is None:
            raise click.UsageError("--restore needs the NAME of a model", ctx)
        from mlops_nb.actions.rollback import restore as run_restore

        version = run_restore(name, reason=reason)
        click.echo(f"{version.label} is @champion, as the log says", err=output_format == "json")
    if verify:
        ctx.exit(_verify(name, output_format))
    _show_log(name, output_format)


def _verify_pack(pack: Path, allowed_signers: Path, output_format: str) -> ExitCode:
    from mlops_nb.registry.pack_audit import verify

    return _told(verify(pack, allowed_signers), output_format)


def _verify(name: str | None, output_format: str) -> ExitCode:
    from mlops_nb.config import load_project
    from mlops_nb.registry.ledger import verify

    return _told(verify(load_project(), name), output_format)


def _told(results: Sequence[Result], output_format: str) -> ExitCode:
    from mlops_nb.result import Status

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
                "promote (override)" if entry.details.get("override") else entry.action,
                f"{entry.model}/{entry.version}",
                entry.details.get("reason") or "-",
            ]
            for entry in entries
        ]
        echo_table(["#", "time (UTC)", "who", "action", "version", "reason"], rows)
    else:
        click.echo("the audit log is empty: nothing was promoted yet")
