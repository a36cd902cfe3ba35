"""``mlops lint --checklist``: what each notebook has, and lacks, for production."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_nb.cli.output import echo_json
from mlops_nb.cli.results import echo_results
from mlops_nb.errors import InputError
from mlops_nb.result import Result, Status

if TYPE_CHECKING:
    from mlops_nb.config import Project
    from mlops_nb.lint.run import Options


def show_checklist(
    project: Project, paths: Sequence[Path], options: Options, output_format: str, *, strict: bool
) -> bool:
    """Print the checklist of notebooks; tell whether one of them is not ready.

    Parameters
    ----------
    project : Project
        Whose configuration holds.
    paths : sequence of Path
        Notebooks and folders.
    options : Options
        Which rules to run.
    output_format : {"text", "json"}
        How to print it.
    strict : bool
        A notebook with open points is not ready, not only one with findings that block.

    Raises
    ------
    InputError
        A path does not exist, or cannot be read.
    """
    from mlops_nb.lint.discovery import notebooks
    from mlops_nb.lint.editor import assess
    from mlops_nb.lint.readiness import verdict
    from mlops_nb.lint.run import Linter

    linter = Linter(project, options)
    bad = {Status.FAILED, Status.WARNED} if strict else {Status.FAILED}
    found: list[tuple[Path, Sequence[Result], Result]] = []
    for path in notebooks(project, paths):
        points = assess(linter, path, _content(path)).points
        found.append((path, points, verdict(points)))
    if output_format == "json":
        echo_json({"schema": 1, "notebooks": [_document(*one) for one in found]})
    for path, points, result in found if output_format == "text" else ():
        click.secho(f"{path}: {result.message}", bold=True)
        echo_results(points)
        click.echo()
    return any(result.status in bad for _, _, result in found)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _document(path: Path, points: Sequence[Result], result: Result) -> dict[str, Any]:
    return {
        "file": str(path),
        "verdict": result.to_dict(),
        "points": [point.to_dict() for point in points],
    }
