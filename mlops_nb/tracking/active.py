"""A run while it lasts: what can be logged to it."""

from __future__ import annotations

import json
import threading
import time
import warnings
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from mlops_nb.config import Project
from mlops_nb.errors import InputError
from mlops_nb.tracking import journal as lines
from mlops_nb.tracking.files import RunFiles
from mlops_nb.tracking.hide import hide_value
from mlops_nb.tracking.names import (
    PARAM_LENGTH,
    TAG_LENGTH,
    check_key,
    cut,
    flatten,
    number,
    text,
)

EXAMPLE_ROWS = 5
_NO_POINT = (-1, 0, 0.0)
_MAX_STEP = 2**63 - 1  # what a database holds


def now_ms() -> int:
    """Return the time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


class Run(RunFiles):
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
        # Metric → its last step, time and value.
        self._points: dict[str, tuple[int, int, float]] = {}
        self._params: dict[str, str] = {}
        self._lock = threading.Lock()
        checked = {
            check_key(k): cut(hide_value(k, text(v)), TAG_LENGTH) for k, v in (tags or {}).items()
        }
        start = lines.Start(
            uid=self.uid,
            name=self.name,
            at=now_ms(),
            parent=parent.uid if parent else "",
            tags=checked,
            experiment=project.experiment,
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

    @property
    def params(self) -> dict[str, str]:
        """The parameters logged so far, as text."""
        return dict(self._params)

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric logged so far."""
        return {key: value for key, (_, _, value) in list(self._points.items())}

    def log_metric(self, key: str, value: Any, step: int | None = None) -> None:
        """Log one point of a metric; without a step, the one after the metric's last.

        ``nan`` is kept. Infinity has no form in the store: the point becomes ``nan`` there and
        the tag ``mlops.infinite`` names the metric and the step.
        """
        value = number(check_key(key), value)
        with self._lock:
            last, before, _ = self._points.get(key, _NO_POINT)
            step = last + 1 if step is None else _step(step)
            # Two points of one step never share a time, which would make them one in the store,
            # and a clock that is set back does not make an older point the last one.
            at = max(now_ms(), before + (step <= last))
            self._points[key] = (step, at, value)
        self._append(lines.Metric(key, lines.as_stored(value), step, at))

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log a point of each metric; mappings inside become dotted names."""
        for name, value in metrics.items():
            for key, inner in flatten(name, value).items():
                self.log_metric(key, inner, step)

    def log_param(self, key: str, value: Any) -> None:
        """Log a parameter. Logging it again with the same value is fine, with another an error."""
        shown = self._within("params", check_key(key), value, PARAM_LENGTH)
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
        shown = self._within("tags", check_key(key), value, TAG_LENGTH)
        self._append(lines.Tag(key, shown))

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set several tags."""
        for key, value in tags.items():
            self.set_tag(key, value)

    def log_input(
        self,
        dataset: Any,
        context: str = "",
        tags: Mapping[str, str] | None = None,
        *,
        name: str = "",
        source: str = "",
    ) -> None:
        """Keep what an input table was: source, schema, rows and a hash of its content.

        Parameters
        ----------
        dataset : DataFrame, Series, array, path or mlflow Dataset
            The table.
        context : str, optional
            What it was used for: ``training``, ``evaluation``.
        tags : mapping, optional
            More about this use of it.
        name : str, optional
            What it is called; by default the dataset's own name, else `context`.
        source : str, optional
            Where it came from: a path, a URL, a query.
        """
        from mlops_nb.tracking.data import describe

        called = name or str(getattr(dataset, "name", None) or context or "dataset")
        facts = describe(dataset, check_key(called), source=source)
        facts |= {"context": context, "tags": dict(tags or {})}
        with self._lock:
            self.inputs.append(facts)
            content = {"schema": 1, "inputs": list(self.inputs)}
        self.log_dict(content, "mlops/data.json")
        self._append(lines.Input(json.dumps(facts)))

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
            import pandas as pd

            rows = pd.DataFrame(input_example[:EXAMPLE_ROWS]).rename(columns=str)
            example = f"models/{name}/input_example.parquet"
            rows.to_parquet(self._stage(example))
        file = saved.path.relative_to(self._journal.staging).as_posix()
        self._append(lines.Model(name=name, file=file, example=example))

    def end(self, status: str = "FINISHED") -> None:
        """End the run; nothing can be logged to it afterwards."""
        if self.status != "RUNNING":
            return
        self._append(lines.End(status, now_ms()))
        self.status = status
        self._journal.close()

    def _within(self, kind: str, key: str, value: Any, limit: int) -> str:
        """Return a value as text, without credentials; all of one too long goes into a file."""
        full = hide_value(key, text(value))
        if len(full) <= limit:
            return full
        path = f"mlops/long/{kind}/{key}.txt"
        self.log_text(full, path)
        warnings.warn(
            f"{key!r} has {len(full)} characters and is cut at {limit}; all of it is in {path}",
            UserWarning,
            stacklevel=4,
        )
        return cut(full, limit)


def _step(step: Any) -> int:
    number = int(step)
    if not -_MAX_STEP <= number <= _MAX_STEP:
        raise InputError(f"step {number} is beyond what a store can hold")
    return number
