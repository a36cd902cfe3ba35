"""``mlops lint``: say whether notebooks are ready for production."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from mlops_nb.errors import ExitCode

if TYPE_CHECKING:
    from mlops_nb.config import Project
    from mlops_nb.lint.report import LintReport
    from mlops_nb.lint.run import Options

    Look = Callable[[Project, Options], LintReport]

FORMATS = ["text", "json", "github", "gitlab", "sarif", "junit"]


def _codes(_context: click.Context, _option: click.Parameter, values: Sequence[str]) -> list[str]:
    return [code.strip().upper() for value in values for code in value.split(",") if code.strip()]


@click.command("lint", epilog="Example: mlops lint notebooks/ --select NBX,NBL --strict")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--select", multiple=True, callback=_codes, help="Run these rules or families only.")
@click.option("--extend-select", multiple=True, callback=_codes, help="Run these rules as well.")
@click.option("--ignore", multiple=True, callback=_codes, help="Do not run these rules.")
@click.option("--fix", is_flag=True, help="Make the safe fixes in the files.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: the unsafe ones too.")
@click.option("--diff", "show_diff", is_flag=True, help="Show the fixes, change nothing.")
@click.option("--strict", is_flag=True, help="Let warnings fail as errors do.")
@click.option("--with-ruff", is_flag=True, help="Add what ruff finds, at the right cells.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of known findings, which are not reported.",
)
@click.option("--write-baseline", is_flag=True, help="Write all findings into the baseline.")
@click.option("--add-noqa", is_flag=True, help="Accept all findings by comments and tags.")
@click.option("--checklist", is_flag=True, help="Say what each notebook lacks for production.")
@click.option("--no-cache", is_flag=True, help="Look at every notebook, changed or not.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes to use.  [default: all cores]")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How to print the findings.",
)
@click.pass_obj
def command(
    look: Look | None,
    /,
    paths: tuple[Path, ...],
    baseline: Path | None,
    write_baseline: bool,
    strict: bool,
    checklist: bool,
    output_format: str,
    **flags: Any,
) -> None:
    """Check notebooks, and the notebooks below folders, by the rules of production.

    Exits with 1 when a finding blocks: an error, with --strict a warning as well; with --diff when
    there is something to fix. Exits with 2 when a rule crashed or the usage is wrong.
    """
    from mlops_nb.config import load_project
    from mlops_nb.lint.run import lint_paths

    _check_usage(write_baseline=write_baseline, checklist=checklist, **flags)
    project, options = load_project(), _options(**flags)
    if checklist:
        _show_checklist(project, paths, options, output_format, strict=strict)
        return
    # In a notebook the magic looks at that notebook, and at its kernel as well.
    if look is not None and not paths:
        report = look(project, options)
    else:
        report = lint_paths(project, list(paths) or [Path()], options)
    _say_what_was_done(report, options)
    if options.diff:
        _show_diff(report)
        return
    settings = project.config.lint
    if baseline is None and settings.baseline:
        baseline = project.root / settings.baseline
    if baseline is not None or write_baseline:
        report = _compare(project, report, baseline, write=write_baseline)
    _print(report, output_format)
    if report.failed:
        raise SystemExit(ExitCode.USAGE)
    if report.blocks(strict=strict or settings.strict):
        raise SystemExit(ExitCode.FINDINGS)


def _check_usage(
    *,
    fix: bool,
    unsafe_fixes: bool,
    show_diff: bool,
    add_noqa: bool,
    write_baseline: bool,
    checklist: bool,
    **_others: Any,
) -> None:
    chosen = {
        "--fix": fix,
        "--diff": show_diff,
        "--add-noqa": add_noqa,
        "--write-baseline": write_baseline,
        "--checklist": checklist,
    }
    names = [name for name, given in chosen.items() if given]
    if len(names) > 1:
        raise click.UsageError(f"{' and '.join(names)} exclude each other")
    if unsafe_fixes and not (fix or show_diff):
        raise click.UsageError("--unsafe-fixes says which fixes --fix makes and --diff shows")


def _options(
    *,
    fix: bool,
    unsafe_fixes: bool,
    show_diff: bool,
    add_noqa: bool,
    no_cache: bool,
    jobs: int | None,
    **selection: Any,
) -> Options:
    from mlops_nb.lint.run import Options

    change: Literal["none", "safe", "all", "accept"] = "none"
    if fix or show_diff:
        change = "all" if unsafe_fixes else "safe"
    elif add_noqa:
        change = "accept"
    return Options(change=change, diff=show_diff, cache=not no_cache, jobs=jobs, **selection)


def _show_checklist(
    project: Project, paths: Sequence[Path], options: Options, form: str, *, strict: bool
) -> None:
    from mlops_nb.cli.lint_checklist import show_checklist

    if form not in ("text", "json"):
        raise click.UsageError("--checklist prints text or json")
    strict = strict or project.config.lint.strict
    if show_checklist(project, list(paths) or [Path()], options, form, strict=strict):
        raise SystemExit(ExitCode.FINDINGS)


def _compare(project: Project, report: LintReport, path: Path | None, *, write: bool) -> LintReport:
    from mlops_nb.lint.baseline import DEFAULT, known_removed, write_baseline

    path = path or project.root / DEFAULT
    if write:
        count = write_baseline(path, report)
        click.echo(f"Wrote {count} {'finding' if count == 1 else 'findings'} to {path}.", err=True)
    left, gone = known_removed(path, report)
    if gone:
        noun = "finding is" if gone == 1 else "findings are"
        click.echo(f"{gone} known {noun} gone: --write-baseline drops them.", err=True)
    return left


def _say_what_was_done(report: LintReport, options: Options) -> None:
    changed = [one for one in report.reports if one.changes]
    if not changed or options.diff:
        return
    count = sum(one.changes for one in changed)
    noun = "notebook" if len(changed) == 1 else "notebooks"
    verb, what = ("Accepted", "finding") if options.change == "accept" else ("Fixed", "finding")
    what += "" if count == 1 else "s"
    click.echo(f"{verb} {count} {what} in {len(changed)} {noun}.", err=True)
    for file in report.declared:
        click.echo(f"Added to {file.path}: {', '.join(file.lines)}.", err=True)


def _show_diff(report: LintReport) -> None:
    changes = [one.diff for one in report.reports if one.diff]
    changes += [file.diff for file in report.declared]
    for change in changes:
        _echo(change)
    if changes:
        raise SystemExit(ExitCode.FINDINGS)


def _print(report: LintReport, output_format: str) -> None:
    from mlops_nb.lint import ci, render

    form = getattr(render, f"to_{output_format}", None) or getattr(ci, f"to_{output_format}")
    text = form(report)
    if text:
        _echo(f"{text}\n")


def _echo(text: str) -> None:
    # A notebook may hold half a surrogate pair, which no terminal takes.
    click.echo(text.encode("utf-8", "backslashreplace").decode("utf-8"), nl=False)
