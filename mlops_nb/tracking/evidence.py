"""What a run leaves besides its numbers: code, environment, commit, and where it came from."""

from __future__ import annotations

import getpass
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from mlops_nb import environment, git
from mlops_nb.config import Project, current_attempt
from mlops_nb.tracking.active import Run
from mlops_nb.tracking.executed import current_cell, interactive_shell, slice_notebook

FOLDER = "mlops"


class Surroundings:
    """The environment and the commit, gathered beside the user's code while it runs.

    Parameters
    ----------
    root : Path
        A folder of the working tree.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._environment = ""
        self._git: git.GitState | None = None
        self._thread = threading.Thread(target=self._gather, name="mlops-surroundings")
        self._thread.start()

    def _gather(self) -> None:
        self._git = git.snapshot(self._root)
        self._environment = environment.description()

    def log(self, run: Run) -> None:
        """Write what was gathered into a run."""
        self._thread.join()
        run.log_text(self._environment, f"{FOLDER}/environment.txt")
        run.set_tag("mlops.python", environment.python_version())
        state = self._git
        if state is None:
            return
        run.log_dict(state.to_dict() | {"diff": state.diff}, f"{FOLDER}/git.json")
        if state.commit:
            run.set_tag("mlflow.source.git.commit", state.commit)
        if state.branch:
            run.set_tag("mlflow.source.git.branch", state.branch)
        run.set_tag("mlops.git.dirty", str(state.dirty).lower())


def origin_tags(project: Project) -> dict[str, str]:
    """Return the tags that say who ran what: user, notebook or script, job and attempt."""
    tags = {"mlflow.user": _user(), "mlflow.source.name": source_name(project)}
    attempt = current_attempt()
    if attempt is not None:
        tags |= {
            "mlops.job": attempt.job,
            "mlops.attempt": attempt.attempt,
            "mlops.logical_time": attempt.logical_time,
        }
    in_notebook = interactive_shell() is not None
    kind = "JOB" if attempt else "NOTEBOOK" if in_notebook else "LOCAL"
    return {key: value for key, value in tags.items() if value} | {"mlflow.source.type": kind}


def source_name(project: Project) -> str:
    """Return the notebook or script that runs, relative to the project when it is inside."""
    attempt = current_attempt()
    if attempt is not None and attempt.job in project.config.jobs:
        return project.config.jobs[attempt.job].notebook
    shell = interactive_shell()
    if shell is not None:
        # Jupyter Server names the notebook in the environment, VS Code in the namespace.
        named = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__", "")
    else:
        named = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    if not named:
        return ""
    path = Path(str(named))
    full = path if path.is_absolute() else Path.cwd() / path.name
    if not full.exists():
        return str(named)
    resolved = full.resolve()
    inside = resolved.is_relative_to(project.root)
    return resolved.relative_to(project.root).as_posix() if inside else str(full)


def log_code(run: Run, cell: str | None = None, call: str = "") -> None:
    """Write the code of a run: its cell and the cells that it depends on, or its script.

    Parameters
    ----------
    run : Run
        The run.
    cell : str, optional
        Its cell; the one that is being executed by default.
    call : str
        What a button has executed in place of a cell.
    """
    shell = interactive_shell()
    if shell is None:
        script = getattr(sys.modules.get("__main__"), "__file__", None)
        if script and Path(script).is_file():
            source = Path(script).read_text(encoding="utf-8", errors="replace")
            run.log_text(source, f"{FOLDER}/script.py")
        return
    source = cell if cell is not None else current_cell(shell)
    if source:
        run.log_text(source, f"{FOLDER}/cell.py")
        run.log_text(slice_notebook(shell, run.project.root, call), f"{FOLDER}/slice.ipynb")


def log_error(run: Run, error: BaseException) -> str:
    """Write why a run ended badly and return the status that it ends with."""
    if isinstance(error, SystemExit) and not error.code:
        return "FINISHED"
    summary = "".join(traceback.format_exception_only(error)).strip()
    run.set_tag("mlops.error", summary)
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "CancelledError":
        return "KILLED"
    full = "".join(traceback.format_exception(error))
    run.log_text(full, f"{FOLDER}/traceback.txt")
    return "FAILED"


def default_name(project: Project) -> str:
    """Return a name for a run that was given none: its job, notebook or script."""
    attempt = current_attempt()
    if attempt is not None:
        return attempt.job
    return Path(source_name(project)).stem or project.experiment


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under an id that nobody is called
        return ""


def open_figures() -> list[Any]:
    """Return the matplotlib figures that pyplot holds open; pyplot is not imported for it."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return []
    return [pyplot.figure(number) for number in pyplot.get_fignums()]
