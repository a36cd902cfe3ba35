"""MLflow's own functions inside our run: the run is MLflow's active one of the thread as well.

MLflow has no public way to do this without asking the store again, in the user's thread and for
as long as it takes. What is used instead is private to MLflow and stands here alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from mlops_nb.config import Project
from mlops_nb.store import connection

_URI = "MLFLOW_TRACKING_URI"


def is_in_use() -> bool:
    """Whether the user's code has imported MLflow; that we have does not count."""
    if "mlflow" not in sys.modules:
        return False
    if not connection.was_first():
        return True
    names = list(vars(sys.modules["__main__"]).values())
    return any(isinstance(n, ModuleType) and n.__name__.startswith("mlflow") for n in names)


def prepare(project: Project, run_id: str) -> Callable[[], None]:
    """Ask the store for a run, and return what makes it the calling thread's active run.

    Raises
    ------
    StoreError
        The store cannot be reached.
    """
    import mlflow

    tracking = connection.client(project)
    with connection.store_errors(project):
        run = tracking.get_run(run_id)

    def activate() -> None:
        if mlflow.get_tracking_uri() != project.tracking_uri:
            before = os.environ.get(_URI)
            mlflow.set_tracking_uri(project.tracking_uri)
            # It is set for child processes too, and for us in another project: not wanted.
            if before is None:
                os.environ.pop(_URI, None)
            else:
                os.environ[_URI] = before
        _stack().append(mlflow.ActiveRun(run))

    return activate


def deactivate(run_id: str) -> None:
    """Undo what :func:`prepare` answered; the run's end is not MLflow's business."""
    from mlflow.tracking import fluent

    stack = _stack()
    stack[:] = [run for run in stack if run.info.run_id != run_id]
    fluent._last_active_run_id.set(run_id)


def _stack() -> list[Any]:
    from mlflow.tracking import fluent

    active: list[Any] = fluent._active_run_stack.get()
    return active
