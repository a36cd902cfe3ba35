"""``mlops lint``: say whether notebooks are ready for production."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_nb.errors import ExitCode

if TYPE_CHECKING:
    from mlops_nb.lint.engine import LintReport


def _codes(_context: click.Context, _option: click.Parameter, values: Sequence[str]) -> list[str]:
    return [code.strip().upper() for value in values for code in value.split(",") if code.strip()]


@click.command("lint", epilog="Example: mlops lint notebooks/ --select NBX,NBL --strict")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--select", multiple=True, callback=_codes, help="Run these rules or families only.")
@click.option("--ignore", multiple=True, callback=_codes, help="Do not run these rules.")
@click.option("--fix", is_flag=True, help="Make the safe fixes in the files.")
@click.option("--diff", "show_diff", is_flag=True, help="Show the safe fixes, change nothing.")
@click.option("--strict", is_flag=True, help="Let warnings fail as errors do.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How to print the findings.",
)
def command(
    paths: tuple[Path, ...],
    select: list[str],
    ignore: list[str],
    fix: bool,
    show_diff: bool,
    strict: bool,
    output_format: str,
) -> None:
    """Check notebooks, and the notebooks below folders, by the rules of production.

    Exits with 1 when a finding blocks: an error, with --strict a warning as well.
    """
    from mlops_nb.config import load_project
    from mlops_nb.lint.engine import lint_paths
    from mlops_nb.lint.render import FORMATS

    if fix and show_diff:
        raise click.UsageError("--fix and --diff exclude each other")
    project, targets = load_project(), list(paths) or [Path()]
    report = lint_paths(project, targets, select=select, ignore=ignore)
    if show_diff:
        _show_diff(report)
        return
    if fix and _fix(report):
        report = lint_paths(project, targets, select=select, ignore=ignore)
    text = FORMATS[output_format](report)
    if text:
        # A notebook may hold half a surrogate pair, which no terminal takes.
        click.echo(text.encode("utf-8", "backslashreplace").decode("utf-8"))
    if report.blocks(strict=strict):
        raise SystemExit(ExitCode.FINDINGS)


def _show_diff(report: LintReport) -> None:
    from mlops_nb.lint.fix import diff

    texts = [diff(path, found) for path, found in report.by_file().items()]
    for text in texts:
        click.echo(text, nl=False)
    if any(texts):
        raise SystemExit(ExitCode.FINDINGS)


def _fix(report: LintReport) -> bool:
    from mlops_nb.lint.fix import fix_file

    changed = [path for path, found in report.by_file().items() if fix_file(path, found)]
    if changed:
        noun = "notebook" if len(changed) == 1 else "notebooks"
        click.echo(f"Fixed {len(changed)} {noun}.", err=True)
    return bool(changed)
