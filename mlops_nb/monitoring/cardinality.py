"""How many distinct values parts of a table have together: the least hashes of each.

Of evenly spread hashes the k-th least tells how many there are: k − 1 over it, as a share of the
range, with a standard error of 1 / √(k − 2) (Bar-Yossef and others 2002; Beyer and others 2007).
The least of two parts are the least of the whole, so that parts merge without any further error.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable

KEPT = 64
"""Hashes kept of a column; fewer distinct values are counted exactly."""
BYTES = 4
"""Of each hash; enough for 10⁸ distinct values."""
ERROR = 1 / math.sqrt(KEPT - 2)
"""Standard error of an estimate as a share of it, 0.127."""


def sketch(values: Iterable[str]) -> str:
    """Return the sketch of some values as text, empty when there is none."""
    return _packed({hashlib.md5(v.encode(), usedforsecurity=False).digest() for v in values})


def sketch_of(digests: Iterable[str]) -> str:
    """Return the sketch of values whose least MD5 digests are known, in hexadecimal."""
    return _packed({bytes.fromhex(digest) for digest in digests})


def union(one: str, two: str) -> str:
    """Return the sketch of the values of both."""
    return _packed({*_hashes(one), *_hashes(two)})


def estimate(sketched: str) -> float:
    """Return how many distinct values were sketched: exact below :data:`KEPT`."""
    found = _hashes(sketched)
    if len(found) < KEPT:
        return len(found)
    return (KEPT - 1) / (int.from_bytes(max(found), "big") + 1) * 2.0 ** (8 * BYTES)


def _packed(digests: set[bytes]) -> str:
    least = sorted({digest[:BYTES] for digest in digests})[:KEPT]
    return base64.b85encode(b"".join(least)).decode()


def _hashes(sketched: str) -> list[bytes]:
    found = base64.b85decode(sketched)
    return [found[i : i + BYTES] for i in range(0, len(found), BYTES)]
