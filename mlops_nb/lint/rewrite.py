"""From edits to changed text: ranges of the file are replaced, all the rest stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mlops_nb.lint.finding import Edit, Pointer, TextEdit
from mlops_nb.lint.locate import Places
from mlops_nb.notebook import Notebook

Fix = Sequence[Edit | TextEdit]
_SURROGATE = re.compile("[\ud800-\udfff]")
_INDENT = re.compile(r"\A\s*\{\r?\n([ \t]+)\"")


@dataclass(frozen=True, slots=True, order=True)
class _Change:
    """Characters `start` to `end` of the file become `new`."""

    start: int
    end: int
    new: str

    def touches(self, other: _Change) -> bool:
        if self.start == other.start:
            return True
        return self.start < other.end and other.start < self.end  # an insertion inside it as well

    def holds(self, other: _Change) -> bool:
        return self.start <= other.start and other.end <= self.end and self != other


def rewritten(notebook: Notebook, fixes: Iterable[Fix]) -> tuple[str, int]:
    """Return the text of a notebook with fixes made, and how many were.

    Parameters
    ----------
    notebook : Notebook
        The notebook.
    fixes : iterable of sequences of Edit and TextEdit
        Each is made as a whole; one that touches the place of an earlier one is left out, and is
        found again when the result is linted again.
    """
    writer = _Writer(notebook)
    chosen: set[_Change] = set()
    made = 0
    for fix in fixes:
        changes = writer.changes(fix)
        new = changes - chosen
        if not changes or any(a.touches(b) for a in new for b in chosen):
            continue
        chosen |= new
        made += 1
    text = notebook.text
    for change in sorted(chosen, reverse=True):
        text = text[: change.start] + change.new + text[change.end :]
    return text, made


class _Writer:
    """Writes JSON in the manner of the file: its indentation, its way with other alphabets."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.text = notebook.text
        self.places = Places(self.text)
        self.ascii = self.text.isascii() and "\\u" in self.text
        found = _INDENT.match(self.text)
        self.indent = found[1] if found else None
        self.newline = "\r\n" if "\r\n" in self.text else "\n"

    def changes(self, fix: Fix) -> set[_Change]:
        """Return the changes of one fix; none when a place is not there, or its own parts clash."""
        found: set[_Change] = set()
        for edit in fix:
            made = self._text(edit) if isinstance(edit, TextEdit) else list(self._value(edit))
            if made is None:
                return set()
            found.update(made)
        # What lies inside another change goes with it.
        outer = {c for c in found if not any(other.holds(c) for other in found)}
        clash = any(a.touches(b) for a in outer for b in outer if a < b)
        return set() if clash else outer

    def _value(self, edit: Edit) -> Iterator[_Change]:
        *inside, key = edit.pointer
        parent = tuple(inside)
        span = self.places.span(edit.pointer)
        is_list = isinstance(key, int)
        if edit.action == "replace" or (edit.action == "insert" and span and not is_list):
            if span:
                yield _Change(*span, self._json(edit.value, span[0]))
        elif edit.action == "insert":
            yield from self._inserted(parent, key, edit.value)
        elif span:
            entries = self.places.entries(parent)
            if edit.action == "remove":
                yield self._removed(entries, key)
            elif edit.value not in (key, int(key) + 1):
                yield self._removed(entries, key)
                yield self._item(parent, int(edit.value), self.text[span[0] : span[1]])

    def _inserted(self, parent: Pointer, key: str | int, value: object) -> Iterator[_Change]:
        start = self.places.start(parent)
        if start is None or self.text[start] not in "{[":
            return
        first = self.places.after_space(start + 1)
        if isinstance(key, int):
            yield self._item(parent, key, self._json(value, first))
            return
        entry = f"{json.dumps(key)}: {self._json(value, first)}"
        if self.text[first] == "}":
            yield _Change(start + 1, start + 1, entry)
        else:
            yield _Change(start + 1, start + 1, f"{self.text[start + 1 : first]}{entry},")

    def _item(self, parent: Pointer, position: int, written: str) -> _Change:
        """Return the insertion of an item that is JSON already."""
        start = self.places.start(parent) or 0
        entries = list(self.places.entries(parent).values())
        if not entries:
            return _Change(start + 1, start + 1, written)
        comma = self._comma(parent)
        if position < len(entries):
            at = entries[position][0]
            return _Change(at, at, f"{written}{comma}")
        return _Change(entries[-1][1], entries[-1][1], f"{comma}{written}")

    def _comma(self, parent: Pointer) -> str:
        """Return what stands between two items of a list."""
        start = self.places.start(parent) or 0
        entries = list(self.places.entries(parent).values())
        if len(entries) > 1:
            return self.text[entries[0][1] : entries[1][0]]
        return f",{self.text[start + 1 : self.places.after_space(start + 1)] or ' '}"

    def _removed(self, entries: dict[str | int, tuple[int, int]], key: str | int) -> _Change:
        """Return the removal of an item or a key together with one comma."""
        keys = list(entries)
        at = keys.index(key)
        start, end = entries[key]
        if at:
            return _Change(entries[keys[at - 1]][1], end, "")
        return _Change(start, entries[keys[1]][0] if len(keys) > 1 else end, "")

    def _text(self, edit: TextEdit) -> list[_Change] | None:
        cell = self.notebook.cells[edit.cell]
        pointer = (*cell.pointer, cell.source_key)
        where = self.places.in_source
        if not cell.source:  # there may be no string that could be changed
            span = self.places.span(pointer)
            return [_Change(*span, self._string([edit.text]))] if span else None
        start = where(pointer, cell.source, edit.line, edit.column)
        end = where(pointer, cell.source, edit.end_line, edit.end_column)
        if start is None or end is None or end < start:
            return None
        if edit.column == 1 and edit.line > 1 and not edit.text and edit.end_line > len(cell.lines):
            # Without its last line a cell must not end in an empty one.
            before = len(cell.lines[edit.line - 2]) + 1
            start = where(pointer, cell.source, edit.line - 1, before) or start
        if self.text[self.places.start(pointer) or 0] != "[":
            return [_Change(start, end, self._string(edit.text)[1:-1])]
        begins = edit.column == 1 and edit.line > 1 and self.text[start - 1] != '"'
        written = self._lines(edit.text, pointer, first=begins, last=self.text[end] == '"')
        return [_Change(start, end, written)]

    def _lines(self, text: str, pointer: Pointer, *, first: bool, last: bool) -> str:
        """Write lines as a string each; `first`: not the first ones, `last`: none follow."""
        separator = f'"{self._comma(pointer)}"'
        before = separator if text and first else ""
        after = separator if text.endswith("\n") and not last else ""
        lines = [self._string(line)[1:-1] for line in text.splitlines(keepends=True)]
        return before + separator.join(lines) + after

    def _json(self, value: object, at: int) -> str:
        """Return a value as the file would write it at a place."""
        if self.indent is None or not value or not isinstance(value, dict | list):
            return self._string(value)
        before = self.text[self.text.rfind("\n", 0, at) + 1 : at]
        margin = before[: len(before) - len(before.lstrip())]
        written = self._escaped(json.dumps(value, indent=self.indent, ensure_ascii=self.ascii))
        return written.replace("\n", f"{self.newline}{margin}")

    def _string(self, value: object) -> str:
        return self._escaped(json.dumps(value, ensure_ascii=self.ascii))

    def _escaped(self, written: str) -> str:
        # Half a surrogate pair cannot be written in UTF-8.
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
