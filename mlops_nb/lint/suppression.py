"""Findings the author has looked at and accepts, said in the notebook itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mlops_nb.lint.finding import Finding
from mlops_nb.notebook import Cell, Notebook

_NOQA = re.compile(r"#\s*noqa\b(?P<codes>\s*:\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)?", re.IGNORECASE)
_CELL = re.compile(r"#\s*mlops:\s*ignore\[([^\]]*)\]")
_TAG = "mlops-ignore-"
_OWN = re.compile(r"NB[A-Z]\d{3}")


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
    """

    code: str
    cell: int | None = None
    line: int | None = None
    column: int = 1
    whole: bool = True

    def covers(self, code: str, finding: Finding) -> bool:
        """Tell whether it suppresses a finding of that rule."""
        if self.code and code != self.code:
            return False
        if self.cell is None:
            return True
        return finding.cell == self.cell and (
            self.whole
            or (finding.line or 1) <= (self.line or 0) <= (finding.end_line or finding.line or 1)
        )


def suppressions(notebook: Notebook) -> list[Suppression]:
    """Return every suppression written in a notebook."""
    found = [Suppression(code=code) for code in _listed(notebook.metadata.get("mlops"))]
    for cell in notebook.cells:
        own = [tag.removeprefix(_TAG) for tag in cell.tags if tag.startswith(_TAG)]
        found.extend(Suppression(code=code, cell=cell.index) for code in own)
        if cell.kind == "code":
            found.extend(_in_source(cell))
    return found


def split(
    findings: Iterable[tuple[str, Finding]], written: list[Suppression]
) -> tuple[list[tuple[str, Finding]], list[Suppression]]:
    """Return the findings that stay, and the suppressions that suppressed nothing."""
    if not written:
        return list(findings), []
    used: set[Suppression] = set()
    kept = []
    for code, finding in findings:
        covering = [s for s in written if s.covers(code, finding)]
        used.update(covering)
        if not covering:
            kept.append((code, finding))
    # A noqa without a code is written for other tools as well.
    return kept, [s for s in written if s not in used and s.code]


def _listed(table: object) -> list[str]:
    codes = table.get("ignore") if isinstance(table, dict) else None
    return [code for code in codes if isinstance(code, str)] if isinstance(codes, list) else []


def _in_source(cell: Cell) -> Iterator[Suppression]:
    if "noqa" not in cell.source.lower() and "mlops:" not in cell.source:
        return
    top = True
    for number, line in enumerate(cell.source.splitlines(), 1):
        top = top and (not line.strip() or line.lstrip().startswith("#"))
        whole = _CELL.search(line) if top else None
        if whole:
            for code in re.findall(r"[\w-]+", whole[1]):
                yield Suppression(code=code, cell=cell.index, line=number, column=whole.start() + 1)
        noqa = _NOQA.search(line)
        if noqa:
            codes = _OWN.findall((noqa["codes"] or "").upper())
            if not noqa["codes"]:
                codes = [""]
            for code in codes:
                yield Suppression(
                    code=code,
                    cell=cell.index,
                    line=number,
                    column=noqa.start() + 1,
                    whole=False,
                )
