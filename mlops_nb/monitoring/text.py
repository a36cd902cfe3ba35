"""Free text: how long it is and which words it holds."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import numpy as np

from mlops_nb import frames
from mlops_nb.monitoring.bins import choose_edges, means
from mlops_nb.monitoring.parts import Categories, Numbers, Words
from mlops_nb.monitoring.summary import Column

DISTINCT = 0.5
"""Prose has at least this share of distinct values."""
TEXTS = 20_000
"""Texts that the vocabulary and the lengths are taken from; all of them in a smaller table."""
FEW = 500
"""Texts that tell prose from identifiers."""
PROSE = 3
"""Words that prose has on average."""
WORDS = 30
FREQUENT = 0.01
"""Share of the texts a word must be in; rarer ones might name a person."""
LONGEST = 24
BYTES = 500
"""Most room for the words, as JSON."""
CHARACTERS = 2_000
"""Of longer texts only the beginning is split into words."""


def is_text(table: Any, name: str, found: Categories, values: int) -> bool:
    """Whether a column holds prose: almost every value its own, and of several words.

    Identifiers are as various, but what they are made of counts on by itself.
    """
    if not values or (found.counts and found.distinct < DISTINCT * values):
        return False
    texts = _texts(table, name, FEW)
    return sum(len(_split(text)) for text in texts) >= PROSE * len(texts)


def lengths_and_words(table: Any, name: str, reference: Column | None) -> tuple[Numbers, Words]:
    """Return how long the texts are and which words they hold, from an even sample.

    Counted in the bins of the reference and for its words when there is one. Lengths are in
    characters.
    """
    texts = _texts(table, name, TEXTS)
    lengths = np.array([len(text) for text in texts], dtype=float)
    if reference is not None and reference.numbers is not None:
        edges = reference.numbers.edges
    else:
        edges = choose_edges(lengths, lengths.min(initial=0), lengths.max(initial=0))
    place = np.searchsorted(edges, lengths, side="left")
    some = len(lengths) > 0
    numbers = Numbers(
        minimum=float(lengths.min()) if some else None,
        maximum=float(lengths.max()) if some else None,
        mean=float(lengths.mean()) if some else None,
        squares=float(lengths.var() * len(lengths)) if some else 0.0,
        edges=edges,
        counts=tuple(np.bincount(place, minlength=len(edges) + 1).tolist()),
        means=means(lengths, edges) if edges else (None,),
    )
    known = reference.words.counts if reference is not None and reference.words else None
    return numbers, _words(texts, known)


def _texts(table: Any, name: str, size: int) -> list[str]:
    column = frames.sample(table, size, [name])[name]
    return [str(value) for value in column[column.notna()]]


def _split(text: str) -> list[str]:
    return re.findall(r"\w+", text[:CHARACTERS].lower())


def _words(texts: list[str], known: Any) -> Words:
    counted: Counter[str] = Counter()
    for text in texts:
        counted.update(set(_split(text)))
    if known is not None:
        return Words(texts=len(texts), counts={word: counted[word] for word in known})
    least = max(5, FREQUENT * len(texts))
    frequent = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:WORDS]
    kept = {word: n for word, n in frequent if n >= least and len(word) <= LONGEST}
    while len(json.dumps(kept).encode()) > BYTES:
        kept.popitem()
    return Words(texts=len(texts), counts=dict(sorted(kept.items())))
