"""Serve: a version behind MLflow's own model server, every answer in the predictions log."""

from __future__ import annotations

import logging
import os
import signal
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, MlopsError
from mlops_nb.monitoring.prediction_files import ID
from mlops_nb.monitoring.predictions import predictions_log
from mlops_nb.monitoring.recorder import Recorder
from mlops_nb.registry.scoring import ScoringModel, load_model
from mlops_nb.store import pyfunc

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)


def serve(
    reference: str,
    *,
    shadow: str = "",
    host: str = "127.0.0.1",
    port: int = 5000,
    workers: int = 1,
    flush_seconds: float = 10.0,
    allow_pickle: bool = False,
    project: Project | None = None,
) -> NoReturn:
    """Become MLflow's model server for a version, until a signal ends it.

    Parameters
    ----------
    reference : str
        ``name@alias``, ``name/3`` or ``name``, which means its champion. The version that it is
        now is served: a promotion takes effect when the server is started again.
    shadow : str, optional
        A version of the same model that scores silently, after the answer has been given.
    host, port : str, int
        Where to listen.
    workers : int, default=1
        Processes that answer.
    flush_seconds : float, default=10
        Seconds that answers wait before they are in the predictions log.
    allow_pickle : bool, default=False
        Also serve a version that was registered as a pickle.
    project : Project, optional
        Whose registry; that of the current folder by default.

    Raises
    ------
    NotFoundError
        There is no such version.
    InputError
        The shadow is no version of the same model.
    MissingExtraError
        The server is not installed.
    """
    project = project or load_project()
    model = load_model(reference, project, allow_pickle=allow_pickle)
    config: dict[str, Any] = {
        "root": str(project.root),
        "version": model.version.label,
        "shadow": _checked_shadow(project, model, shadow, allow_pickle=allow_pickle),
        "flush_seconds": flush_seconds,
        "allow_pickle": allow_pickle,
    }
    folder = pyfunc.write_model(project.home / "served", __name__, build.__name__, config)
    command, environment = pyfunc.server_command(folder, host=host, port=port, workers=workers)
    # The server takes this process's place, so that signals reach it and nothing is orphaned.
    os.execvpe(command[0], list(command), dict(environment))  # noqa: S606 - our own command


def _checked_shadow(
    project: Project, model: ScoringModel, shadow: str, *, allow_pickle: bool
) -> str:
    if not shadow:
        return ""
    other = load_model(shadow, project, allow_pickle=allow_pickle)
    if other.version.name != model.version.name or other.version == model.version:
        raise InputError(
            f"{other.version.label} cannot be the shadow of {model.version.label}",
            f"another version of the same model: {model.version.name}@challenger",
        )
    return other.version.label


def build(config: Mapping[str, Any]) -> pyfunc.Answer:
    """Return what answers requests, in the server's own process.

    Parameters
    ----------
    config : mapping
        ``root``, ``version``, ``shadow``, ``flush_seconds`` and ``allow_pickle``.
    """
    project = load_project(Path(config["root"]))
    pickled = bool(config["allow_pickle"])
    model = load_model(config["version"], project, allow_pickle=pickled)
    other = (
        load_model(config["shadow"], project, allow_pickle=pickled) if config["shadow"] else None
    )
    recorder = Recorder(
        lambda rows: _record(project, model, other, rows), seconds=config["flush_seconds"]
    )
    _close_on_signal(recorder)

    def answer(rows: pd.DataFrame) -> pd.DataFrame:
        return _answer(model, other, rows, recorder)

    return answer


def _answer(
    model: ScoringModel, other: ScoringModel | None, rows: pd.DataFrame, recorder: Recorder
) -> pd.DataFrame:
    import pandas as pd

    if not isinstance(rows, pd.DataFrame):
        raise InputError("the rows have no names", "send dataframe_records or dataframe_split")
    ids = _ids(rows)
    started = time.perf_counter()
    scored = model.score(rows)
    latency_ms = (time.perf_counter() - started) * 1000
    wanted = [*model.features, *(other.features if other else ())]
    kept = rows[[name for name in dict.fromkeys(wanted) if name in rows]]
    kept = kept.drop(columns=[name for name in scored if name in kept])
    moment = pd.Timestamp.now(tz=UTC).tz_localize(None)
    said = kept.join(scored).assign(**{ID: ids})
    recorder.add(said.assign(timestamp=moment, latency_ms=latency_ms))
    return scored.assign(**{ID: ids})


def _ids(rows: pd.DataFrame) -> pd.Series:
    """Return an id a row: those that were sent along, so that labels can be joined later."""
    import pandas as pd

    if ID not in rows:
        return pd.Series([uuid.uuid4().hex for _ in range(len(rows))], rows.index, dtype="str")
    ids = rows[ID]
    if ids.isna().any() or ids.duplicated().any():
        raise InputError("a prediction_id is missing or repeated in the request", "one a row")
    return ids.astype(str)


def _record(
    project: Project, model: ScoringModel, other: ScoringModel | None, rows: pd.DataFrame
) -> None:
    log = predictions_log(model.version.name, project)
    log.append(rows, version=model.version.version)
    if other is None:
        return
    try:
        shadow = predictions_log(model.version.name, project, shadow=True)
        answered = [c for c in rows if c == "prediction" or str(c).startswith("score")]
        started = time.perf_counter()
        plain = rows.drop(columns=[c for c in answered if c not in other.features])
        scored = other.score(plain)
        latency_ms = (time.perf_counter() - started) * 1000
        said = plain.join(scored).assign(latency_ms=latency_ms)
        shadow.append(said, version=other.version.version)
    except (MlopsError, OSError) as error:
        # It must not hurt those who are answered, nor make their log be written twice.
        _log.warning("the shadow %s did not score: %s", other.version.label, error)


def _close_on_signal(recorder: Recorder) -> None:
    """Write what waits before a signal ends the server.

    When uvicorn has shut down it raises the signal again, with the handler that was there before
    its own: by default the process dies then, and nothing that waits for a normal end is called.
    Whether uvicorn sets its handler before or after this one depends on its version and workers.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def closing(got: int, frame: Any, before: Any = before) -> None:
            recorder.close()
            if callable(before):
                before(got, frame)
            else:
                signal.signal(got, signal.SIG_DFL)
                signal.raise_signal(got)

        with suppress(ValueError):  # not in the main thread: atexit is left
            signal.signal(number, closing)
