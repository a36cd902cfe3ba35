"""What a table was: its source, its schema, its rows and a hash of its content."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from mlops_nb.errors import InputError
from mlops_nb.tracking.content import SAMPLING_RULE, arrow_parts, digest, file_parts, sample

ROWS_BYTES = 1024**2
_OBJECT_BYTES = 56  # what a short text takes beside its reference


def describe(table: Any, name: str, *, source: str = "") -> dict[str, Any]:
    """Return the facts of an input, JSON-serialisable.

    Parameters
    ----------
    table : DataFrame, Series, array, path or mlflow Dataset
        A pandas or polars DataFrame or Series; an Arrow table; a numpy array; anything with
        ``to_pandas()`` (ibis); the path of a file; or a dataset of MLflow that holds one of them.
    name : str
        What it is called.
    source : str, optional
        Where it came from: a path, a URL, a query.

    Returns
    -------
    dict
        ``name``, ``kind``, ``source``, ``rows``, ``columns`` (name and type each), ``hash`` over
        every value, the index included, so that one changed cell changes it, and ``sampled``:
        None, or by which rule the rows were chosen that were hashed, and how many.

    Raises
    ------
    InputError
        The thing is no table, or the file does not exist.
    """
    if type(table).__module__.startswith("mlflow.data."):
        inner = getattr(table, "df", None)
        table, source = table.features if inner is None else inner, source or _source_of(table)
    if isinstance(table, str | Path):
        return _describe_file(Path(table), name, source)
    if hasattr(table, "to_frame") and not hasattr(table, "columns"):
        table = (
            table.to_frame(name=table.name) if getattr(table, "name", None) else table.to_frame()
        )
    if hasattr(table, "to_arrow") and hasattr(table, "estimated_size"):
        return _describe_arrow(table.to_arrow(), "polars", name, source)
    if type(table).__module__.startswith("pyarrow."):
        return _describe_arrow(table, "pyarrow", name, source)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(table, pandas.DataFrame):
        return _describe_pandas(table, name, source)
    if hasattr(table, "to_pandas"):
        kind = type(table).__module__.partition(".")[0]
        return {**_describe_pandas(table.to_pandas(), name, source), "kind": kind}
    if hasattr(table, "__array_interface__"):
        return _describe_array(table, name, source)
    raise InputError(
        f"{name!r} is a {type(table).__name__}, not a table",
        "log_input takes a DataFrame, a Series, an array or the path of a file",
    )


def _describe_pandas(frame: Any, name: str, source: str) -> dict[str, Any]:
    pandas = sys.modules["pandas"]
    objects = sum(str(dtype) == "object" for dtype in frame.dtypes)
    size = int(frame.memory_usage(index=True).sum()) + len(frame) * objects * _OBJECT_BYTES
    blocks = sample(len(frame), size)
    columns = [{"name": str(c), "type": str(t)} for c, t in zip(frame, frame.dtypes, strict=True)]
    facts = _facts("pandas", name, source, len(frame), columns, blocks)
    if len(blocks) > 1:
        frame = pandas.concat([frame.iloc[start:end] for start, end in blocks])

    def parts() -> Iterator[Any]:
        for position, column in enumerate(columns):
            yield f"{column['name']}\0{column['type']}\0"
            yield from _series_parts(frame.iloc[:, position])
        for level in range(frame.index.nlevels):
            yield from _series_parts(frame.index.get_level_values(level).to_series())

    return facts | {"hash": digest(parts())}


def _series_parts(series: Any) -> Iterator[Any]:
    import numpy as np
    import pyarrow as pa

    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "biufcmM":
        yield np.ascontiguousarray(series.to_numpy())
        return
    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        # Values of several kinds, which Arrow has no column for.
        array = pa.array([repr(value) for value in series], pa.string())
    yield from arrow_parts(array)


def _describe_arrow(table: Any, kind: str, name: str, source: str) -> dict[str, Any]:
    import pyarrow as pa

    blocks = sample(table.num_rows, table.nbytes)
    columns = [{"name": field.name, "type": str(field.type)} for field in table.schema]
    facts = _facts(kind, name, source, table.num_rows, columns, blocks)
    if len(blocks) > 1:
        table = pa.concat_tables([table.slice(start, end - start) for start, end in blocks])

    def parts() -> Iterator[Any]:
        for column, values in zip(columns, table.columns, strict=True):
            yield f"{column['name']}\0{column['type']}\0"
            yield from arrow_parts(values)

    return facts | {"hash": digest(parts())}


def _describe_array(array: Any, name: str, source: str) -> dict[str, Any]:
    import numpy as np

    width = array.shape[1] if array.ndim > 1 else 1
    columns = [{"name": str(i), "type": str(array.dtype)} for i in range(width)]
    array = array if array.ndim else array.reshape(1)
    rows = len(array)
    blocks = sample(rows, array.nbytes)
    facts = _facts("numpy", name, source, rows, columns, blocks)
    head = f"{array.shape}\0{array.dtype}\0"
    if len(blocks) > 1:
        array = np.concatenate([array[start:end] for start, end in blocks])
    if array.dtype.hasobject:
        return facts | {"hash": digest([head, repr(array.tolist())])}
    if array.dtype.kind in "US" or array.dtype.names:
        return facts | {"hash": digest([head, array.tobytes()])}
    # By rows, so that the same numbers have the same hash in either order of memory.
    rows_each = max(1, ROWS_BYTES // max(1, array.nbytes // max(1, rows)))
    pieces = (
        np.ascontiguousarray(array[start : start + rows_each])
        for start in range(0, len(array), rows_each)
    )
    return facts | {"hash": digest(chain([head], pieces))}


def _describe_file(path: Path, name: str, source: str) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"no file {str(path)!r} to log as {name!r}")
    size = path.stat().st_size
    facts = _facts("file", name, source or str(path), None, [], sample(size, size))
    return {**facts, "hash": digest(file_parts(path)), "bytes": size}


def _facts(
    kind: str,
    name: str,
    source: str,
    rows: int | None,
    columns: list[dict[str, str]],
    blocks: list[tuple[int, int]],
) -> dict[str, Any]:
    hashed = sum(end - start for start, end in blocks)
    sampled = {"rule": SAMPLING_RULE, "hashed": hashed} if len(blocks) > 1 else None
    return {
        "name": name,
        "kind": kind,
        "source": source,
        "rows": rows,
        "columns": columns,
        "hash": "",
        "sampled": sampled,
    }


def _source_of(dataset: Any) -> str:
    source = getattr(dataset, "source", None)
    return str(getattr(source, "uri", None) or getattr(source, "path", None) or "")
