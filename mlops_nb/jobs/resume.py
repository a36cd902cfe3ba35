"""What a resumed attempt need not run again: cells whose results are checkpoints or not needed."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlops_nb.config import Project
from mlops_nb.dataflow import CellFacts, facts
from mlops_nb.errors import InputError
from mlops_nb.jobs.attempt import OUTPUT, RECORD, relative
from mlops_nb.jobs.checkpoint import FOLDER, stored
from mlops_nb.jobs.parameters import TAG
from mlops_nb.jobs.provenance import fingerprint, hashed_inputs
from mlops_nb.jobs.spec import JobSpec
from mlops_nb.jobs.values import Text, shown
from mlops_nb.notebook import Cell, Notebook, python_source, read_notebook

INSERTED = ("injected-parameters", "restored-checkpoints")
_FREE = ("attempt", "logical_time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to go on.

    Parameters
    ----------
    skipped : mapping of int to list
        Cells that are not run, by their place in the notebook → the outputs they had.
    restored : mapping of int to mapping
        After which cell → variable → the file that holds its checkpoint.
    folder : Path, optional
        The earlier attempt's.
    """

    skipped: Mapping[int, list[Any]] = field(default_factory=dict)
    restored: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    folder: Path | None = None


FROM_SCRATCH = Plan()


def plan(project: Project, spec: JobSpec, folder: Path) -> Plan:
    """Return what an attempt can leave out, given what an earlier one has done.

    A cell is left out when it and all before it are as they were and had completed, and when
    what the rest needs of it is a checkpoint. Imports, definitions and cells with magics run.

    Parameters
    ----------
    project : Project
        The project.
    spec : JobSpec
        What is about to run.
    folder : Path
        The earlier attempt's.

    Raises
    ------
    InputError
        The earlier attempt cannot be read, or its values, inputs or packages were others: what
        it kept would not be what this one computes.
    """
    before = _record(folder)
    inputs, values = hashed_inputs(project, spec), shown(dict(spec.parameters))
    book = relative(project, spec.notebook)
    for what, old, new in (
        ("its parameters", _bound(before["parameters"]), _bound(values)),
        ("its input files", _files(before["inputs"], book), _files(inputs, book)),
        ("the packages", before["environment"].get("digest"), fingerprint()["digest"]),
    ):
        if old != new:
            raise InputError(
                f"attempt {before['attempt']} cannot be resumed: {what} are not what they were",
                f"mlops job run {before['job']}, without --resume",
            )
    then, now = _code(read_notebook(folder / OUTPUT)), read_notebook(spec.notebook).code_cells
    kept = {name: str(folder / FOLDER / f"{name}.pkl") for name in stored(folder / FOLDER)}
    return replace(_leave_out(now, then, _unchanged(then, now), kept), folder=folder)


def recorded_values(folder: Path) -> dict[str, Any]:
    """Return the values that an attempt ran with and that a new one takes over.

    Parameters
    ----------
    folder : Path
        The attempt's.

    Raises
    ------
    InputError
        It left no record.
    """
    values = _bound(_record(folder)["parameters"])
    # nan and the infinities stand as text in the record; a secret stands as where it comes from.
    return {
        key: Text(value) if value in ("nan", "inf", "-inf") else value
        for key, value in values.items()
        if not (isinstance(value, str) and value.startswith("env:"))
    }


def _record(folder: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if not (folder / OUTPUT).is_file() or "inputs" not in record:
            raise FileNotFoundError(OUTPUT)
    except (OSError, ValueError) as error:
        raise InputError(f"the attempt in {folder} left nothing to resume from: {error}") from error
    return record


def _bound(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if key not in _FREE}


def _files(inputs: Mapping[str, str], notebook: str) -> dict[str, str]:
    return {path: digest for path, digest in inputs.items() if path != notebook}


def _code(book: Notebook) -> list[Cell]:
    return [cell for cell in book.code_cells if not set(cell.tags) & set(INSERTED)]


def _unchanged(then: Sequence[Cell], now: Sequence[Cell]) -> int:
    """Return how many code cells at the beginning are the same and had completed."""
    count = 0
    for old, new in zip(then, now, strict=False):
        state = old.metadata.get("papermill", {}).get("status")
        # What an attempt that was resumed itself has left out, had completed before.
        if old.source != new.source or state not in ("completed", "skipped"):
            break
        count += 1
    return count


def _leave_out(
    now: Sequence[Cell], then: Sequence[Cell], prefix: int, files: Mapping[str, str]
) -> Plan:
    known = [_facts(cell) for cell in now]
    kept = _kept(now[:prefix], files)
    needed: set[str] = set()
    for found in known[prefix:]:
        # A cell that cannot be read may need anything: then nothing is left out.
        if found is None:
            return Plan()
        needed |= _reads(found)
    skipped: dict[int, list[Any]] = {}
    restored: dict[int, dict[str, str]] = {}
    for position in range(prefix - 1, -1, -1):
        cell, found = now[position], known[position]
        touched = needed & (found.defines | found.mutates) if found else set()
        if found is not None and all(kept.get(name, -1) >= position for name in touched):
            for name in touched:
                restored.setdefault(now[kept[name]].index, {})[name] = files[name]
            needed -= touched
            if not _must_run(cell, found):
                skipped[cell.index] = [dict(output) for output in then[position].outputs]
                continue
        if found is None:
            return Plan()
        needed = (needed - found.binds) | _reads(found) | (found.mutates & needed)
    return Plan(skipped=skipped, restored=restored)


def _facts(cell: Cell) -> CellFacts | None:
    try:
        return facts(ast.parse(python_source(cell)))
    except SyntaxError:
        return None


def _reads(found: CellFacts) -> set[str]:
    """Return what a cell may read, the functions that it defines included."""
    return {*found.uses, *(name for names in found.deferred.values() for name in names)}


def _must_run(cell: Cell, found: CellFacts) -> bool:
    """Whether a cell does what later cells need without a name: magics, seeds, star imports."""
    magic = python_source(cell).strip() != cell.source.strip()
    return magic or found.seeds or bool(found.stars) or TAG in cell.tags


def _kept(cells: Sequence[Cell], files: Mapping[str, str]) -> dict[str, int]:
    """Return the position of the last cell that keeps each checkpoint."""
    kept: dict[str, int] = {}
    for position, cell in enumerate(cells):
        try:
            tree = ast.parse(python_source(cell))
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="checkpoint") | ast.Name(id="checkpoint"),
                    args=[ast.Constant(value=str(name)), _, *_],
                ) if name in files:
                    kept[name] = position
    return kept
