"""Send predictions to a sink: in chunks, again while it is down, no chunk twice."""

from __future__ import annotations

import fcntl
import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from mlops_nb.config import Project, Sink, load_project
from mlops_nb.errors import ConfigError, InputError, MlopsError, StoreError, did_you_mean
from mlops_nb.sinks.files import write_file
from mlops_nb.sinks.webhook import post

if TYPE_CHECKING:
    import pandas as pd

VERSION = "model_version"
_DEFAULT = ("timestamp", "prediction", "score", VERSION)
_FILES = ("parquet", "csv")
_ENVIRONMENT = "env:"
LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of sending.

    Parameters
    ----------
    sink : str
        The sink.
    rows : int
        Rows that it took now.
    known : int
        Rows that it had taken before and that were not sent again.
    """

    sink: str
    rows: int
    known: int

    def __str__(self) -> str:
        known = f", {self.known:,} it had before" if self.known else ""
        return f"{self.sink}: {self.rows:,} rows sent{known}"


def send(
    rows: pd.DataFrame,
    to: str,
    *,
    version: int | str | None = None,
    again: bool = False,
    project: Project | None = None,
) -> Sent:
    """Send predictions to the sink of ``[tool.mlops.sinks.NAME]``.

    A sink that is down is tried again, longer and longer apart. What it has taken is kept in the
    state: the same rows sent again, by a job that is repeated or a cell that runs twice, are not.
    A webhook also gets a key with each chunk, because a process may die between the answer and
    the record.

    Parameters
    ----------
    rows : DataFrame
        The sink's key, ``prediction`` and what else it is to get, in any order.
    to : str
        Name of the sink.
    version : int or str, optional
        The model version that predicted, sent as ``model_version``.
    again : bool, default=False
        Also send what it has taken before.
    project : Project, optional
        Whose sinks; those of the current folder by default.

    Returns
    -------
    Sent
        How many rows were sent.

    Raises
    ------
    NotFoundError, ConfigError
        There is no such sink, or it is configured wrongly.
    InputError
        A column is missing, keys are missing or repeated, or the sink refuses the rows.
    StoreError
        It was down to the last try. What it took until then is not sent again.

    Examples
    --------
    >>> send(scored, "crm", version=3)  # doctest: +SKIP
    """
    project = project or load_project()
    sink = _configured(project, to)
    table = _chosen(rows if version is None else rows.assign(**{VERSION: version}), to, sink)
    size = len(table) if sink.kind in _FILES else sink.chunk
    with _alone(project, to):
        sent = known = 0
        # Imported late: a notebook that sends nothing opens no state.
        from mlops_nb.state.sent import record_taken, taken

        before = set() if again else taken(project, to)
        for start in range(0, len(table), size):
            chunk = table.iloc[start : start + size]
            key = _key(to, sink, chunk)
            if key in before:
                known += len(chunk)
                continue
            _deliver(project, to, sink, chunk, key, done=sent + known, total=len(table))
            record_taken(project, to, key, len(chunk))
            sent += len(chunk)
    return Sent(sink=to, rows=sent, known=known)


def _configured(project: Project, name: str) -> Sink:
    known = project.config.sinks
    where = f"[tool.mlops.sinks.{name}]"
    if name not in known:
        raise ConfigError(
            f"there is no sink {name!r} in {project.root}", did_you_mean(name, known) or where
        )
    sink = known[name]
    if sink.kind == "sql" and not sink.table:
        raise ConfigError(f"{where} names no table", 'table = "scores"')
    if not sink.key:
        raise ConfigError(f"{where}: the key names no column", 'key = ["prediction_id"]')
    if min(sink.chunk, sink.tries) < 1 or min(sink.delay, sink.timeout) < 0:
        raise ConfigError(f"{where}: chunk and tries are at least 1, delay and timeout at least 0")
    return sink


def _chosen(rows: pd.DataFrame, name: str, sink: Sink) -> pd.DataFrame:
    """Return the columns that may leave, one row a key, in the order of the keys."""
    present = [str(column) for column in rows.columns]
    default = [c for c in present if c in _DEFAULT or c.startswith("score_")]
    wanted = list(dict.fromkeys([*sink.key, *(sink.columns or default)]))
    missing = [column for column in wanted if column not in present]
    if missing:
        raise InputError(
            f"sink {name!r} wants a column {missing[0]!r} that the rows lack",
            did_you_mean(missing[0], present),
        )
    if not len(rows):
        raise InputError(f"there is no row to send to sink {name!r}", "check what it was made from")
    keys = rows[sink.key]
    if keys.isna().any(axis=None) or keys.duplicated().any():
        raise InputError(
            f"the key {', '.join(sink.key)} of sink {name!r} is missing or repeated in some rows",
            "every row needs a key of its own",
        )
    # In a fixed order, so that the chunks of a second attempt are those of the first.
    return rows[wanted].sort_values(sink.key, ignore_index=True)


def _key(name: str, sink: Sink, chunk: pd.DataFrame) -> str:
    """Return what a chunk is known by: the sink, where it leads, and every value in it."""
    import pandas as pd

    head = json.dumps([name, sink.kind, sink.target, sink.table, list(chunk.columns)])
    values = pd.util.hash_pandas_object(chunk, index=False).to_numpy().tobytes()
    return blake2b(head.encode() + values, digest_size=16).hexdigest()


@contextmanager
def _alone(project: Project, name: str) -> Iterator[None]:
    """Let one process at a time send to a sink: the second finds what the first has sent."""
    folder = project.home / "sinks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{blake2b(name.encode(), digest_size=8).hexdigest()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _deliver(
    project: Project,
    name: str,
    sink: Sink,
    chunk: pd.DataFrame,
    key: str,
    *,
    done: int,
    total: int,
) -> None:
    for turn in range(1, sink.tries + 1):
        try:
            _write(project, name, sink, chunk, key)
            return
        except StoreError as error:
            if turn == sink.tries:
                raise StoreError(
                    f"sink {name!r} has {done:,} of {total:,} rows, then {sink.tries} times: "
                    f"{error.message}",
                    "send them again when it is up: what it has taken is not sent twice",
                ) from error
            wait = max(getattr(error, "wait", 0.0), sink.delay * 2 ** (turn - 1))
            # At random, so that senders that failed together do not return together.
            time.sleep(min(wait, LONGEST_WAIT) * random.uniform(1, 1.25))  # noqa: S311
        except MlopsError as error:
            raise InputError(
                f"sink {name!r} has {done:,} of {total:,} rows: {error.message}", error.hint
            ) from error


def _write(project: Project, name: str, sink: Sink, chunk: pd.DataFrame, key: str) -> None:
    target = _value(name, "target", sink.target)
    if sink.kind == "webhook":
        headers = {header: _value(name, header, text) for header, text in sink.headers.items()}
        post(chunk, target, key=key, sink=name, headers=headers, timeout=sink.timeout)
    elif sink.kind == "sql":
        from mlops_nb.state.upsert import upsert

        upsert(target, sink.table, chunk, sink.key)
    else:
        write_file(chunk, project.root / target, f"{name}-{key}", sink.kind)


def _value(name: str, what: str, text: str) -> str:
    if not text.startswith(_ENVIRONMENT):
        return text
    variable = text.removeprefix(_ENVIRONMENT)
    found = os.environ.get(variable, "")
    if not found:
        raise ConfigError(f"{what} of sink {name!r}: the variable {variable} is not set")
    return found
