"""Model versions: what is registered, and which one a reference means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import escape
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError, did_you_mean
from mlops_nb.store import versions as store

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"
EVALUATED = "evaluated"
"""The fact that says when a version's gates answered first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """One version of a registered model.

    Parameters
    ----------
    name : str
        The model.
    version : int
        Its number, from 1.
    aliases : tuple of str
        ``champion``, ``challenger``, ``previous`` or others that stand for it.
    run_id : str
        MLflow's id of the run it came from.
    source : str
        URI of the logged model.
    created : datetime
        In UTC.
    status : str
        ``registered``, or what the gates said last: ``passed``, ``warned``, ``failed``.
    metrics : dict
        Metric → value on the hold-out it was registered with.
    tags : dict
        Every tag, ours under ``mlops.``.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    run_id: str
    source: str
    created: datetime
    status: str = "registered"
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def label(self) -> str:
        """``name/3``: what names this version for good, whatever the aliases do."""
        return f"{self.name}/{self.version}"

    def __str__(self) -> str:
        names = "".join(f" @{alias}" for alias in self.aliases)
        figures = ", ".join(f"{name} {value:.4g}" for name, value in self.metrics.items())
        return f"{self.label}{names}: {self.status}" + (f"; {figures}" if figures else "")

    def _repr_html_(self) -> str:
        names = "".join(f" @{alias}" for alias in self.aliases)
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(name)}</td><td>{value:.4g}</td></tr>"
            for name, value in self.metrics.items()
        )
        head = f"<b>{escape(self.label)}</b>{escape(names)} · {escape(self.status)}"
        return f"<div>{head}<table>{rows}</table></div>"

    def to_dict(self) -> dict[str, Any]:
        """Return the version as JSON-serialisable values."""
        return {
            "name": self.name,
            "version": self.version,
            "aliases": list(self.aliases),
            "status": self.status,
            "run_id": self.run_id,
            "created": self.created.isoformat(),
            "metrics": self.metrics,
            "tags": self.tags,
        }


def list_versions(project: Project, name: str | None = None) -> list[ModelVersion]:
    """Return the versions of one model or of all, by name, the newest first.

    Raises
    ------
    NotFoundError
        There is no model of that name.
    StoreError
        The store cannot be reached.
    """
    return [_version(record) for record in store.list_versions(project, name)]


def resolve(project: Project, reference: str) -> ModelVersion:
    """Return the version that a reference means.

    Parameters
    ----------
    project : Project
        Whose registry.
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion.

    Raises
    ------
    NotFoundError
        There is no such model, alias or version.
    InputError
        The reference cannot be read.
    """
    name, alias, number = parse(reference)
    if number is not None:
        return _version(store.get_version(project, name, number))
    known = store.aliases(project, name)
    if alias in known:
        return _version(store.get_version(project, name, known[alias]))
    if alias == CHAMPION:
        hint = f"mlops model promote {name}@{CHALLENGER}" if CHALLENGER in known else ""
        raise NotFoundError(f"model {name!r} has no champion yet", hint)
    hint = did_you_mean(alias, known) or f"it has no alias; mlops model list {name}"
    raise NotFoundError(f"model {name!r} has no alias {alias!r}", hint)


def means_champion(reference: str) -> bool:
    """Tell whether a reference means whichever version is champion."""
    _, alias, number = parse(reference)
    return number is None and alias == CHAMPION


def tags_of(facts: Mapping[str, object]) -> dict[str, str]:
    """Return the tags under which a version carries facts, JSON-serialisable ones."""
    return {f"mlops.{key}": json.dumps(value) for key, value in facts.items()}


def fact(version: ModelVersion, key: str) -> Any:
    """Return what :func:`tags_of` stored under a key, None when it is not there."""
    text = version.tags.get(f"mlops.{key}")
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def parse(reference: str) -> tuple[str, str, int | None]:
    """Return a reference's name, its alias (that of the champion by default) and its number.

    Raises
    ------
    InputError
        It cannot be read.
    """
    name, at, alias = reference.partition("@")
    name, slash, number = name.partition("/")
    if not name or (at and not alias) or (at and slash) or (slash and not number.isdigit()):
        raise InputError(
            f"cannot read the model reference {reference!r}",
            "write name, name@alias or name/3",
        )
    return name, alias or CHAMPION, int(number) if slash else None


def _version(record: store.VersionRecord) -> ModelVersion:
    version = ModelVersion(
        name=record.name,
        version=record.version,
        aliases=record.aliases,
        run_id=record.run_id,
        source=record.source,
        created=record.created,
        status=record.tags.get("mlops.status", "registered"),
        tags=record.tags,
    )
    metrics = fact(version, "metrics")
    return replace(version, metrics=metrics) if isinstance(metrics, dict) else version
