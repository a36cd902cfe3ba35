"""Assess the lifecycle: what happened to a project's models, and where they wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mlops_nb.actions.lifecycle_facts import Records, gather
from mlops_nb.config import Project
from mlops_nb.errors import NotFoundError, did_you_mean
from mlops_nb.lifecycle.overview import Overview, overview
from mlops_nb.lifecycle.text import told


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleMap:
    """What ``%mlops lifecycle`` answers: text, a page or values.

    Parameters
    ----------
    overview : Overview
        The lives of the models, the funnel and the bottleneck.
    """

    overview: Overview

    def __str__(self) -> str:
        return told(self.overview)

    def __repr__(self) -> str:
        return told(self.overview)

    def _repr_html_(self) -> str:
        from mlops_nb.actions.lifecycle_page import as_fragment

        return as_fragment(self.overview)

    def to_dict(self) -> dict[str, Any]:
        """Return the versioned JSON form, lengths in seconds."""
        return self.overview.to_dict()

    def report(self, path: Path | str) -> Path:
        """Write the map as one HTML page that needs no network, and return where it is.

        Raises
        ------
        InputError
            The file is no ``.html``, or cannot be written.
        """
        from mlops_nb.actions.lifecycle_page import write

        return write(self.overview, Path(path))


def lifecycle(
    project: Project, model: str | None = None, *, now: datetime | None = None
) -> LifecycleMap:
    """Draw what really happened to a project's models, from the first commit to the last alert.

    Parameters
    ----------
    project : Project
        The project; one that was never used is fine.
    model : str, optional
        Only this model.
    now : datetime, optional
        The moment that is looked from, aware; now by default.

    Raises
    ------
    NotFoundError
        There is no model of that name.
    StoreError
        The store or the state cannot be reached.
    """
    records = Records(project, now)
    names = {version.name for version in records.versions}
    if model is not None and model not in names:
        hint = did_you_mean(model, names) or "no model is registered yet"
        raise NotFoundError(f"there is no model {model!r}", hint)
    settings = project.config.lifecycle
    return LifecycleMap(
        overview=overview(
            gather(records, model),
            quiet=timedelta(days=settings.quiet_days),
            stale=timedelta(days=settings.stale_days),
        )
    )
