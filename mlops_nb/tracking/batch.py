"""Some lines of a journal, sorted by kind and written into the store."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.tracking import journal as lines
from mlops_nb.tracking.names import check_path

INFINITE_TAG = "mlops.infinite"
MODEL_TAG = "mlops.model"


@dataclass(kw_only=True)
class Batch:
    """Lines of one journal, in the order in which the store takes them.

    Parameters
    ----------
    points : list of (name, value, time in ms, step)
        Points of metrics.
    params, tags : dict
        The first value of a parameter counts, the last of a tag.
    artifacts : list of str
        Paths of staged files, each once.
    inputs : list of dict
        Facts of the tables that were used.
    models : list of Model
        Staged models.
    end : End, optional
        The run's end, when it is among the lines.
    """

    points: list[tuple[str, float, int, int]] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    artifacts: list[str] = field(default_factory=list)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    models: list[lines.Model] = field(default_factory=list)
    end: lines.End | None = None

    @classmethod
    def of(cls, entries: Iterable[lines.Entry]) -> Batch:
        """Sort lines by kind."""
        batch = cls()
        for entry in entries:
            batch._add(entry)
        batch.artifacts = list(dict.fromkeys(batch.artifacts))
        return batch

    def _add(self, entry: lines.Entry) -> None:
        match entry:
            case lines.Metric():
                self._add_point(entry)
            case lines.Param():
                self.params.setdefault(entry.key, entry.value)
            case lines.Tag():
                self.tags[entry.key] = entry.value
            case lines.Artifact():
                self.artifacts.append(entry.path)
            case lines.Input():
                self.inputs.append(json.loads(entry.facts))
            case lines.Model():
                self.models.append(entry)
            case lines.End():
                self.end = entry

    def _add_point(self, entry: lines.Metric) -> None:
        value = float(entry.value)
        if math.isinf(value):
            # The store would keep 1.8e308, which is a lie and ruins every chart.
            self.tags.setdefault(INFINITE_TAG, f"{entry.key} = {value} at step {entry.step}")
            value = math.nan
        self.points.append((entry.key, value, entry.at, entry.step))

    def write(self, project: Project, run_id: str, staging: Path, warnings: list[str]) -> None:
        """Write everything but the end; what the store refuses is named in `warnings`."""
        from mlops_nb.store import runs

        try:
            runs.write(project, run_id, metrics=self.points, params=self.params, tags=self.tags)
        except InputError:
            self._write_singly(project, run_id, warnings)
        if self.inputs:
            runs.log_inputs(project, run_id, self.inputs)
        for path in self.artifacts:
            staged = _staged(staging, path)
            if staged is None:
                warnings.append(f"{staging.name}: {path!r} is no file of this run, and is left out")
            elif staged.exists():
                runs.upload(project, run_id, staged, path)
            else:
                warnings.append(f"{staging.name}: artifact {path!r} is gone")
        for model in self.models:
            _write_model(project, run_id, staging, model, warnings)

    def _write_singly(self, project: Project, run_id: str, warnings: list[str]) -> None:
        """Write what can be written when the store refuses something in the batch."""
        from mlops_nb.store import runs

        write = partial(runs.write, project, run_id)
        attempts = [
            partial(write, metrics=self.points),
            *(partial(write, params={key: value}) for key, value in self.params.items()),
            *(partial(write, tags={key: value}) for key, value in self.tags.items()),
        ]
        for attempt in attempts:
            try:
                attempt()
            except InputError as error:
                warnings.append(f"run {run_id}: {error.message}")


def _write_model(
    project: Project, run_id: str, staging: Path, model: lines.Model, warnings: list[str]
) -> None:
    """Store a staged model once: its digest stands in a tag of the run."""
    from mlops_nb.store import runs
    from mlops_nb.store.models import log_model

    file, rows = _staged(staging, model.file), _staged(staging, model.example or model.file)
    if file is None or rows is None:
        warnings.append(f"{staging.name}: model {model.name!r} is no file of this run")
        return
    if not file.is_file():
        warnings.append(f"{staging.name}: model {model.name!r} is gone")
        return
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    tag = f"{MODEL_TAG}.{model.name}"
    if digest in runs.get_run(project, run_id).tags.get(tag, ""):
        return
    example = None
    if model.example:
        import pandas as pd

        example = pd.read_parquet(rows)
    try:
        uri = log_model(project, run_id, file, name=model.name, input_example=example)
    except InputError as error:
        warnings.append(f"{staging.name}: model {model.name!r}: {error.message}")
        return
    runs.write(project, run_id, tags={tag: f"{uri} sha256:{digest}"})


def _staged(staging: Path, path: str) -> Path | None:
    """Return the staged file or folder that a line names, None when it leads elsewhere.

    Whoever can write a journal shall not have its reader's files brought into the store.
    """
    try:
        found = staging / check_path(path)
    except InputError:
        return None
    led = [found, *(found.rglob("*") if found.is_dir() else ())]
    own = staging.resolve()
    return found if all(one.resolve().is_relative_to(own) for one in led) else None
