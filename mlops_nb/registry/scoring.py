"""Load a registered version and score rows with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb import modelfile
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, MlopsError, did_you_mean
from mlops_nb.registry import estimator as estimators
from mlops_nb.registry import handover
from mlops_nb.registry.ledger import on_record
from mlops_nb.registry.versions import ModelVersion, fact, means_champion, resolve
from mlops_nb.store import models

if TYPE_CHECKING:
    import pandas as pd

MODEL_FILES = ("model.skops", "model.pkl")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringModel:
    """A registered version, ready to score.

    Parameters
    ----------
    version : ModelVersion
        Which one it is.
    features : list of str
        The columns it wants, in its order.
    task : {"binary", "multiclass", "regression"}
        What it predicts.
    threshold : float
        Score from which a row counts as positive, 0–1; binary models alone.
    estimator : object
        The estimator itself.
    """

    version: ModelVersion
    features: list[str]
    task: str
    threshold: float
    estimator: Any = field(repr=False)

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score rows.

        Parameters
        ----------
        frame : DataFrame
            At least the columns of :attr:`features`; others are ignored.

        Returns
        -------
        DataFrame
            Indexed like `frame`: ``prediction`` and, for binary classifiers, ``score``, the
            probability of the positive class; for others with probabilities ``score_<class>``.

        Raises
        ------
        InputError
            Columns are missing, or the values are not such as the model was fitted on.
        """
        require_columns(frame, self.features, f"{self.version.label} needs")
        try:
            return estimators.score_rows(
                self.estimator, frame, self.features, threshold=self.threshold
            )
        except (TypeError, ValueError) as error:
            text = str(error).partition("\n")[0]
            raise InputError(
                f"{self.version.label} cannot score these rows: {text}",
                "compare their columns' types with the model card",
            ) from error


def load_model(
    reference: str, project: Project | None = None, *, allow_pickle: bool = False
) -> ScoringModel:
    """Load a registered version to score with it.

    Parameters
    ----------
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion.
    project : Project, optional
        Whose registry; that of the current folder by default.
    allow_pickle : bool, default=False
        Also load a version that was registered as a pickle, which runs the code inside.

    Returns
    -------
    ScoringModel
        With ``.version``, ``.features`` and ``.score(frame)``. In a folder that was handed over
        (``mlops model handover``) it is the version in it.

    Raises
    ------
    NotFoundError
        There is no such model, alias or version.
    MlopsError
        The model file was changed after its registration, or must not be loaded; or the
        champion is one that the verified audit log does not know.
    """
    project = project or load_project()
    packed = handover.find(project.root, reference)
    if packed is not None:
        return _handed_over(packed, allow_pickle=allow_pickle)
    version = resolve(project, reference)
    if means_champion(reference):
        on_record(project, version)
    estimator = open_estimator(project, version, allow_pickle=allow_pickle)
    features = fact(version, "features")
    if features is None:
        features = [str(name) for name in getattr(estimator, "feature_names_in_", ())]
    if not features:
        raise MlopsError(
            f"{version.label} does not say which columns it wants",
            "it was not registered by this suite: mlops model register RUN NAME",
        )
    threshold = fact(version, "threshold")
    return ScoringModel(
        version=version,
        features=features,
        task=estimators.task_of(estimator),
        threshold=estimators.threshold_of(estimator) if threshold is None else float(threshold),
        estimator=estimator,
    )


def _handed_over(packed: handover.Handover, *, allow_pickle: bool) -> ScoringModel:
    if modelfile.digest(packed.model) != packed.sha256:
        raise MlopsError(
            f"the model file of {packed.version.label} is not the one that was handed over",
            "do not use it; ask for the handover again",
        )
    estimator = modelfile.load(packed.model, allow_pickle=allow_pickle)
    threshold = packed.threshold
    return ScoringModel(
        version=packed.version,
        features=packed.features,
        task=estimators.task_of(estimator),
        threshold=estimators.threshold_of(estimator) if threshold is None else threshold,
        estimator=estimator,
    )


def open_estimator(project: Project, version: ModelVersion, *, allow_pickle: bool = False) -> Any:
    """Load a version's estimator, after comparing its file with what was registered.

    Raises
    ------
    MlopsError
        The file was changed, or must not be loaded.
    """
    path = model_path(models.download_model(project, version.source))
    registered = fact(version, "sha256")
    # Before anything looks into it: whatever it has become, it is not what was registered.
    if registered and modelfile.digest(path) != registered:
        raise MlopsError(
            f"the model file of {version.label} was changed after its registration",
            "do not use it; find out who wrote to the store, bring the file back from a backup or "
            "train and register anew",
        )
    return modelfile.load(path, allow_pickle=allow_pickle)


def model_path(folder: Path) -> Path:
    """Return the model file within a logged model's folder.

    Raises
    ------
    InputError
        There is none.
    """
    for name in MODEL_FILES:
        if (folder / name).is_file():
            return folder / name
    raise InputError(
        f"{folder} holds no {' or '.join(MODEL_FILES)}",
        "bring the store's files back from a backup, or train and register anew",
    )


def require_columns(frame: pd.DataFrame, wanted: Sequence[str], who: str) -> None:
    """Refuse a frame that lacks columns.

    Raises
    ------
    InputError
        Naming the missing columns and, for the first, the nearest one there is.
    """
    present = [str(column) for column in frame.columns]
    missing = [column for column in wanted if column not in set(present)]
    if missing:
        shown = ", ".join(map(repr, missing[:10])) + (" …" if len(missing) > 10 else "")
        raise InputError(
            f"{who} {len(missing)} column{'s'[: len(missing) > 1]} that the table lacks: {shown}",
            did_you_mean(missing[0], present),
        )
