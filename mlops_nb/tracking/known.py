"""Names of runs and metrics, kept beside the journal: completing a word must never ask a store."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlops_nb.config import Project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlops_nb.store.runs import RunRecord

RUNS_KEPT = 200


class Known(msgspec.Struct):
    """The names of the project's newest runs, and of the metrics and parameters they have."""

    runs: list[str] = []
    metrics: list[str] = []
    params: list[str] = []


def known(project: Project) -> Known:
    """Return the names as they were when runs were last listed or brought over."""
    try:
        return msgspec.json.decode(_path(project).read_bytes(), type=Known)
    except (OSError, msgspec.DecodeError):
        return Known()


def remember(project: Project, records: Iterable[RunRecord]) -> None:
    """Keep the names of some runs, the newest first; those known before come after them."""
    before = known(project)
    listed = list(records)
    now = Known(
        runs=_newest([run.name for run in listed], before.runs),
        metrics=_newest([key for run in listed for key in run.metrics], before.metrics),
        params=_newest([key for run in listed for key in run.params], before.params),
    )
    if now == before:
        return
    path = _path(project)
    aside = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # a convenience, which must not keep runs from being shown
        aside.write_bytes(msgspec.json.encode(now))
        aside.replace(path)


def _newest(names: list[str], before: list[str]) -> list[str]:
    return list(dict.fromkeys([*names, *before]))[:RUNS_KEPT]


def _path(project: Project) -> Path:
    return project.home / "known.json"
