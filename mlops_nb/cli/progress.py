"""The progress of a running job, and how an attempt is told when it has ended."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from mlops_nb.cli.output import printable

if TYPE_CHECKING:
    from mlops_nb.config import Project
    from mlops_nb.jobs.attempt import AttemptRecord
    from mlops_nb.jobs.supervisor import OnProgress, Progress

_CLEAR = "\r\x1b[2K"


class Shown(Protocol):
    """What shows the progress of jobs."""

    @property
    def tell(self) -> OnProgress | None:
        """What takes news of a running job; None where nobody looks."""

    def ended(self, record: AttemptRecord) -> None:
        """Take how an attempt ended."""

    def close(self) -> None:
        """Take the progress away, or leave it as it was at the end."""


class _Nobody:
    tell: OnProgress | None = None

    def ended(self, record: AttemptRecord) -> None:
        pass

    def close(self) -> None:
        pass


class _Line:
    """One line on a terminal, drawn again and again."""

    def tell(self, progress: Progress) -> None:
        from mlops_nb.jobs.limits import shown_size

        at = f"cell {progress.cell}/{progress.cells}" if progress.cells else "starting the kernel"
        minutes, seconds = divmod(int(progress.seconds), 60)
        peak = f"  {shown_size(progress.peak)}" if progress.peak else ""
        line = f"{_CLEAR}{progress.job}  {at}  {minutes}:{seconds:02}{peak}"
        click.echo(line, err=True, nl=False)

    def ended(self, record: AttemptRecord) -> None:
        pass

    def close(self) -> None:
        click.echo(_CLEAR, err=True, nl=False)


@contextmanager
def progress() -> Iterator[Shown]:
    """Yield what shows the progress of jobs: in a notebook, on a terminal, or nowhere."""
    from mlops_nb.widgets.frontend import speaks_widgets

    shown: Shown = _Line() if sys.stderr.isatty() else _Nobody()
    if speaks_widgets():
        from mlops_nb.widgets.job import JobProgress

        shown = JobProgress()
    try:
        yield shown
    finally:
        shown.close()


def echo_attempt(project: Project, record: AttemptRecord, *, indent: str = "") -> None:
    """Print how an attempt ended, and those that it started, one step further in.

    Parameters
    ----------
    project : Project
        Whose root the paths are shown from.
    record : AttemptRecord
        The attempt.
    indent : str
        What stands before every line.
    """
    from mlops_nb.jobs.attempt import relative

    good = record.exit_code == 0
    status = click.style(record.status.replace("_", " "), fg="green" if good else "red")
    click.echo(f"{indent}{record.job}: {status} in {record.seconds:.1f} s")
    lines = []
    if record.message:
        lines.append(("why", record.message))
    if record.run_id:
        lines.append(("run", record.run_id))
    for name, path in (("notebook", record.output), ("report", record.report)):
        if path is not None:
            lines.append((name, relative(project, path)))
    lines += [("warning", warning) for warning in record.warnings]
    for name, text in lines:
        first, *more = printable(text).splitlines() or [""]
        click.echo(f"{indent}  {name:<9} {first}")
        for line in more:
            click.echo(f"{indent}  {'':<9} {line}")
    for follower in record.triggered:
        echo_attempt(project, follower, indent=f"{indent}  → ")
