"""The registry of the MLflow store: versions of registered models, their aliases and tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError, did_you_mean
from mlops_nb.store.connection import client, exists, store_errors
from mlops_nb.store.models import MODEL_URI, location

MODEL_TAG = "mlops.model"
_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRecord:
    """One version of a registered model as the store has it.

    Parameters
    ----------
    name : str
        The registered model.
    version : int
        Its number, from 1.
    run_id : str
        MLflow's id of the run it came from.
    source : str
        The logged model, ``models:/m-…``; of a version we did not make, what MLflow calls source.
    created : datetime
        In UTC.
    aliases : tuple of str
        In alphabetical order.
    tags : dict
        Every tag of the version.
    """

    name: str
    version: int
    run_id: str
    source: str
    created: datetime
    aliases: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)


def create_version(
    project: Project, name: str, *, source: str, run_id: str, tags: Mapping[str, str]
) -> VersionRecord:
    """Register a logged model as the next version of `name`, which is created when it is new."""
    tracking = client(project)
    from mlflow.exceptions import MlflowException

    # A database store would look `models:/` up in MLflow's global store, not in this one.
    remote = urlsplit(project.tracking_uri).scheme in {"http", "https"}
    place = source if remote else location(project, source)
    with store_errors(project):
        try:
            tracking.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        made = tracking.create_model_version(
            name,
            source=place,
            run_id=run_id,
            tags={**tags, MODEL_TAG: source},
            model_id=source.removeprefix(MODEL_URI),
        )
    return _record(made, {})


def delete_version(project: Project, name: str, version: int) -> None:
    """Take a version out of the registry; its run and its model stay."""
    with store_errors(project):
        client(project).delete_model_version(name, str(version))


def delete_model(project: Project, name: str) -> None:
    """Take a model with all of its versions out of the registry; a next one of it is number 1."""
    with store_errors(project):
        client(project).delete_registered_model(name)


def model_names(project: Project) -> list[str]:
    """Return the names of all registered models, in order."""
    return sorted(_registered(project))


def list_versions(project: Project, name: str | None = None) -> list[VersionRecord]:
    """Return the versions of one model or of all, by name, the newest version first.

    Raises
    ------
    NotFoundError
        There is no model of that name.
    """
    registered = _registered(project)
    if name is not None:
        registered = {name: _known(registered, name)}
    return [
        record
        for model in sorted(registered)
        for record in _versions_of(project, model, registered[model])
    ]


def get_version(project: Project, name: str, version: int) -> VersionRecord:
    """Return one version.

    Raises
    ------
    NotFoundError
        There is no such model or no such version of it.
    """
    records = list_versions(project, name)
    for record in records:
        if record.version == version:
            return record
    numbers = ", ".join(str(record.version) for record in records) or "none yet"
    raise NotFoundError(f"model {name!r} has no version {version}", f"versions: {numbers}")


def aliases(project: Project, name: str) -> dict[str, int]:
    """Return the model's aliases and the version each stands for.

    Raises
    ------
    NotFoundError
        There is no model of that name.
    """
    return _known(_registered(project), name)


def set_alias(project: Project, name: str, alias: str, version: int) -> None:
    """Let an alias stand for a version; it leaves the one it stood for."""
    with store_errors(project):
        client(project).set_registered_model_alias(name, alias, str(version))


def delete_alias(project: Project, name: str, alias: str) -> None:
    """Take an alias away."""
    with store_errors(project):
        client(project).delete_registered_model_alias(name, alias)


def set_tags(project: Project, name: str, version: int, tags: Mapping[str, str]) -> None:
    """Set tags of a version; those not named stay."""
    tracking = client(project)
    with store_errors(project):
        for key, value in tags.items():
            tracking.set_model_version_tag(name, str(version), key, value)


def _registered(project: Project) -> dict[str, dict[str, int]]:
    """Return model → alias → version; read at once, since a search by alias is refused."""
    if not exists(project):
        return {}
    tracking = client(project)
    found: dict[str, dict[str, int]] = {}
    token = None
    with store_errors(project):
        while True:
            page = tracking.search_registered_models(max_results=_PAGE, page_token=token)
            for model in page:
                found[model.name] = {a: int(v) for a, v in dict(model.aliases).items()}
            token = page.token
            if not token:
                return found


def _known(registered: Mapping[str, dict[str, int]], name: str) -> dict[str, int]:
    if name not in registered:
        hint = did_you_mean(name, registered) or "no model is registered: mlops model register"
        raise NotFoundError(f"unknown model {name!r}", hint)
    return registered[name]


def _versions_of(project: Project, name: str, known: Mapping[str, int]) -> list[VersionRecord]:
    if "'" in name:
        raise InputError(f"a model's name must not hold a quote: {name}")
    tracking = client(project)
    found: list[Any] = []
    token = None
    with store_errors(project):
        while True:
            page = tracking.search_model_versions(
                f"name = '{name}'", max_results=_PAGE, page_token=token
            )
            found.extend(page)
            token = page.token
            if not token:
                break
    return sorted((_record(v, known) for v in found), key=lambda record: -record.version)


def _record(version: Any, known: Mapping[str, int]) -> VersionRecord:
    number = int(version.version)
    return VersionRecord(
        name=version.name,
        version=number,
        run_id=version.run_id or "",
        source=version.tags.get(MODEL_TAG) or version.source or "",
        created=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
        aliases=tuple(sorted(alias for alias, at in known.items() if at == number)),
        tags=dict(version.tags),
    )
