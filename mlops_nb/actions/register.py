"""Register: make a run's model a version of a registered model, with its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mlops_nb import git, modelfile
from mlops_nb.actions.track_model import track_model
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, MlopsError, NotFoundError
from mlops_nb.registry import card as cards
from mlops_nb.registry import estimator as estimators
from mlops_nb.registry import evidence
from mlops_nb.registry.facts import Candidate, gather
from mlops_nb.registry.importance import permutation_importance
from mlops_nb.registry.measure import measure, usable_holdout
from mlops_nb.registry.scoring import ScoringModel, model_path, require_columns
from mlops_nb.registry.versions import (
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    ModelVersion,
    resolve,
    tags_of,
)
from mlops_nb.store import models, runs
from mlops_nb.store import versions as store

if TYPE_CHECKING:
    import pandas as pd


class _Run(Protocol):
    @property
    def run_id(self) -> str: ...


class _Model(Protocol):
    def predict(self, X: Any, /) -> Any: ...  # noqa: N803 - as scikit-learn has it


def register_model(
    source: _Run | _Model | str,
    name: str,
    *,
    reference: pd.DataFrame,
    holdout: pd.DataFrame,
    label: str,
    groups: Sequence[str] = (),
    time: str | None = None,
    card: Mapping[str, Any] | None = None,
    alias: str = CHALLENGER,
    threshold: float | None = None,
    contract: Path | str | None = None,
    allow_pickle: bool = False,
    project: Project | None = None,
) -> ModelVersion:
    """Register the model of a run, or a fitted model itself, as the next version of `name`.

    Parameters
    ----------
    source : Run, str or estimator
        The run whose model it is: the object, its id, the beginning of it, or the run's name. A
        fitted model that no run logged gets one of its own, with the code that runs now.
    name : str
        The registered model; created when it is new.
    reference : DataFrame
        The training rows as the monitor will see them; what later data are compared with.
    holdout : DataFrame
        Labelled rows that the model was not fitted on, better later ones: the metrics on them
        are the baseline of gates and monitoring.
    label : str
        Column of the truth.
    groups : sequence of str, optional
        Columns to tell the metrics apart by.
    time : str, optional
        Column that orders the rows of `reference`: what its periods, as long as the `window` of
        ``[tool.mlops.monitoring]``, differ by among themselves is then no drift. No feature.
    card : mapping, optional
        What only a person can say: title, owner, intended_use, limits, period, notes.
    alias : str, default="challenger"
        The alias the version gets; ``champion`` is given by promotion alone.
    threshold : float, optional
        Score from which a row counts as positive, 0–1; the estimator's own, else 0.5, by default.
    contract : path, optional
        The data contract that rows to be scored must keep to; one is derived from the reference
        when it is asked for and there is none.
    allow_pickle : bool, default=False
        Also register a model that was logged as a pickle; the version is marked.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Returns
    -------
    ModelVersion
        The new version.

    Raises
    ------
    NotFoundError
        There is no such run, or it logged no model.
    InputError
        The tables do not fit the model, or an argument is wrong.
    StoreError
        The store cannot be reached.

    Examples
    --------
    >>> register_model(run, "flights", reference=train, holdout=later, label="late")
    ... # doctest: +SKIP
    """
    project = project or load_project()
    _check(name, alias, threshold)
    stated = cards.check_stated(card or {})
    terms = _contract(contract)
    without = [label, *groups, *([time] if time else [])]
    if not isinstance(source, str) and hasattr(source, "predict"):
        source = track_model(
            project, source, name, reference=reference, without=without, allow_pickle=allow_pickle
        )
    run_id, uri = _find(project, source)
    stored = modelfile.inspect(model_path(models.download_model(project, uri)))
    draft = _draft(
        modelfile.load(stored.path, allow_pickle=allow_pickle),
        ModelVersion(
            name=name, version=0, aliases=(), run_id=run_id, source=uri, created=datetime.now(UTC)
        ),
        reference,
        without=without,
        threshold=threshold,
    )
    # Measured before anything is registered: what cannot be measured leaves no half version.
    candidate = _measure(draft, stored, len(reference), holdout, label, groups)
    files = {
        evidence.REFERENCE_PROFILE: _profile(project, draft, reference, time).encode(),
        evidence.HOLDOUT: evidence.table_bytes(candidate.holdout),
        **terms,
    }
    return _publish(project, candidate, stated, files, alias)


def _check(name: str, alias: str, threshold: float | None) -> None:
    if not name or any(sign in name for sign in "@/:'\""):
        raise InputError(f"{name!r} cannot be a model's name", "leave out @ / : and quotes")
    if alias in {CHAMPION, PREVIOUS}:
        raise InputError(
            f"the alias {alias!r} is given by promotion, not by registration",
            f"register, then: mlops model promote {name}@{CHALLENGER}",
        )
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"the threshold must be between 0 and 1, not {threshold:g}")


def _contract(path: Path | str | None) -> dict[str, bytes]:
    """Return the contract as a file of evidence, none when none was given."""
    if path is None:
        return {}
    from mlops_nb.monitoring.contract import read_contract

    return {evidence.CONTRACT: read_contract(path).to_toml().encode()}


def _find(project: Project, source: _Run | str) -> tuple[str, str]:
    """Return the run's id and the URI of the model it logged."""
    wanted = source if isinstance(source, str) else source.run_id
    run = runs.get_run(project, wanted)
    uri = models.find_model(project, run.run_id)
    if uri is None:
        raise NotFoundError(
            f"run {run.name or run.run_id!r} logged no model",
            "log the fitted estimator in the run: %%mlops run --model NAME, or log_model(NAME)",
        )
    return run.run_id, uri


def _draft(
    estimator: Any,
    version: ModelVersion,
    reference: pd.DataFrame,
    *,
    without: Sequence[str],
    threshold: float | None,
) -> ScoringModel:
    task = estimators.task_of(estimator)
    features = estimators.features_of(estimator, reference, without=without)
    require_columns(reference, features, "the reference needs")
    if threshold is None:
        threshold = estimators.threshold_of(estimator)
    return ScoringModel(
        version=version, features=features, task=task, threshold=threshold, estimator=estimator
    )


def _measure(
    draft: ScoringModel,
    stored: modelfile.ModelFile,
    reference_rows: int,
    holdout: pd.DataFrame,
    label: str,
    groups: Sequence[str],
) -> Candidate:
    rows, gaps = usable_holdout(holdout, label, [*draft.features, *groups])
    gaps += [f"the logged model has no {part}" for part in models.lacking(stored.path.parent)]
    if stored.format == "pickle":
        gaps.append("the model is a pickle: loading it runs the code inside")
    return Candidate(
        model=draft,
        stored=stored,
        reference_rows=reference_rows,
        holdout=rows,
        label=label,
        measured=measure(draft, rows, label, groups),
        importance=permutation_importance(draft, rows, label),
        gaps=gaps,
    )


def _publish(
    project: Project,
    candidate: Candidate,
    stated: Mapping[str, str],
    files: Mapping[str, bytes],
    alias: str,
) -> ModelVersion:
    """Create the version with its evidence, or nothing."""
    draft, stored = candidate.model, candidate.stored
    name = draft.version.name
    tags = {
        "author": git.email(project.root),
        "features": draft.features,
        "format": stored.format,
        "label": candidate.label,
        "metrics": {key: item.value for key, item in candidate.measured.metrics.items()},
        "sha256": stored.sha256,
        "task": draft.task,
        "threshold": draft.threshold if draft.task == "binary" else None,
    }
    known = name in store.model_names(project)
    record = store.create_version(
        project,
        name,
        source=draft.version.source,
        run_id=draft.version.run_id,
        tags=tags_of(tags),
    )
    version = resolve(project, f"{name}/{record.version}")
    try:
        facts = gather(project, replace(candidate, model=replace(draft, version=version)), stated)
        for filename, data in files.items():
            evidence.write(project, version, filename, data)
        baseline = _baseline(facts) | {"files": evidence.digests(project, version, files)}
        evidence.write_json(project, version, evidence.METRICS, baseline)
        cards.write(project, version, facts)
        # Last, so that an alias never stands for a version without its evidence.
        store.set_alias(project, name, alias, version.version)
    except BaseException:
        with suppress(MlopsError):
            store.delete_version(project, name, version.version)
            if not known:
                store.delete_model(project, name)
        raise
    return resolve(project, version.label)


def _profile(
    project: Project, model: ScoringModel, reference: pd.DataFrame, time: str | None
) -> str:
    """Profile the training rows with the columns that the monitor will find beside them."""
    from mlops_nb.monitoring.profile import profile

    scored = model.score(reference)
    rows = reference.drop(columns=[c for c in scored if c in reference]).join(scored)
    every = project.config.monitoring.window if time else None
    return profile(
        rows, columns=[c for c in rows.columns if c != time], time=time, every=every
    ).to_json()


def _baseline(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema": 1,
        "task": facts["model"]["task"],
        "label": facts["data"]["label"],
        "positive": facts["model"]["positive"],
        "threshold": facts["model"]["threshold"],
        "rows": facts["data"]["holdout_rows"],
        "confidence": facts["confidence"],
        "metrics": facts["metrics"],
        "groups": facts["groups"],
        "fairness": facts["fairness"],
        "importance": facts["importance"],
    }
