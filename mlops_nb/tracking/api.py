"""The ``log_…`` functions without a run in hand: they write to the current one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from mlops_nb.config import Project, load_project
from mlops_nb.tracking.active import Run
from mlops_nb.tracking.current import require

if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
T = TypeVar("T")


def _to_current(method: Callable[Concatenate[Run, P], T]) -> Callable[P, T]:
    """Return a function that calls a method of :class:`Run` on the current run."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return method(require(), *args, **kwargs)

    signature = inspect.signature(method)
    parameters = list(signature.parameters.values())[1:]
    vars(call)["__signature__"] = signature.replace(parameters=parameters)
    return call


log_param = _to_current(Run.log_param)
log_params = _to_current(Run.log_params)
log_metric = _to_current(Run.log_metric)
log_metrics = _to_current(Run.log_metrics)
log_figure = _to_current(Run.log_figure)
log_table = _to_current(Run.log_table)
log_text = _to_current(Run.log_text)
log_dict = _to_current(Run.log_dict)
log_artifact = _to_current(Run.log_artifact)
log_artifacts = _to_current(Run.log_artifacts)
log_model = _to_current(Run.log_model)
log_input = _to_current(Run.log_input)
set_tag = _to_current(Run.set_tag)
set_tags = _to_current(Run.set_tags)


def runs(
    filter: str = "",  # noqa: A002 - the word users know from MLflow
    limit: int = 100,
    project: Project | None = None,
) -> pd.DataFrame:
    """Return the project's runs as a DataFrame, the newest first.

    Parameters
    ----------
    filter : str, optional
        ``metrics.auc > 0.8 and (params.depth = 3 or tags.team = 'a')``; see
        :mod:`mlops_nb.tracking.filters`.
    limit : int, optional
        At most so many runs.
    project : Project, optional
        Whose runs; by default those of the project around the current folder.

    Raises
    ------
    InputError
        The filter cannot be read.
    StoreError
        The store cannot be reached.
    """
    from mlops_nb.tracking.table import run_table

    table = run_table(project or load_project(), filter_string=filter, limit=limit)
    return table.to_frame()
