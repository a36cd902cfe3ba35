"""The Parquet files of the predictions log: written whole or not at all, read by their ids."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mlops_nb.config import current_attempt
from mlops_nb.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ID = "prediction_id"
LOGGED, LABELLED = "logged_at", "labelled_at"


def write(rows: pd.DataFrame, folder: Path) -> Path:
    """Write aside and rename: a reader never meets half a file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / f"{_file_name(rows)}.parquet"
    aside = folder / f".{path.stem}.{uuid.uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot write to {folder}: {error.strerror}", "make it writable"
        ) from error
    try:
        with aside.open("wb") as file:
            pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(
            f"the table cannot be kept as Parquet: {error}", "give each column one type"
        ) from error
    finally:
        aside.unlink(missing_ok=True)
    return path


def _file_name(rows: pd.DataFrame) -> str:
    """Name a file by its job attempt and ids, or by its content outside of a job.

    The ids take part so that two batches of one attempt do not overwrite each other.
    """
    import pandas as pd

    attempt = current_attempt()
    content = rows[[ID]] if attempt else rows.drop(columns=[LOGGED, LABELLED], errors="ignore")
    try:
        digest = pd.util.hash_pandas_object(content, index=False).to_numpy().tobytes()
    except TypeError:  # a cell holds a list or a dict
        digest = content.to_json(default_handler=str).encode()
    names = ",".join(map(str, content.columns)).encode()
    key = blake2b(names + digest, digest_size=8).hexdigest()
    return f"{quote(attempt.attempt, safe='')}-{key}" if attempt else f"local-{key}"


def files(folder: Path) -> list[Path]:
    """Return the whole files of a folder, in the order of their names."""
    return sorted(folder.glob("[!.]*.parquet"))


def read_all(folder: Path, columns: list[str] | None = None) -> list[pd.DataFrame]:
    """Read every file of a folder."""
    return [read(path, columns) for path in files(folder)]


def read(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a file, all columns by default.

    Raises
    ------
    InputError
        It is broken or may not be read.
    """
    import pandas as pd
    import pyarrow as pa

    try:
        # partitioning=None: the partition is in the path, and the file's own columns count.
        return pd.read_parquet(path, columns=columns, partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(
            f"cannot read {path}: {error}", "move the file away, or restore it"
        ) from error


def may_hold(path: Path, first: str, last: str) -> bool:
    """Whether a file's own statistics leave it open that it holds an id between two."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError):
        return True  # reading it says what is wrong
    column = metadata.schema.names.index(ID)
    held = [metadata.row_group(n).column(column).statistics for n in range(metadata.num_row_groups)]
    if not all(one is not None and one.has_min_max for one in held):
        return True
    return any(one.min <= last and one.max >= first for one in held)


def hashes(folders: Iterable[Path]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return 64 bits of each distinct id: of ten million, 80 MB, and by chance no two the same."""
    import numpy as np
    import pandas as pd

    parts = [
        pd.util.hash_array(part[ID].to_numpy(dtype=object), categorize=False)
        for folder in folders
        for path in files(folder)
        for part in [read(path, [ID])]
    ]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.uint64)
