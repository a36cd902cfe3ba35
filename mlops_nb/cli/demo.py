"""``mlops demo``: the whole loop on real data."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mlops_nb.actions.demo import DemoReport, Step
    from mlops_nb.jobs.attempt import AttemptRecord


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
            console.print(_line(record))

        report = demo(project, on_step=on_step, on_attempt=on_attempt)
    console.print(f"\n{len(report.attempts)} notebooks in {monotonic() - started:.0f} s.\n")
    _print_made(report)
    if open_report:
        click.launch(str(report.drift_report))


def _line(record: AttemptRecord) -> str:
    span = " – ".join(str(record.parameters[k]) for k in ("start", "end") if k in record.parameters)
    mark = "[green]✓[/]" if record.exit_code == 0 else "[yellow]![/]"
    why = f"\n    {record.message}" if record.message else ""
    cause = " (triggered by the alert)" if record.parent else ""
    return f"{mark} {record.job:8} {span:23} {record.status.value:10} {record.seconds:5.1f} s{cause}{why}"


def _print_made(report: DemoReport) -> None:
    root = report.project.root

    def shown(path: Path) -> str:
        return os.path.relpath(path)

    monitors = [r for r in report.attempts if r.job == "monitor" and r.report]
    rows = [
        (
            "MLflow runs",
            f"{sum(1 for r in report.attempts if r.run_id)} in {shown(report.project.home / 'mlops.db')}",
        ),
        *((f"model version {v.version}", _version(v)) for v in report.versions),
        *((f"{r.job}, executed", shown(r.output)) for r in report.attempts[:1] if r.output),
        *((f"monitor to {r.parameters['end']}", shown(r.report)) for r in monitors if r.report),
        ("drift report", shown(report.drift_report)),
        ("alerts", shown(report.project.home / "alerts.log")),
        ("lint", report.lint.summary()),
    ]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{name:{width}}  {text}")
    click.echo(f"\nnext: cd {shown(root)} && mlops status   (then: jupyter lab)")


def _version(version: object) -> str:
    return str(version)
