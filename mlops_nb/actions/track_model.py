"""Track: give a fitted model that no run logged a run of its own, as a place for evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.config import Project
from mlops_nb.registry import estimator as estimators
from mlops_nb.registry.scoring import require_columns
from mlops_nb.tracking.context import RunContext

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from mlops_nb.tracking.active import Run


def track_model(
    project: Project,
    model: Any,
    name: str,
    *,
    reference: pd.DataFrame,
    without: Sequence[str],
    allow_pickle: bool = False,
) -> Run:
    """Log a fitted model with its code, environment, commit and the hash of its training rows.

    Parameters
    ----------
    project : Project
        Where the run is kept.
    model : estimator
        Fitted.
    name : str
        What it will be registered as.
    reference : DataFrame
        Its training rows.
    without : sequence of str
        Columns of `reference` that are no features.
    allow_pickle : bool, default=False
        Keep a type that cannot be stored safely as a pickle, marked as one.

    Returns
    -------
    Run
        The run, ended.

    Raises
    ------
    InputError
        It does not predict, or the reference lacks its columns; nothing is logged then.
    MlopsError
        It holds types that cannot be stored safely.
    """
    estimators.task_of(model)
    features = estimators.features_of(model, reference, without=without)
    require_columns(reference, features, "the reference needs")
    with RunContext(f"register {name}", project=project) as run:
        run.log_model(model, input_example=reference[features], allow_pickle=allow_pickle)
        run.log_input(reference, "training", name="reference")
    return run
