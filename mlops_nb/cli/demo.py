"""``mlops demo``: the whole loop on real data."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mlops_nb.actions.demo import DemoReport, Step
    from mlops_nb.jobs.attempt import AttemptRecord
    from mlops_nb.registry.versions import ModelVersion


@click.command("demo", epilog="Example: mlops demo my-demo --open")
@click.argument("folder", type=click.Path(path_type=Path), default="mlops-demo")
@click.option("--open", "open_report", is_flag=True, help="Open the drift report in a browser.")
def command(folder: Path, open_report: bool) -> None:
    """Run the whole loop on the flights of 2013 in FOLDER (default: mlops-demo)."""
    from rich.console import Console

    from mlops_nb.actions.demo import STEPS, demo, prepare

    console = Console(highlight=False)
    started = monotonic()
    project = prepare(folder)
    console.print(
        "Will a departure from New York arrive 15 or more minutes late? 2013, real data.\n"
    )
    with console.status("") as status:

        def on_step(step: Step) -> None:
            number = STEPS.index(step) + 1
            status.update(f"[{number}/{len(STEPS)}] {step.title} … {monotonic() - started:.0f} s")

        def on_attempt(record: AttemptRecord) -> None:
            console.print(_line(record), soft_wrap=True)

        report = demo(project, on_step=on_step, on_attempt=on_attempt)
    console.print(f"\n{len(report.attempts)} notebooks in {monotonic() - started:.0f} s.\n")
    _print_made(report)
    if open_report:
        click.launch(str(report.drift_report))


def _line(record: AttemptRecord) -> str:
    span = " – ".join(str(record.parameters[k]) for k in ("start", "end") if k in record.parameters)
    mark = "[green]✓[/]" if record.exit_code == 0 else "[yellow]![/]"
    cause = " (started by the alert)" if record.parent else ""
    line = f"{mark} {record.job:8} {span:23} {record.status:10} {record.seconds:5.1f} s{cause}"
    return f"{line}\n    {record.message}" if record.message else line


def _print_made(report: DemoReport) -> None:
    from mlops_nb.lint.render import summary

    home = report.project.home

    def shown(path: Path | None) -> str:
        return os.path.relpath(path) if path else "none"

    monitors = [record for record in report.attempts if record.job == "monitor"]
    runs = sum(record.run_id is not None for record in report.attempts)
    rows = [
        ("runs", f"{runs} in {shown(home / 'mlops.db')} (MLflow)"),
        *((_aliased(version), _metrics(version)) for version in report.versions),
        ("model card", shown(report.card)),
        ("executed notebooks", f"{len(report.attempts)} in {shown(home / 'jobs')}"),
        *((f"report to {each.parameters['end']}", shown(each.report)) for each in monitors),
        ("drift report", shown(report.drift_report)),
        ("alerts", shown(home / "alerts.log")),
        ("lint", summary(report.lint)),
    ]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{name:{width}}  {text}")
    root = report.project.root
    # `make demo` runs us from an environment that is on nobody's PATH.
    program = "mlops" if shutil.which("mlops") else os.path.relpath(sys.argv[0], root)
    click.echo(f"\nnext: cd {shown(root)} && {program} status")


def _aliased(version: ModelVersion) -> str:
    return " ".join([version.label, *(f"@{alias}" for alias in version.aliases)])


def _metrics(version: ModelVersion) -> str:
    shown = [f"{name} {version.metrics[name]:.3f}" for name in ("roc_auc", "brier")]
    return f"{', '.join(shown)} on its own hold-out, gates {version.status}"
