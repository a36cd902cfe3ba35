"""What a drill breaks, in a sandbox: one function a fault, named in a playbook's front matter."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.monitoring.prediction_files import LABELLED, LOGGED
from mlops_nb.monitoring.predictions import VERSION, PredictionsLog
from mlops_nb.registry import evidence, succession
from mlops_nb.registry.scoring import load_model
from mlops_nb.registry.versions import CHAMPION, ModelVersion, fact, resolve
from mlops_nb.store import artifacts, versions

if TYPE_CHECKING:
    import pandas as pd

_SHIFT = 3.0
"""Standard deviations by which shifted columns move."""
_SLOWER = 1e6
_KEPT = 20
"""One row in so many is left of a volume that drops."""
_OURS = {"prediction_id", "prediction", "timestamp", "latency_ms", LOGGED, LABELLED, VERSION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a fault happens.

    Parameters
    ----------
    project : Project
        The sandbox.
    version : ModelVersion
        The champion.
    log : PredictionsLog
        Its predictions.
    days : frozenset of date
        The window that is looked at.
    notebook : Path
        The notebook of the job that the playbook runs again.
    """

    project: Project
    version: ModelVersion
    log: PredictionsLog
    days: frozenset[date]
    notebook: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to break things.

    Parameters
    ----------
    says : str
        What is broken, in words.
    happens : callable
        Breaks it.
    seen_by : {"monitor", "job"}
        What should see it: the monitor of the model, or the job that the playbook runs again.
    over : {"resolved", "rolled back", "retrained"}
        What the repair must reach: the alert is resolved once the cause is gone; the champion
        before is back; or there is a new version.
    """

    says: str
    happens: Callable[[Scene], None]
    seen_by: Literal["monitor", "job"] = "monitor"
    over: Literal["resolved", "rolled back", "retrained"] = "resolved"


def shift(scene: Scene) -> None:
    """Move every numeric feature of the window, and let the champion answer the moved rows."""
    champion = load_model(scene.version.label, scene.project)

    def moved(rows: pd.DataFrame) -> pd.DataFrame:
        for name in champion.features:
            if name in rows and rows[name].dtype.kind in "if":
                spread = float(rows[name].std()) or 1.0
                rows[name] = rows[name].astype(float) + _SHIFT * spread
        scores = champion.score(rows)
        return rows.assign(**{name: scores[name] for name in scores.columns if name in rows})

    _rewrite(scene, moved)


def unlabel(scene: Scene) -> None:
    """Take every label away, as when the delivery or the join has stopped."""
    files = list(scene.log.labels.glob("[!.]*.parquet"))
    label = fact(scene.version, "label")
    if not files:
        raise InputError(f"no label of {scene.log.model} has ever come: nothing can be late")
    for path in files:
        _replace(path, lambda rows: rows.head(0))
    if label:
        _rewrite(scene, lambda rows: rows.drop(columns=[label], errors="ignore"))


def silence(scene: Scene) -> None:
    """Take the latest predictions away: those of the window's days."""
    for path in _folders(scene):
        shutil.rmtree(path.parent)


def thin(scene: Scene) -> None:
    """Leave one row in twenty of the window."""
    _rewrite(scene, lambda rows: rows.iloc[::_KEPT])


def slow(scene: Scene) -> None:
    """Let every answer of the window have taken very long."""
    _rewrite(scene, lambda rows: rows.assign(latency_ms=_latency(rows) * _SLOWER))


def wrong(scene: Scene) -> None:
    """Let the answers of the window say the opposite."""
    _rewrite(scene, _opposite)


def unfair(scene: Scene) -> None:
    """Let the answers about the smallest of the groups say the opposite."""
    groups = evidence.read_json(scene.project, scene.version, evidence.METRICS).get("groups", [])
    if not groups:
        raise InputError(
            f"{scene.version.label} was registered without groups: no group can be treated worse",
            'register_model(…, groups=["region"])',
        )
    column = groups[0]["column"]
    smallest = min((g for g in groups if g["column"] == column), key=lambda g: g["rows"])["level"]

    def against(rows: pd.DataFrame) -> pd.DataFrame:
        if column not in rows:
            raise InputError(f"the predictions log holds no column {column!r}", "log it as well")
        of_group = rows[column].astype(str) == str(smallest)
        rows.loc[of_group] = _opposite(rows[of_group].copy())
        return rows

    _rewrite(scene, against)


def deploy_badly(scene: Scene) -> None:
    """Let the window's answers be wrong, and the champion a version that has just been promoted."""
    if succession.standing(scene.project, scene.log.model).previous is None:
        _promote_a_copy(scene)
    wrong(scene)


def fail(scene: Scene) -> None:
    """Let the notebook end with an error in its first cell."""
    book = json.loads(scene.notebook.read_text(encoding="utf-8"))
    failing: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": 'raise RuntimeError("a drill: this notebook fails on purpose")',
    }
    if (book["nbformat"], book["nbformat_minor"]) >= (4, 5):
        failing["id"] = "drill"
    book["cells"].insert(0, failing)
    scene.notebook.write_text(json.dumps(book), encoding="utf-8")


FAULTS: Mapping[str, Fault] = {
    "shifted-data": Fault(
        says=f"numeric features moved by {_SHIFT:g} standard deviations",
        happens=shift,
        over="retrained",
    ),
    "missing-labels": Fault(says="all labels are gone", happens=unlabel),
    "stale-data": Fault(says="no predictions for the window", happens=silence),
    "volume-drop": Fault(says=f"one row in {_KEPT} is left", happens=thin),
    "slow-scoring": Fault(says="answers take a million times as long", happens=slow),
    "unfair-answers": Fault(says="wrong answers for the smallest group", happens=unfair),
    "wrong-answers": Fault(says="wrong answers for everybody", happens=wrong),
    "failing-notebook": Fault(
        says="the notebook fails in its first cell", happens=fail, seen_by="job"
    ),
    "bad-champion": Fault(
        says="a version just promoted answers wrongly", happens=deploy_badly, over="rolled back"
    ),
}


def _opposite(rows: pd.DataFrame) -> pd.DataFrame:
    """Turn answers round: the other class, the other end of the score, far from the number."""
    import pandas as pd

    for name in [n for n in rows if str(n) == "score"]:
        rows[name] = 1.0 - rows[name]
    said = rows["prediction"]
    classes = said.value_counts().index
    if len(classes) > _FEW_CLASSES and pd.api.types.is_numeric_dtype(said):
        return rows.assign(prediction=said.astype(float) + _SHIFT * (float(said.std()) or 1.0))
    turned = dict(zip(classes, [*classes[1:], *classes[:1]], strict=True))
    return rows.assign(prediction=said.map(turned).astype(said.dtype))


_FEW_CLASSES = 20


def _latency(rows: pd.DataFrame) -> pd.Series[float]:
    import pandas as pd

    known = rows["latency_ms"] if "latency_ms" in rows else pd.Series(1.0, rows.index)
    return known.astype(float).clip(lower=0.001)


def _folders(scene: Scene) -> list[Path]:
    return [
        folder
        for day in sorted(scene.days)
        for folder in scene.log.predictions.glob(f"date={day}/{VERSION}=*")
    ]


def _rewrite(scene: Scene, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    for folder in _folders(scene):
        for path in folder.glob("[!.]*.parquet"):
            _replace(path, change)


def _replace(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    import pandas as pd

    changed = change(pd.read_parquet(path, partitioning=None))
    changed.to_parquet(path, index=False)


def _promote_a_copy(scene: Scene) -> None:
    """Let a second version, the same model with the same evidence, take the champion's place."""
    project, version, name = scene.project, scene.version, scene.version.name
    made = versions.create_version(
        project, name, source=version.source, run_id=version.run_id, tags=version.tags
    )
    copied = resolve(project, f"{name}/{made.version}")
    for path in artifacts.artifacts(project, version.run_id, evidence.folder(version)):
        content = artifacts.download(project, version.run_id, path).read_bytes()
        evidence.write(project, copied, Path(path).name, content)
    succession.crown(
        project, name, copied.version, expected=version.version, details={"reason": "a drill"}
    )


def champion_of(project: Project, model: str) -> ModelVersion:
    """Return the version that is live."""
    return resolve(project, f"{model}@{CHAMPION}")


@contextmanager
def remembered(scene: Scene) -> Iterator[Callable[[], None]]:
    """Yield what puts the predictions, the labels and the notebook back as they were."""
    aside = scene.project.home / "before"
    places: Mapping[str, Path] = {
        "predictions": scene.log.predictions, "labels": scene.log.labels, "book": scene.notebook,
    }  # fmt: skip
    for name, place in places.items():
        if place.is_dir() and name != "book":
            shutil.copytree(place, aside / name)
        elif place.is_file():
            aside.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, aside / name)

    def restore() -> None:
        for name, place in places.items():
            if (aside / name).is_dir():
                shutil.rmtree(place, ignore_errors=True)
                shutil.copytree(aside / name, place)
            elif (aside / name).is_file():
                shutil.copyfile(aside / name, place)

    yield restore
