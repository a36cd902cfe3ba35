"""A run while it lasts: what can be logged to it."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.tracking import journal as lines
from mlops_nb.tracking.hide import hide
from mlops_nb.tracking.names import (
    PARAM_LENGTH,
    TAG_LENGTH,
    check_key,
    check_path,
    flatten,
    number,
    text,
)

EXAMPLE_ROWS = 5


def now_ms() -> int:
    """Return the time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


class Run:
    """One run; made by :func:`mlops_nb.run`.

    Attributes
    ----------
    uid : str
        Our id of it, known at once and without a store.
    name : str
        Its name.
    status : str
        RUNNING, FINISHED, FAILED or KILLED.
    """

    def __init__(
        self,
        project: Project,
        name: str,
        *,
        tags: Mapping[str, str] | None = None,
        parent: Run | None = None,
    ) -> None:
        self.uid = uuid4().hex[:20]
        self.name = name or self.uid[:8]
        self.status = "RUNNING"
        self.project = project
        self.parent = parent
        self.enclosing: Run | None = None
        self.inputs: list[dict[str, Any]] = []
        self._steps: dict[str, int] = {}
        self._params: dict[str, str] = {}
        self._lock = threading.Lock()
        checked = {check_key(k): text(k, v, TAG_LENGTH) for k, v in (tags or {}).items()}
        start = lines.Start(
            uid=self.uid,
            name=self.name,
            at=now_ms(),
            parent=parent.uid if parent else "",
            tags=checked,
        )
        self._journal = lines.Journal(project.home, start)

    def __repr__(self) -> str:
        return f"Run(name={self.name!r}, uid={self.uid!r}, status={self.status!r})"

    @property
    def run_id(self) -> str:
        """MLflow's id of the run. Brings what is logged so far into the store first.

        Raises
        ------
        StoreError
            The store cannot be reached.
        """
        from mlops_nb.tracking.sync import push_run

        return push_run(self.project, self.uid)

    def log_metric(self, key: str, value: Any, step: int | None = None) -> None:
        """Log one point of a metric; without a step, the one after the metric's last.

        ``nan`` is kept. Infinity has no form in the store: the point becomes ``nan`` there and
        the tag ``mlops.infinite`` names the metric and the step.
        """
        stored = lines.as_stored(number(check_key(key), value))
        with self._lock:
            step = self._steps.get(key, -1) + 1 if step is None else int(step)
            self._steps[key] = step
        self._append(lines.Metric(key, stored, step, now_ms()))

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log a point of each metric; mappings inside become dotted names."""
        for name, value in metrics.items():
            for key, inner in flatten(name, value).items():
                self.log_metric(key, inner, step)

    def log_param(self, key: str, value: Any) -> None:
        """Log a parameter. Logging it again with the same value is fine, with another an error."""
        shown = text(check_key(key), value, PARAM_LENGTH)
        with self._lock:
            known = self._params.setdefault(key, shown)
        if known != shown:
            raise InputError(
                f"parameter {key!r} is {known!r} in this run and cannot become {shown!r}",
                "what changes during a run is a metric or a tag",
            )
        self._append(lines.Param(key, shown))

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log parameters; mappings inside become dotted names: ``model.depth``."""
        for name, value in params.items():
            for key, inner in flatten(name, value).items():
                self.log_param(key, inner)

    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag; the last value counts."""
        self._append(lines.Tag(check_key(key), text(key, value, TAG_LENGTH)))

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set several tags."""
        for key, value in tags.items():
            self.set_tag(key, value)

    def log_text(self, content: str, path: str) -> None:
        """Keep a text, without credentials, among the run's artifacts: ``notes/why.md``."""
        staged = self._stage(path)
        staged.write_text(hide(content, path), encoding="utf-8")
        self._append(lines.Artifact(path))

    def log_dict(self, content: Any, path: str) -> None:
        """Keep JSON-serialisable values as a JSON file."""
        self.log_text(json.dumps(content, indent=2, default=str), path)

    def log_artifact(self, local: str | Path, path: str = "") -> None:
        """Keep a copy of a file or folder, under its own name or as `path`."""
        source = Path(local)
        if not source.exists():
            raise InputError(f"no file or folder {str(source)!r} to log")
        target = path or source.resolve().name
        staged = self._stage(target)
        if source.is_dir():
            shutil.copytree(source, staged, dirs_exist_ok=True)
        else:
            shutil.copy2(source, staged)
        self._append(lines.Artifact(target))

    def log_figure(self, figure: Any, name: str = "figure") -> None:
        """Keep a figure: plotly as JSON and as a page of its own, matplotlib as PNG.

        `name` may carry a suffix, which is not needed: the figure's kind decides the files.
        """
        from mlops_nb.tracking.render import write_figure

        stem = check_path(name)
        for suffix in (".html", ".json", ".png"):
            stem = stem.removesuffix(suffix)
        for file in write_figure(figure, self._journal.staging / "figures", stem):
            self._append(lines.Artifact(file.relative_to(self._journal.staging).as_posix()))

    def log_image(self, content: bytes, name: str) -> None:
        """Keep a PNG among the figures."""
        path = f"figures/{name.removesuffix('.png')}.png"
        self._stage(path).write_bytes(content)
        self._append(lines.Artifact(path))

    def log_table(self, table: Any, name: str) -> None:
        """Keep a table as a file; its suffix ``.csv``, ``.parquet`` or ``.json`` says how."""
        from mlops_nb.tracking.render import write_table

        write_table(table, self._stage(name))
        self._append(lines.Artifact(name))

    def log_input(self, table: Any, name: str, source: str = "") -> None:
        """Keep what an input table was: source, schema, rows and a hash of all its content."""
        from mlops_nb.tracking.data import describe

        facts = describe(table, check_key(name), source=source)
        with self._lock:
            self.inputs.append(facts)
            content = {"schema": 1, "inputs": list(self.inputs)}
        self.log_dict(content, "mlops/data.json")

    def log_model(
        self,
        estimator: object,
        name: str = "model",
        input_example: Any = None,
        *,
        allow_pickle: bool = False,
    ) -> None:
        """Keep a fitted model; it becomes the MLflow logged model of that name.

        Parameters
        ----------
        estimator : object
            A fitted scikit-learn, LightGBM or XGBoost estimator or pipeline.
        name : str
            Its name within the run.
        input_example : DataFrame, optional
            Some rows as the model takes them; the first ones are kept and give the signature.
        allow_pickle : bool
            Keep a type that cannot be stored safely as a pickle, marked as one.

        Raises
        ------
        MlopsError
            The model holds types that cannot be stored safely, with their names.
        """
        from mlops_nb import modelfile

        check_key(name)
        saved = modelfile.save(
            estimator, self._stage(f"models/{name}/model"), allow_pickle=allow_pickle
        )
        example = ""
        if input_example is not None:
            example = f"models/{name}/input_example.parquet"
            input_example.head(EXAMPLE_ROWS).to_parquet(self._stage(example))
        file = saved.path.relative_to(self._journal.staging).as_posix()
        self._append(lines.Model(name=name, file=file, example=example))

    def end(self, status: str = "FINISHED") -> None:
        """End the run; nothing can be logged to it afterwards."""
        if self.status != "RUNNING":
            return
        self._append(lines.End(status, now_ms()))
        self.status = status
        self._journal.close()

    def _stage(self, path: str) -> Path:
        staged = self._journal.staging / check_path(path)
        staged.parent.mkdir(parents=True, exist_ok=True)
        return staged

    def _append(self, entry: lines.Entry) -> None:
        if self.status != "RUNNING":
            raise InputError(f"run {self.name!r} has ended", "start another: with mlops_nb.run():")
        self._journal.append(entry)
