"""Where things stand in a notebook file, found in its text only when a finding needs it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from json import JSONDecoder

from mlops_nb.lint.finding import Pointer

Span = tuple[int, int]
_SPACE = re.compile(r"[ \t\r\n]*")
# One character of a string that is written as an escape: a surrogate pair, or any other.
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.", re.DOTALL
)
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(slots=True)
class _Container:
    """An object or list that has been read up to the value at `at`.

    `starts` holds where values begin, `entries` where their keys do.
    """

    starts: dict[str | int, int]
    at: int
    keyed: bool
    done: bool = False
    entries: dict[str | int, int] = field(default_factory=dict)


class Places:
    """The spans of the values in a JSON document.

    Parameters
    ----------
    text : str
        A document that parses.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._decode = JSONDecoder().raw_decode
        self._open: dict[Pointer, _Container] = {}
        self._counted = (0, 0)  # an offset and the line ends before it

    def span(self, pointer: Pointer) -> Span | None:
        """Return the span of a value, None when there is no such value."""
        start = self.start(pointer)
        return None if start is None else (start, self._decode(self.text, start)[1])

    def start(self, pointer: Pointer) -> int | None:
        """Return where a value begins, None when there is no such value."""
        if not pointer:
            return self.after_space(0)
        parent = self.start(pointer[:-1])
        if parent is None or self.text[parent] not in "{[":
            return None
        container = self._open.get(pointer[:-1])
        if container is None:
            first = self.after_space(parent + 1)
            container = self._open[pointer[:-1]] = _Container({}, first, self.text[parent] == "{")
        while pointer[-1] not in container.starts and self._next(container):
            pass
        return container.starts.get(pointer[-1])

    def entries(self, pointer: Pointer) -> dict[str | int, Span]:
        """Return the span of each entry of an object or list, of an object with its key."""
        self.start((*pointer, "\0missing"))  # there is none such: reads all of it
        container = self._open.get(pointer)
        if container is None:
            return {}
        return {
            key: (container.entries[key], self._decode(self.text, start)[1])
            for key, start in container.starts.items()
        }

    def line_column(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset, both from 1."""
        line = self._newlines_before(offset)
        return line + 1, offset - (self.text.rfind("\n", 0, offset) + 1) + 1

    def in_source(self, pointer: Pointer, source: str, line: int, column: int) -> int | None:
        """Return the offset in the file of a place in a cell's text.

        Parameters
        ----------
        pointer : tuple
            Leads to the text: one string or a list of them.
        source : str
            The text.
        line, column : int
            The place in it, from 1.
        """
        place = self.start(pointer)
        if place is None:
            return None
        wanted = _offset(source, line, column)
        pieces = self._strings(pointer, place)
        for number, start in enumerate(pieces):
            length = len(self._decode(self.text, start)[0])
            if wanted < length or (wanted == length and number == len(pieces) - 1):
                return self._in_string(start + 1, wanted)
            wanted -= length
        return place

    def _strings(self, pointer: Pointer, place: int) -> list[int]:
        """Return where the strings begin that a text is written as."""
        if self.text[place] != "[":
            return [place]
        self.start((*pointer, "\0missing"))  # there is none such: reads all of it
        return [start for start in self._open[pointer].starts.values() if self.text[start] == '"']

    def _in_string(self, at: int, characters: int) -> int:
        while characters > 0:
            escape = self.text.find("\\", at, at + characters)
            if escape < 0:
                return at + characters
            found = _CHARACTER.match(self.text, escape)
            characters -= escape - at + 1
            at = found.end() if found else escape + 1
        return at

    def after_space(self, at: int) -> int:
        """Return the first offset from `at` that holds no white space."""
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _next(self, container: _Container) -> bool:
        """Find the next value of an object or list; the values before it are skipped once."""
        at = container.at
        if container.starts and not container.done:
            at = self.after_space(self._decode(self.text, at)[1])
            at = self.after_space(at + 1) if self.text[at] == "," else at
        if self.text[at] in "}]":
            container.at, container.done = at, True
            return False
        key: str | int = len(container.starts)
        entry = at
        if container.keyed:
            key, at = self._decode(self.text, at)
            at = self.after_space(self.after_space(at) + 1)
        container.starts[key] = container.at = at
        container.entries[key] = entry
        return True

    def _newlines_before(self, offset: int) -> int:
        """Count from the place asked for last: a search of the whole text takes milliseconds."""
        last, count = self._counted
        if offset >= last:
            count += self.text.count("\n", last, offset)
        else:
            count -= self.text.count("\n", offset, last)
        self._counted = offset, count
        return count


def _offset(source: str, line: int, column: int) -> int:
    """Return the offset of a place in a text whose lines end in any of the three ways."""
    start = 0
    for _ in range(line - 1):
        found = _LINE_END.search(source, start)
        if not found:
            return len(source)
        start = found.end()
    return min(start + column - 1, len(source))
