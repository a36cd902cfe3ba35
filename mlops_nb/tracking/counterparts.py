"""Which cell of the notebook on disk each cell of a slice is, even where it was edited since."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from mlops_nb.errors import InputError
from mlops_nb.notebook import read_notebook
from mlops_nb.tracking.slicefile import Slice

SIMILAR = 0.6
"""Share of equal text from which a cell counts as an edited one, where no id tells."""


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A cell of the notebook on disk.

    Parameters
    ----------
    position : int
        Among its code cells, from 0.
    source : str
        Its text now.
    is_same : bool
        Whether the text is that of the slice's cell.
    """

    position: int
    source: str
    is_same: bool


def counterparts(slice_: Slice, notebook: Path) -> list[Counterpart | None] | None:
    """Return for each cell of a slice its counterpart, None for one that is no longer there.

    None altogether when there is no such notebook.
    """
    try:
        cells = read_notebook(notebook).code_cells
    except InputError:
        return None
    by_text: dict[str, list[int]] = {}
    for place, known in enumerate(cells):
        by_text.setdefault(body(known.source), []).append(place)
    by_id = {cell.id: place for place, cell in enumerate(cells) if cell.id}
    wanted = [body(cell.source) for cell in slice_.cells]
    free = [i for i, cell in enumerate(cells) if body(cell.source) not in set(wanted)]
    found: list[Counterpart | None] = []
    last = -1
    for cell, text in zip(slice_.cells, wanted, strict=True):
        position: int | None = by_id.get(cell.cell_id or "")
        if text in by_text:  # of several alike, the next one down
            last = next((p for p in by_text[text] if p > last), by_text[text][0])
            position = last
        elif position is None:
            position = _most_similar(text, [(i, body(cells[i].source)) for i in free])
        found.append(
            Counterpart(position, cells[position].source, text in by_text)
            if position is not None
            else None
        )
    return found


def body(source: str) -> str:
    """Return a cell without what makes it a run: to wrap a cell changes nothing in it."""
    lines = source.strip().splitlines()
    kept = [line for line in lines if not line.startswith(("%%mlops", "%load_ext mlops_nb"))]
    return "\n".join(kept).strip()


def _most_similar(text: str, cells: list[tuple[int, str]]) -> int | None:
    best, where = SIMILAR, None
    for place, other in cells:
        ratio = difflib.SequenceMatcher(a=text, b=other, autojunk=False).ratio()
        if ratio >= best:
            best, where = ratio, place
    return where
