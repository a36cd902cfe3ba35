"""The reference: what a registered version was made for, to compare later data with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.config import Project, load_project
from mlops_nb.errors import NotFoundError
from mlops_nb.registry import evidence
from mlops_nb.registry.versions import fact, resolve

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.monitoring.contract import Contract
    from mlops_nb.monitoring.profile import Profile


def load_reference(reference: str, project: Project | None = None) -> Profile:
    """Return the reference profile of a registered version.

    Parameters
    ----------
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Raises
    ------
    NotFoundError
        There is no such version, or it has no profile.
    """
    from mlops_nb.monitoring.profile import Profile

    project = project or load_project()
    version = resolve(project, reference)
    return Profile.from_dict(evidence.read_json(project, version, evidence.REFERENCE_PROFILE))


def load_baseline(reference: str, project: Project | None = None) -> dict[str, float]:
    """Return what a version reached on its hold-out, to hold later performance against.

    Parameters
    ----------
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Returns
    -------
    dict
        Metric → value, and ``rows``: on how many rows, because a baseline has noise of its own.

    Raises
    ------
    NotFoundError
        There is no such version, or it was not measured.
    """
    project = project or load_project()
    stored = evidence.read_json(project, resolve(project, reference), evidence.METRICS)
    values = {name: metric["value"] for name, metric in stored["metrics"].items()}
    return values | {"rows": float(stored["rows"])}


def load_holdout(reference: str, project: Project | None = None) -> pd.DataFrame:
    """Return a version's hold-out with its answers: labelled rows that it was not fitted on.

    What later answers are compared with where a profile is not enough: estimates without labels,
    concept drift, attribution.

    Parameters
    ----------
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Returns
    -------
    DataFrame
        The rows as registered, with ``prediction`` and, for classifiers, ``score`` or
        ``score_<class>``.

    Raises
    ------
    NotFoundError
        There is no such version, or it has no hold-out.
    MlopsError
        The model must not be loaded, such as a pickle.
    """
    from mlops_nb.registry.scoring import load_model

    project = project or load_project()
    version = resolve(project, reference)
    rows = evidence.read_table(project, version, evidence.HOLDOUT)
    scored = load_model(version.label, project).score(rows)
    return rows.drop(columns=[name for name in scored if name in rows]).join(scored)


def load_contract(reference: str, project: Project | None = None) -> Contract:
    """Return a version's data contract: the one it was registered with, else a derived one.

    Parameters
    ----------
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Returns
    -------
    Contract
        Derived from the reference profile, of the features alone, when the version was
        registered without one.

    Raises
    ------
    NotFoundError
        There is no such version, or it has no evidence.
    """
    from mlops_nb.monitoring.contract import derive_contract, parse_contract

    project = project or load_project()
    version = resolve(project, reference)
    try:
        text = evidence.read(project, version, evidence.CONTRACT).decode()
    except NotFoundError:
        profile = load_reference(version.label, project)
        features = fact(version, "features") or []
        return derive_contract(
            profile, without=[name for name in profile.columns if name not in features]
        )
    return parse_contract(text, f"{evidence.CONTRACT} of {version.label}")
