"""Which values a reference has seen, without their names: a Bloom filter (Bloom 1970)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection
from functools import lru_cache

ROOM, SPARE_ROOM = 3_200, 8_000
"""Bits of a filter, where values are named beside it and where none is."""
BITS = 16
"""Most bits a value: 0.5 % of unseen values are then taken for seen ones, and 15 % at 4 bits."""
HASHES = 3
MOST = 1_000
"""Of more values none is remembered: the filter would outgrow a profile's 2 kB a column."""


def remember(values: Collection[str], *, spare: bool = False) -> str:
    """Return the filter of some values as text, empty when there are none or too many.

    Parameters
    ----------
    spare : bool
        Whether there is room for a larger one, as no value is named beside it.
    """
    if not values or len(values) > MOST:
        return ""
    room = SPARE_ROOM if spare else ROOM
    size = min(BITS * len(values), room) // 8
    found = bytearray(size)
    for value in values:
        for place in _places(value, size):
            found[place // 8] |= 1 << place % 8
    return base64.b85encode(bytes(found)).decode()


def never_seen(remembered: str, value: str) -> bool:
    """Whether a value is certainly none of those remembered."""
    found = _decoded(remembered)
    return bool(found) and not all(
        found[place // 8] >> place % 8 & 1 for place in _places(value, len(found))
    )


# One filter is asked about each value of a column, one after the other.
@lru_cache(maxsize=1)
def _decoded(remembered: str) -> bytes:
    return base64.b85decode(remembered)


def both(one: str, two: str) -> str:
    """Return a filter of the values of both; nothing is known when they differ in size."""
    if one == two:
        return one
    a, b = base64.b85decode(one), base64.b85decode(two)
    if len(a) != len(b):
        return ""
    return base64.b85encode(bytes(x | y for x, y in zip(a, b, strict=True))).decode()


def _places(value: str, size: int) -> list[int]:
    digest = hashlib.blake2b(value.encode(), digest_size=4 * HASHES).digest()
    return [int.from_bytes(digest[i : i + 4], "big") % (8 * size) for i in range(0, 4 * HASHES, 4)]
