"""Handover: one folder with a model version and all it takes to run it."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mlops_nb import environment
from mlops_nb.actions.reference import load_contract
from mlops_nb.actions.service import objectives, playbook
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError
from mlops_nb.registry import card as cards
from mlops_nb.registry import evidence, handover, slo
from mlops_nb.registry.scoring import ScoringModel, load_model, model_path
from mlops_nb.registry.versions import ModelVersion
from mlops_nb.registry.wheel import DISTRIBUTION, write_wheel
from mlops_nb.store import models
from mlops_nb.tracking.locked import hashed_lock

if TYPE_CHECKING:
    import pandas as pd

SMOKE_ROWS = 50
_SEALED = ("model", "wheels", "smoke", "requirements.lock", handover.MANIFEST, "smoke.py")
_NEEDED = {
    "ibis-framework", "ipykernel", "nbformat", "pandas", "papermill", "pyarrow", "scikit-learn",
    "skops", "sqlalchemy",
}  # fmt: skip
"""Of the extra ``notebook``, what scoring a table in a notebook takes."""
_REGISTRY_CELLS = {"about-reasons", "reasons", "about-shadow", "shadow"}
"""Of the scoring notebook, what asks a registry: there is none where a folder is handed to."""
_REGISTRY_LINES = ("reasons = ", "shadow = ", "from mlops_nb.errors import MlopsError")
_SMOKE = '''"""Does the model still say what it said when it was handed over?"""

import sys

from mlops_nb.actions.smoke import main

sys.exit(main(allow_pickle={allow_pickle}))
'''


def hand_over(
    reference: str,
    output: Path | str,
    *,
    rows: int = SMOKE_ROWS,
    allow_pickle: bool = False,
    project: Project | None = None,
) -> Path:
    """Write a folder, or a zip of it, that an engineer can run with nothing else.

    Parameters
    ----------
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion.
    output : path
        The folder, which must not be there yet; or a file that ends with ``.zip``.
    rows : int, default=50
        Rows of the hold-out that the smoke test scores, at least 1; they leave with the folder.
    allow_pickle : bool, default=False
        Also hand over a version that was registered as a pickle.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    InputError
        The output is there already, or a package of the lock cannot be had.
    NotFoundError
        There is no such version, or it has no evidence.
    """
    project, target = project or load_project(), Path(output).absolute()
    if rows < 1:
        raise InputError(f"a smoke test of {rows} rows says nothing", "--rows 50")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} is there already", "choose another -o, or move it away")
    model = load_model(reference, project, allow_pickle=allow_pickle)
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        folder = aside / model.version.name if target.suffix == ".zip" else aside
        folder.mkdir(parents=True)
        _fill(project, model, folder, rows)
        return _publish(folder, aside, target)
    except OSError as error:
        raise InputError(
            f"cannot write {target}: {error.strerror or error}", "choose another -o"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _publish(folder: Path, aside: Path, target: Path) -> Path:
    if target.suffix != ".zip":
        if target.is_dir():
            target.rmdir()
        return folder.rename(target)
    packed = aside / target.name
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(aside))
    return packed.replace(target)


def _fill(project: Project, model: ScoringModel, folder: Path, rows: int) -> None:
    version = model.version
    facts = evidence.read_json(project, version, cards.JSON)
    for name in (cards.JSON, cards.MARKDOWN, cards.HTML, evidence.REFERENCE_PROFILE):
        (folder / name).write_bytes(evidence.read(project, version, name))
    stored = model_path(models.download_model(project, version.source))
    _put(folder, f"model/{stored.name}", stored.read_bytes())
    manifest = handover.manifest_of(version, file=f"model/{stored.name}", facts=facts["model"])
    _put(folder, handover.MANIFEST, json.dumps(manifest, indent=2) + "\n")
    contract = load_contract(version.label, project)
    # The tables that it refers to stay here: what cannot be looked up there is not asked for.
    alone = msgspec.structs.replace(contract, references=[])
    _put(folder, handover.CONTRACT, alone.to_toml())
    _put(folder, handover.SLO, slo.to_toml(objectives(project, version, facts)))
    sample = _smoke_rows(project, version, model.features, rows)
    _put(folder, handover.INPUT, evidence.table_bytes(sample))
    _put(folder, handover.EXPECTED, evidence.table_bytes(model.score(sample)))
    pickled = stored.suffix == ".pkl"
    _put(folder, "smoke.py", _SMOKE.format(allow_pickle=pickled))
    _put(folder, "mlops.toml", f"experiment = {json.dumps(version.name)}\n")
    _put(folder, "score.ipynb", _score_notebook(version, pickled=pickled))
    write_wheel(folder / "wheels")
    packages, python = _packages(project, version)
    _put(folder, "requirements.lock", hashed_lock(_wanted(facts, packages), packages, python))
    said = _said(project, facts, version, python, len(sample))
    own = playbook(project, version)
    for name in ("Makefile", "README.md", *(() if own else ("PLAYBOOK.md",))):
        _put(folder, name, _template(name, said))
    if own:
        _put(folder, "PLAYBOOK.md", own)
    _put(folder, handover.SUMS, "".join(_sums(folder)))


def _put(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _smoke_rows(
    project: Project, version: ModelVersion, features: list[str], rows: int
) -> pd.DataFrame:
    """Return rows from all over the hold-out, features alone."""
    held = evidence.read_table(project, version, evidence.HOLDOUT)[features]
    return held.sample(min(rows, len(held)), random_state=0).reset_index(drop=True)


def _score_notebook(version: ModelVersion, *, pickled: bool) -> str:
    """Return the scoring notebook with this model's name and the smoke test's rows."""
    book = json.loads(_resource("notebooks/score.ipynb"))
    replaced = {
        'model_name = "model"': f"model_name = {json.dumps(version.name)}",
        'batch = "../data/batch.csv"': f"batch = {json.dumps(handover.INPUT)}",
        'target = "target"': 'target = ""',
    }
    if pickled:
        # Whoever asked for this handover allowed it by name.
        replaced['@champion")'] = '@champion", allow_pickle=True)'
    book["cells"] = [cell for cell in book["cells"] if cell["id"] not in _REGISTRY_CELLS]
    for cell in book["cells"]:
        text = "".join(line for line in cell["source"] if not line.startswith(_REGISTRY_LINES))
        for old, new in replaced.items():
            text = text.replace(old, new)
        cell["source"] = text.splitlines(keepends=True)
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


def _packages(project: Project, version: ModelVersion) -> tuple[Mapping[str, str], str]:
    """Return the packages that the version was trained with, else those that are here."""
    text = evidence.run_file(project, version, "mlops/environment.txt") or ""
    return (
        environment.packages_of(text) or environment.packages(),
        environment.python_of(text) or environment.python_version(),
    )


def _wanted(facts: Mapping[str, Any], packages: Mapping[str, str]) -> Iterator[str]:
    """Yield what scoring takes: the suite's own needs and the libraries that the model is of."""
    from packaging.requirements import Requirement

    for line in metadata.requires(DISTRIBUTION) or ():
        found = Requirement(line)
        marker, name = found.marker, environment.canonical(found.name)
        optional = marker is not None and "extra" in str(marker)
        asked = marker is None or marker.evaluate({"extra": "notebook"})
        if not optional or (name in _NEEDED and asked):
            found.marker = None
            yield str(found)
    used = {name.partition(".")[0] for name in facts["model"]["types"]}
    for name in packages:
        if environment.canonical(name).removesuffix("-cpu") in used & {"lightgbm", "xgboost"}:
            yield name


def _said(
    project: Project, facts: Mapping[str, Any], version: ModelVersion, python: str, rows: int
) -> dict[str, str]:
    gaps = list(facts["gaps"])
    kept = [reference.table for reference in load_contract(version.label, project).references]
    gaps += [f"keys are not looked up in {table}, which stayed in the project" for table in kept]
    pickled = facts["model"]["format"] == "pickle"
    return {
        "LABEL": version.label,
        "NAME": version.name,
        "TITLE": facts["title"],
        "VERSION": str(version.version),
        "PYTHON": python.rpartition(".")[0] or python,
        "SUITE": metadata.version(DISTRIBUTION),
        "ROWS": str(rows),
        "FORMAT": "a pickle: loading it runs the code inside"
        if pickled
        else "a skops file, which loads without running code",
        "FEATURES": ", ".join(f"`{name}`" for name in facts["model"]["features"]),
        "OWNER": facts.get("owner") or project.config.owner or "nobody was named",
        "LIMITS": facts.get("limits") or "none were stated",
        "GAPS": "\n".join(f"- {gap}" for gap in gaps) or "Nothing is known to be missing.",
    }


def _template(name: str, said: Mapping[str, str]) -> str:
    text = _resource(f"handover/{name}")
    for key, value in said.items():
        text = text.replace(f"@{key}@", value)
    return text


def _resource(name: str) -> str:
    return (resources.files("mlops_nb") / "templates" / name).read_text(encoding="utf-8")


def _sums(folder: Path) -> Iterator[str]:
    """Yield the lines of ``SHA256SUMS``: every file but those that people edit."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name.partition("/")[0] in _SEALED:
            yield f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n"
