"""Findings the author has looked at and accepts, said in the notebook itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mlops_nb.lint.finding import Edit, Finding, Pointer, TextEdit
from mlops_nb.lint.rule import Rule
from mlops_nb.notebook import Cell, Notebook

NOQA = re.compile(r"#\s*noqa\b(?:\s*:\s*(?P<codes>[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*))?", re.IGNORECASE)
_CELL = re.compile(r"#\s*mlops:\s*ignore\[(?P<codes>[^\]]*)\]")
TAG = "mlops-ignore-"
_OWN = re.compile(r"NB[A-Z]\d{3}")
_FOREIGN = re.compile(r"[A-Z]{1,8}\d{1,4}")
_CODE = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One code that is suppressed at one place.

    Parameters
    ----------
    code : str
        The rule; empty: all rules.
    cell : int, optional
        The cell; None: the whole notebook.
    line, column : int, optional
        Where it is written in the cell; None: in its tags or in the metadata.
    whole : bool
        It holds for the whole cell, not for its line alone.
    removal : Edit or TextEdit, optional
        Takes it away.
    """

    code: str
    cell: int | None = None
    line: int | None = None
    column: int = 1
    whole: bool = True
    removal: Edit | TextEdit | None = None

    @property
    def foreign(self) -> bool:
        """It names a rule of another tool, as ``F401``."""
        return bool(_FOREIGN.fullmatch(self.code)) and not self.code.startswith("NB")

    def covers(self, code: str, finding: Finding) -> bool:
        """Tell whether it suppresses a finding of that rule."""
        if finding.internal or (self.code and code != self.code):
            return False
        if self.cell is None:
            return True
        return finding.cell == self.cell and (
            self.whole
            or (finding.line or 1) <= (self.line or 0) <= (finding.end_line or finding.line or 1)
        )

    def unused(self, *, known: bool) -> Finding:
        """Return the finding that it suppresses nothing, or that its rule is not `known`."""
        what = "suppresses nothing here" if known else "is no rule"
        return Finding(
            message=f"unused suppression: {self.code} {what}",
            cell=self.cell,
            line=self.line,
            column=self.column,
            pointer=None if self.line or self.cell is not None else ("metadata",),
            edits=(self.removal,) if self.removal else (),
        )


def suppressions(notebook: Notebook) -> list[Suppression]:
    """Return every suppression written in a notebook."""
    found = [
        Suppression(code=code, removal=Edit(pointer=pointer, action="remove"))
        for code, pointer in _listed(notebook.metadata.get("mlops"))
    ]
    for cell in notebook.cells:
        found.extend(_in_tags(cell) if cell.tags else ())
        if cell.kind == "code":
            found.extend(_in_source(cell))
    return found


def split(
    findings: Iterable[tuple[Rule, Finding]], written: list[Suppression]
) -> tuple[list[tuple[Rule, Finding]], list[Suppression]]:
    """Return the findings that stay, and the suppressions that suppressed nothing."""
    if not written:
        return list(findings), []
    used: set[int] = set()
    kept = []
    for rule, finding in findings:
        covering = [n for n, s in enumerate(written) if s.covers(rule.code, finding)]
        used.update(covering)
        if not covering:
            kept.append((rule, finding))
    # A noqa without a code is written for other tools as well.
    return kept, [s for n, s in enumerate(written) if n not in used and s.code]


def _listed(table: object) -> Iterator[tuple[str, Pointer]]:
    codes = table.get("ignore") if isinstance(table, dict) else None
    for number, code in enumerate(codes if isinstance(codes, list) else ()):
        if isinstance(code, str):
            yield code, ("metadata", "mlops", "ignore", number)


def _in_tags(cell: Cell) -> Iterator[Suppression]:
    written = cell.metadata.get("tags")
    for number, tag in enumerate(written if isinstance(written, list) else ()):
        if isinstance(tag, str) and tag.startswith(TAG):
            pointer = (*cell.pointer, "metadata", "tags", number)
            yield Suppression(
                code=tag.removeprefix(TAG),
                cell=cell.index,
                removal=Edit(pointer=pointer, action="remove"),
            )


def _in_source(cell: Cell) -> Iterator[Suppression]:
    if "noqa" not in cell.source.lower() and "mlops:" not in cell.source:
        return
    top = True
    for number, line in enumerate(cell.lines, 1):
        top = top and (not line.strip() or line.lstrip().startswith("#"))
        whole = _CELL.search(line) if top else None
        if whole:
            yield from _codes(cell, number, line, whole, _CODE, whole=True)
        noqa = NOQA.search(line)
        if noqa and not noqa["codes"]:
            yield Suppression(
                code="", cell=cell.index, line=number, column=noqa.start() + 1, whole=False
            )
        elif noqa:
            yield from _codes(cell, number, line, noqa, _OWN, whole=False)


def _codes(
    cell: Cell,
    number: int,
    line: str,
    comment: re.Match[str],
    code: re.Pattern[str],
    *,
    whole: bool,
) -> Iterator[Suppression]:
    """Yield the suppressions of one comment."""
    first, last = comment.span("codes")
    before, after = line[: comment.start()].rstrip(), line[comment.end() :].strip()
    listed = list(_CODE.finditer(line, first, last))
    for at, found in enumerate(listed):
        name = found[0] if whole else found[0].upper()
        if not code.fullmatch(name):
            continue
        end_line = number
        if len(listed) == 1 and not before and not after:
            start, end, end_line = 0, 0, number + 1
        elif len(listed) == 1:
            start, end = len(before), len(line) if not after else comment.end()
        elif at:
            start, end = listed[at - 1].end(), found.end()
        else:
            start, end = found.start(), listed[1].start()
        yield Suppression(
            code=name,
            cell=cell.index,
            line=number,
            column=comment.start() + 1,
            whole=whole,
            removal=TextEdit(
                cell=cell.index,
                line=number,
                column=start + 1,
                end_line=end_line,
                end_column=end + 1,
                text="",
            ),
        )
