"""Sinks that are files in a folder: a file a batch, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from mlops_nb.errors import InputError, StoreError

if TYPE_CHECKING:
    import pandas as pd


def write_file(rows: pd.DataFrame, folder: Path, name: str, kind: str) -> Path:
    """Write rows aside and rename: whoever watches the folder never meets half a file.

    Parameters
    ----------
    rows : DataFrame
        What to write.
    folder : Path
        Where to; made when it is not there.
    name : str
        Stem of the file; one of that name is replaced.
    kind : {"parquet", "csv"}
        How it is written.

    Raises
    ------
    StoreError
        The folder cannot be written to now: it may be tried again.
    InputError
        The rows cannot be kept as Parquet.
    """
    import pyarrow as pa

    path, aside = folder / f"{name}.{kind}", folder / f".{name}.{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error.strerror}") from error
    try:
        with aside.open("wb") as stream:
            if kind == "parquet":
                rows.to_parquet(stream, index=False)
            else:
                rows.to_csv(stream, index=False)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(
            f"the rows cannot be kept as Parquet: {error}", "give each column one type"
        ) from error
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)
    return path
