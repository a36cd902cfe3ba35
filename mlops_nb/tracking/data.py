"""What a table was: its source, its schema, its rows and a hash of all of its content."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from mlops_nb.errors import InputError

_BLOCK = 1024 * 1024


def describe(table: Any, name: str, *, source: str = "") -> dict[str, Any]:
    """Return the facts of an input, JSON-serialisable.

    Parameters
    ----------
    table : DataFrame, Series, array or path
        A pandas DataFrame or Series; a numpy array; anything with ``to_pandas()`` (polars, Arrow,
        ibis); or the path of a file.
    name : str
        What it is called.
    source : str, optional
        Where it came from: a path, a URL, a query.

    Returns
    -------
    dict
        ``name``, ``kind``, ``source``, ``rows``, ``columns`` (name and type each) and ``hash``:
        SHA-256 over every value, the index included, so that one changed cell changes it.

    Raises
    ------
    InputError
        The thing is no table, or the file does not exist.
    """
    if isinstance(table, str | Path):
        return _describe_file(Path(table), name, source)
    pandas = sys.modules.get("pandas")
    if hasattr(table, "to_pandas"):
        kind = type(table).__module__.partition(".")[0]
        return {**_describe_pandas(table.to_pandas(), name, source), "kind": kind}
    if pandas is not None and isinstance(table, pandas.Series):
        table = table.to_frame(name=table.name if table.name is not None else "0")
    if pandas is not None and isinstance(table, pandas.DataFrame):
        return _describe_pandas(table, name, source)
    if hasattr(table, "__array_interface__"):
        return _describe_array(table, name, source)
    raise InputError(
        f"{name!r} is a {type(table).__name__}, not a table",
        "log_input takes a DataFrame, a Series, an array or the path of a file",
    )


def _describe_pandas(frame: Any, name: str, source: str) -> dict[str, Any]:
    digest = hashlib.sha256()
    columns = []
    for position, column in enumerate(frame.columns):
        series = frame.iloc[:, position]
        columns.append({"name": str(column), "type": str(series.dtype)})
        digest.update(f"{column}\0{series.dtype}\0".encode())
        digest.update(_row_hashes(series))
    digest.update(_row_hashes(frame.index.to_series().reset_index(drop=True)))
    return _facts("pandas", name, source, len(frame), columns, digest.hexdigest())


def _row_hashes(series: Any) -> bytes:
    pandas = sys.modules["pandas"]
    try:
        hashes = pandas.util.hash_pandas_object(series, index=False)
    except TypeError:  # lists, dicts and other values that have no hash of their own
        hashes = pandas.util.hash_pandas_object(series.map(repr), index=False)
    content: bytes = hashes.to_numpy().tobytes()
    return content


def _describe_array(array: Any, name: str, source: str) -> dict[str, Any]:
    digest = hashlib.sha256(f"{array.shape}\0{array.dtype}\0".encode())
    if array.dtype.hasobject:
        digest.update(repr(array.tolist()).encode())
    else:
        digest.update(array.tobytes())
    width = array.shape[1] if array.ndim > 1 else 1
    columns = [{"name": str(i), "type": str(array.dtype)} for i in range(width)]
    return _facts("numpy", name, source, len(array), columns, digest.hexdigest())


def _describe_file(path: Path, name: str, source: str) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"no file {str(path)!r} to log as {name!r}")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    facts = _facts("file", name, source or str(path), None, [], digest.hexdigest())
    return {**facts, "bytes": path.stat().st_size}


def _facts(
    kind: str, name: str, source: str, rows: int | None, columns: list[dict[str, str]], digest: str
) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "source": source,
        "rows": rows,
        "columns": columns,
        "hash": f"sha256:{digest}",
    }
