"""A hash of a table's content, at the speed of memory.

The bytes are hashed where they lie, in pieces and on several cores; the hash is SHA-256 over the
pieces' digests. A table larger than :data:`HASH_BYTES` is sampled, and its record says so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HASH_BYTES = 1024**3
"""How much of a table is hashed; of a larger one :data:`BLOCKS` evenly spaced blocks of rows."""

BLOCKS = 64
SAMPLING_RULE = f"{BLOCKS} evenly spaced blocks of rows, the first and the last rows among them"

_PIECE = 4 * 1024**2
_SMALL = 2 * _PIECE


def digest(parts: Iterable[Any]) -> str:
    """Return the hash of some buffers and texts, in their order.

    Parameters
    ----------
    parts : iterable of str, bytes or contiguous arrays
        What is hashed; how it is cut into parts counts as well.
    """
    whole = hashlib.sha256()
    pending: list[memoryview] = []
    waiting = 0
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for piece in _pieces(parts):
            pending.append(piece)
            waiting += piece.nbytes
            if waiting >= 16 * _PIECE:  # so much at most is held beside the table
                _add(whole, pending, pool if waiting > _SMALL else None)
                pending, waiting = [], 0
        _add(whole, pending, pool if waiting > _SMALL else None)
    return f"sha256:{whole.hexdigest()}"


def sample(rows: int, size: int) -> list[tuple[int, int]]:
    """Return which rows of a table are hashed, as beginnings and ends.

    Parameters
    ----------
    rows : int
        Of the table.
    size : int
        Bytes of the table.
    """
    if size <= HASH_BYTES or rows <= BLOCKS:
        return [(0, rows)]
    length = max(1, int(rows * HASH_BYTES / size) // BLOCKS)
    starts = [round(i * (rows - length) / (BLOCKS - 1)) for i in range(BLOCKS)]
    return [(start, start + length) for start in starts]


def file_parts(path: Path) -> Iterator[bytes]:
    """Yield the content of a file, or of a large one the blocks that :func:`sample` names."""
    size = path.stat().st_size
    with path.open("rb") as file:
        for start, end in sample(size, size):
            file.seek(start)
            for place in range(start, end, _PIECE):
                yield file.read(min(_PIECE, end - place))


def arrow_parts(column: Any) -> Iterator[Any]:
    """Yield the buffers of an Arrow array, the same however it is cut, offset or padded."""
    import numpy as np
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # empty
        array = pa.array([], column.type)
    yield str(len(array))
    if array.null_count:
        yield np.packbits(array.is_valid().to_numpy(zero_copy_only=False))
    kind = array.type
    if pa.types.is_dictionary(kind):
        yield from arrow_parts(array.indices)
        yield from arrow_parts(array.dictionary)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_view(kind):
        yield from _text_parts(array.fill_null("").cast(pa.large_string()))
    elif pa.types.is_null(kind):
        return
    elif pa.types.is_primitive(kind):
        yield np.ascontiguousarray(array.drop_null().to_numpy(zero_copy_only=False))
    else:
        yield from arrow_parts(pa.array([repr(value) for value in array.to_pylist()], pa.string()))


def _is_view(kind: Any) -> bool:
    return str(kind) == "string_view"


def _text_parts(array: Any) -> Iterator[Any]:
    import numpy as np

    _, offsets, data = array.buffers()
    if not len(array):
        return
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    yield ends - ends[0]
    if data is not None:
        yield memoryview(data)[int(ends[0]) : int(ends[-1])]


def _pieces(parts: Iterable[Any]) -> Iterator[memoryview]:
    for part in parts:
        raw: Any = part.encode() if isinstance(part, str) else part
        if hasattr(raw, "dtype") and raw.dtype.kind in "mM":  # times have no buffer of their own
            raw = raw.view("int64")
        view = memoryview(raw)
        if not view.nbytes:
            yield memoryview(b"")
            continue
        flat = view.cast("B")
        for start in range(0, flat.nbytes, _PIECE):
            yield flat[start : start + _PIECE]


def _add(whole: Any, pieces: list[memoryview], pool: ThreadPoolExecutor | None) -> None:
    for found in pool.map(_one, pieces) if pool else map(_one, pieces):
        whole.update(found)


def _one(piece: memoryview) -> bytes:
    return hashlib.sha256(piece).digest()
