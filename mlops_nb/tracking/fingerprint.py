"""What an object holds, in a few bytes, so that a change in place is seen.

Nothing of the object's own code is called: no ``__eq__``, ``__hash__``, ``__len__`` or property.
"""

from __future__ import annotations

import sys
import types
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import Any

WHOLE_BYTES = 500_000
"""Arrays up to this size are read entirely, larger ones at :data:`SAMPLED` places."""

SAMPLED = 1024
USED_UP = -1
"""Fingerprint of iterators and open files: reading one changes it, and nothing shows how far."""

_DEPTH = 6
_ELEMENTS = 1000  # of one container
_MIXER = 1_000_003
_MASK = (1 << 61) - 1
_PLAIN = (
    bool, int, float, complex, str, bytes, range, slice, type(None), type(...), type,
    types.FunctionType, types.BuiltinFunctionType, types.ModuleType, types.MethodType,
)  # fmt: skip
_SEQUENCES = (list, tuple, set, frozenset, deque)
# Figures are large webs of objects without a result in them.
_OPAQUE = frozenset({"matplotlib", "plotly", "IPython", "ipywidgets", "seaborn", "bokeh", "altair"})


class Fingerprinter:
    """Takes fingerprints until its budget is used up; what comes after is only sampled.

    Parameters
    ----------
    bytes_left : int
        Content of arrays to read.
    items_left : int
        Elements and attributes to look at.
    """

    def __init__(self, bytes_left: int = 2_000_000, items_left: int = 6_000) -> None:
        self._bytes = bytes_left
        self._items = items_left
        self._exact = True

    def take(self, value: object) -> tuple[int, bool]:
        """Return the fingerprint, and whether every change would change it."""
        self._exact = True
        try:
            token = self._token(value, 0)
        except Exception:  # an object in the middle of its construction, or a hostile one
            return id(value), False
        return token, self._exact

    def _token(self, value: Any, depth: int) -> int:
        kind = type(value)
        if kind in (str, int, float, bool, bytes):
            return hash(value)
        if isinstance(value, _PLAIN):
            return id(value)
        if self._items <= 0 or depth > _DEPTH:
            return self._sampled(value)
        if isinstance(value, dict):
            pairs = islice(dict.items(value), self._take(dict.__len__(value)))
            tokens = (self._token(v, depth + 1) ^ hash_name(k) for k, v in pairs)
            return _mixed(dict.__len__(value), tokens)
        if isinstance(value, _SEQUENCES):
            return self._sequence(value, depth)
        if depth == 0 and isinstance(value, Iterator):
            self._exact = False
            return USED_UP
        return self._library(value, kind, depth)

    def _sequence(self, value: Any, depth: int) -> int:
        size = len(value) if type(value) in _SEQUENCES else 0
        taken = islice(value, self._take(size or self._items))
        # A set has no order of its own, yet keeps one as long as nobody changes it.
        return _mixed(size, (self._token(v, depth + 1) for v in taken))

    def _library(self, value: Any, kind: type, depth: int) -> int:
        package = kind.__module__.partition(".")[0]
        if package in _OPAQUE:
            return self._sampled(value)
        numpy: Any = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.ndarray):
            return self._array(value, numpy)
        if numpy is not None and isinstance(value, numpy.generic):
            return hash(value.tobytes())
        if package == "pandas" and (manager := getattr(value, "_mgr", None)) is not None:
            return self._pandas(manager, depth)
        if package == "numpy" and hasattr(value, "bit_generator"):
            return hash(repr(value.bit_generator.state))
        if package == "numpy" and hasattr(value, "get_state"):
            return hash(repr(value.get_state()[2:])) ^ hash(value.get_state()[1].tobytes())
        if package == "pyarrow":  # immutable
            return id(value)
        if package == "torch" and hasattr(value, "_version") and hasattr(value, "data_ptr"):
            return hash((value.data_ptr(), value._version))
        return self._attributes(value, kind, depth)

    def _pandas(self, manager: Any, depth: int) -> int:
        axes = [id(axis) for axis in manager.axes]
        return _mixed(len(axes), [*axes, *(self._token(b.values, depth) for b in manager.blocks)])

    def _attributes(self, value: Any, kind: type, depth: int) -> int:
        slots = _slots(kind)
        try:
            content = dict(object.__getattribute__(value, "__dict__"))
        except AttributeError:
            if not slots:
                return self._sampled(value)  # its content is in C
            content = {}
        for name in slots:
            with suppress(AttributeError):
                content[name] = object.__getattribute__(value, name)
        return id(kind) ^ self._token(content, depth + 1)

    def _array(self, array: Any, numpy: Any) -> int:
        head = hash((array.shape, array.dtype.str, array.__array_interface__["data"][0]))
        if array.dtype.hasobject:
            step = max(1, array.size // max(1, self._take(array.size)))
            return _mixed(head, (hash_name(v) for v in array.reshape(-1)[::step]))
        if not array.flags.c_contiguous and array.flags.f_contiguous:
            array = array.T
        if array.nbytes <= min(WHOLE_BYTES, self._bytes):
            self._bytes -= array.nbytes
            return head ^ zlib.crc32(numpy.ascontiguousarray(array).view(numpy.uint8).data)
        self._exact = False
        places = numpy.linspace(0, array.size - 1, SAMPLED, dtype=numpy.int64)
        sample = numpy.ascontiguousarray(array.flat[places] if array.ndim != 1 else array[places])
        return head ^ zlib.crc32(sample.view(numpy.uint8).data)

    def _take(self, size: int) -> int:
        """Return how many of `size` elements may be looked at."""
        taken = min(size, self._items, _ELEMENTS)
        self._exact &= taken == size
        self._items -= taken
        return taken

    def _sampled(self, value: object) -> int:
        self._exact = False
        return id(value)


@lru_cache(maxsize=512)
def _slots(kind: type) -> tuple[str, ...]:
    members = (pair for base in kind.__mro__ for pair in base.__dict__.items())
    return tuple(name for name, m in members if type(m) is types.MemberDescriptorType)


def hash_name(value: object) -> int:
    """Return the hash of a plain value, the identity of any other object."""
    return hash(value) if type(value) in (str, int, float, bool, bytes) else id(value)


def _mixed(start: int, tokens: Iterable[int]) -> int:
    found = start
    for token in tokens:
        found = (found * _MIXER + token) & _MASK
    return found
