"""Monitor a model: run the project's monitor notebook over a period."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from mlops_nb.actions.run_job import run_job
from mlops_nb.config import Project
from mlops_nb.errors import ConfigError, InputError
from mlops_nb.jobs.attempt import AttemptRecord, read_results
from mlops_nb.jobs.parameters import declared
from mlops_nb.jobs.playbook import playbook_step
from mlops_nb.jobs.spec import notebook_of
from mlops_nb.jobs.supervisor import OnProgress
from mlops_nb.monitoring.report import ENDINGS, render
from mlops_nb.monitoring.verdict import Verdict

MODEL, START, END = "model_name", "start", "end"
_JOB, _NOTEBOOK = "monitor", "monitor.ipynb"
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WINDOW = re.compile(r"(\d+)\s*([mhdw])")


def monitor_model(
    project: Project,
    model: str,
    *,
    window: str = "1d",
    at: datetime | None = None,
    report: Path | str | None = None,
    on_progress: OnProgress | None = None,
) -> AttemptRecord:
    """Check a model over the period that ends at a moment.

    Parameters
    ----------
    project : Project
        The project; one of its jobs runs the monitor notebook, whose parameters are
        ``model_name``, ``start`` and ``end``.
    model : str
        The model's name.
    window : str
        Length of the period: a number and m, h, d or w.
    at : datetime, optional
        Its end, aware; now by default. A notebook that declares dates gets the first and the
        last day that the period touches.
    report : path, optional
        Where to write the report: ``.html`` is the executed notebook, ``.md``, ``.png`` and
        ``.json`` tell its verdict. Nothing is written when the notebook came to none.
    on_progress : callable, optional
        Told how far it is.

    Raises
    ------
    ConfigError
        No job runs a monitor notebook.
    InputError
        The window is not of that form, or the report's name has another ending or cannot be
        written.
    """
    if report is not None and Path(report).suffix.lower() not in ENDINGS:
        raise InputError(
            f"a report cannot be written as {Path(report).name!r}", f"known: {', '.join(ENDINGS)}"
        )
    name = monitor_job(project, model)
    end = at or datetime.now(UTC)
    start = end - length(window)
    known = declared(notebook_of(project, name, project.job(name)))
    period: dict[str, object] = {START: start, END: end}
    # The end is no part of the period: as days, both included, it ends with the day before.
    for key, moment in ((START, start), (END, end - timedelta(microseconds=1))):
        if key in known and known[key].kind == "date":
            period[key] = moment.date()
    record = run_job(
        project, name, {MODEL: model, **period}, logical_time=at, on_progress=on_progress
    )
    if report is not None:
        _report(project, record, Path(report))
    return record


def monitor_job(project: Project, model: str) -> str:
    """Return the job that monitors a model: the one for it, else ``monitor``, else any.

    Raises
    ------
    ConfigError
        No job runs a monitor notebook.
    """
    jobs = project.config.jobs
    fitting = [
        name for name, job in jobs.items() if name == _JOB or Path(job.notebook).name == _NOTEBOOK
    ]
    own = [name for name in fitting if jobs[name].parameters.get(MODEL) == model]
    if own:
        return own[0]
    if _JOB in fitting:
        return _JOB
    if fitting:
        return fitting[0]
    raise ConfigError(f"no job of {project.root} runs a {_NOTEBOOK}", "mlops init")


def length(window: str) -> timedelta:
    """Return the length that a window names.

    Raises
    ------
    InputError
        It is not a number and a unit.
    """
    match = _WINDOW.fullmatch(window.strip())
    if match is None or int(match[1]) == 0:
        raise InputError(f"a window is a number and m, h, d or w, not {window!r}", "--window 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _report(project: Project, record: AttemptRecord, target: Path) -> None:
    if target.suffix.lower() != ".html":
        _, document = read_results(record.folder)
        if document:
            verdict = Verdict.from_dict(document)
            render(verdict, target, playbook=partial(playbook_step, project, record.job))
    elif record.report is not None:
        _copy(record.report, target)


def _copy(page: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page, target)
    except OSError as error:
        raise InputError(f"cannot write the report to {target}: {error}") from error
