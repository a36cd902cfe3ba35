"""Our run as MLflow's active run, for code that calls ``mlflow.log_…`` or its autologging."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable

from mlops_nb.errors import MlopsError
from mlops_nb.tracking.active import Run

WAIT_SECONDS = 5.0
"""How long the store may take; a cell waits no longer for it."""


class Binding:
    """A run that may be MLflow's active run as well.

    Parameters
    ----------
    run : Run
        The run, just begun.
    source : str
        The code that will run, where it is known: it may import MLflow only then.
    """

    def __init__(self, run: Run, source: str = "") -> None:
        self._run_id = ""
        if "mlflow" not in sys.modules and "mlflow" not in source:
            return
        from mlops_nb.store import fluent

        if "mlflow" in source or fluent.is_in_use():
            self._bind(run)

    def _bind(self, run: Run) -> None:
        ready: list[tuple[str, Callable[[], None]]] = []
        failed: list[MlopsError] = []

        def ask() -> None:
            from mlops_nb.store import fluent

            try:
                run_id = run.run_id
                ready.append((run_id, fluent.prepare(run.project, run_id)))
            except MlopsError as error:
                failed.append(error)

        # Not in the user's thread: a store that does not answer must not hold up the code.
        thread = threading.Thread(target=ask, name="mlops-mlflow", daemon=True)
        thread.start()
        thread.join(WAIT_SECONDS)
        if ready:
            self._run_id, activate = ready[0]
            activate()
            return
        reason = failed[0].message if failed else f"no answer within {WAIT_SECONDS:g} s"
        warnings.warn(
            f"mlflow.log_… does not reach run {run.name!r}: {reason}; mlops_nb.log_… does",
            RuntimeWarning,
            stacklevel=5,
        )

    def release(self) -> None:
        """Give MLflow its thread back."""
        if self._run_id:
            from mlops_nb.store import fluent

            fluent.deactivate(self._run_id)
