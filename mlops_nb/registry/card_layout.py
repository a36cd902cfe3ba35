"""What a section of a card is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlops_nb.registry.card_figures import Figure

READERS = ("science", "engineering")
BOTH = frozenset(READERS)
SCIENCE, ENGINEERING = frozenset({"science"}), frozenset({"engineering"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a card.

    Parameters
    ----------
    title : str
        Its heading.
    readers : frozenset of {"science", "engineering"}
        Whom it is for.
    summary : bool
        Whether it tells one reader the whole card in short.
    lines : sequence of str
        Sentences, one paragraph or bullet each.
    figures : sequence of Figure
        What is drawn.
    header : sequence of str
        Column titles of its table; empty: no table.
    rows : sequence of sequence of str
        Cells of the table.
    note : str
        What the reader must know of the table.
    """

    title: str
    readers: frozenset[str] = BOTH
    summary: bool = False
    lines: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    note: str = ""
