"""Runs as a folder that can be carried elsewhere, and back into a store.

``runs.json`` lists them; each run has a folder with ``run.json`` (parameters, tags, every point of
every metric), ``artifacts/`` and, where it kept models, ``models/<name>/`` as MLflow writes them.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError
from mlops_nb.tracking.batch import MODEL_TAG

if TYPE_CHECKING:
    from mlops_nb.store.runs import RunRecord

INDEX = "runs.json"
_SCHEMA = 1


def export_runs(project: Project, references: Sequence[str], folder: Path) -> list[str]:
    """Write runs into a folder and return the names of their folders.

    Parameters
    ----------
    project : Project
        Whose runs.
    references : sequence of str
        Ids, beginnings of ids, or names.
    folder : Path
        Made when it is missing; a run that is there already is written anew.

    Raises
    ------
    InputError
        The folder holds something else.
    NotFoundError
        A run does not exist; nothing is written.
    """
    from mlops_nb.store.runs import get_run
    from mlops_nb.tracking.sync import sync

    if folder.exists() and any(folder.iterdir()) and not (folder / INDEX).is_file():
        raise InputError(f"{folder} is not empty and holds no exported runs", "name a new folder")
    sync(project)
    records = [get_run(project, reference) for reference in references]
    index = _read_json(folder / INDEX)["runs"] if (folder / INDEX).is_file() else {}
    for record in records:
        safe = re.sub(r"[^\w.-]+", "-", record.name)
        name = f"{safe}-{(record.uid or record.run_id)[:8]}"
        _export(project, record, folder, name)
        index[name] = {"name": record.name, "uid": record.uid, "run_id": record.run_id}
    _write_json(folder / INDEX, {"schema": _SCHEMA, "runs": index})
    return [name for name in index if index[name]["run_id"] in {r.run_id for r in records}]


def _export(project: Project, record: RunRecord, folder: Path, name: str) -> None:
    """Write one run aside and put it into its place when it is complete."""
    from mlops_nb.store.history import metric_history
    from mlops_nb.store.models import download_model
    from mlops_nb.store.runs import artifacts, download

    aside, target = folder / f".{name}.part", folder / name
    shutil.rmtree(aside, ignore_errors=True)
    (aside / "artifacts").mkdir(parents=True)
    points = {
        key: [[s, str(v) if not math.isfinite(v) else v, at] for s, v, at in
              metric_history(project, record.run_id, key)]
        for key in record.metrics
    }  # fmt: skip
    content = {
        "schema": _SCHEMA,
        "uid": record.uid,
        "run_id": record.run_id,
        "name": record.name,
        "status": record.status,
        "started_ms": int(record.started.timestamp() * 1000),
        "ended_ms": int(record.ended.timestamp() * 1000) if record.ended else None,
        "params": record.params,
        "tags": record.tags,
        "metrics": points,
    }
    _write_json(aside / "run.json", content)
    for path in artifacts(project, record.run_id):
        place = aside / "artifacts" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(download(project, record.run_id, path), place)
    for key, value in record.tags.items():
        if key.startswith(f"{MODEL_TAG}."):
            model = download_model(project, value.partition(" ")[0])
            shutil.copytree(model, aside / "models" / key.removeprefix(f"{MODEL_TAG}."))
    shutil.rmtree(target, ignore_errors=True)
    aside.rename(target)


def import_runs(project: Project, folder: Path) -> tuple[list[str], list[str]]:
    """Bring exported runs into the project's store.

    Parameters
    ----------
    project : Project
        Into whose store; its experiment takes the runs.
    folder : Path
        What :func:`export_runs` wrote.

    Returns
    -------
    tuple of list of str
        Names of the runs brought in, and of those that were there already.

    Raises
    ------
    InputError
        The folder holds no exported runs, or of a later schema.
    """
    from mlops_nb.store.runs import find_uid

    if not (folder / INDEX).is_file():
        raise InputError(f"{folder} holds no exported runs", f"there is no {INDEX} in it")
    made, known = [], []
    for name in _read_json(folder / INDEX)["runs"]:
        _check_own(folder, name)
        content = _read_json(folder / name / "run.json")
        uid = content["uid"] or content["run_id"]
        if find_uid(project, uid) is not None:
            known.append(name)
            continue
        _import(project, folder / name, content, uid)
        made.append(name)
    return made, known


def _check_own(folder: Path, name: str) -> None:
    """Refuse a run, or a file of one, that lies outside of the folder that is imported."""
    place, own = folder / name, folder.resolve()
    for path in (place, *place.rglob("*")):
        if not path.resolve().is_relative_to(own) or place.resolve() == own:
            raise InputError(
                f"{folder / INDEX} leads out of its folder, to {path}", "do not trust it"
            )


def _import(project: Project, folder: Path, content: dict[str, Any], uid: str) -> None:
    from mlops_nb.store import runs
    from mlops_nb.store.models import log_model

    own = {"mlflow.parentRunId", runs.UID_TAG}
    tags = {k: v for k, v in content["tags"].items() if k not in own}
    run_id = runs.create(
        project, uid=uid, name=content["name"], started_ms=content["started_ms"], tags=tags
    )
    try:
        points = [
            (key, float(value), at, step)
            for key, found in content["metrics"].items()
            for step, value, at in found
        ]
        runs.write(project, run_id, metrics=points, params=content["params"])
        runs.upload(project, run_id, folder / "artifacts", "")
        for file in sorted(folder.glob("models/*/model.*")):
            name = file.parent.name
            uri = log_model(project, run_id, file, name=name)
            digest = tags.get(f"{MODEL_TAG}.{name}", "").partition(" ")[2]
            runs.write(project, run_id, tags={f"{MODEL_TAG}.{name}": f"{uri} {digest}"})
    except BaseException:
        from mlops_nb.store.lifecycle import delete

        runs.write(project, run_id, tags={runs.UID_TAG: f"{uid}-incomplete"})
        delete(project, run_id)
        raise
    ended = content["ended_ms"] or content["started_ms"]
    runs.finish(project, run_id, status=content["status"], ended_ms=ended)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"{path} is missing", "the exported folder is not complete") from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    if content.get("schema") != _SCHEMA:
        raise InputError(f"{path} is of another schema than {_SCHEMA}", "update mlops-nb")
    return content


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
