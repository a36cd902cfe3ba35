"""The names of the notebook before and after a cell: what the cell bound, changed and deleted."""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.tracking.fingerprint import USED_UP, Fingerprinter

if TYPE_CHECKING:
    from mlops_nb.dataflow import CellFacts

PROCESS = "<process>"
"""Stands for what belongs to the process: the working folder, variables, loaded extensions."""

RANDOM = {"random": "<random>", "numpy": "<numpy.random>", "torch": "<torch.random>"}
"""Library → the name that stands for the state of its global generator."""

_IPYTHON = re.compile(r"_+|_i+|_i?\d+|_[ido]h|In|Out|get_ipython|exit|quit|open|display|__\w+__")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The namespace at one moment.

    Parameters
    ----------
    names : mapping
        Name → identity, fingerprint, and whether the fingerprint sees every change.
    generators : mapping
        Stand-in of a library's global random generator → its state.
    process : int
        Working folder, environment variables and ``sys.path``.
    modules : int
        How many modules are loaded.
    """

    names: Mapping[str, tuple[int, int, bool]]
    generators: Mapping[str, int]
    process: int
    modules: int = 0


def snapshot(namespace: Mapping[str, Any], hidden: Collection[str] = ()) -> Snapshot:
    """Look at a namespace; takes a few milliseconds at most, whatever its objects hold."""
    taker = Fingerprinter()
    names = {}
    for name, value in list(namespace.items()):
        if not _IPYTHON.fullmatch(name) and name not in hidden:
            names[name] = (id(value), *taker.take(value))
    return Snapshot(
        names=names,
        generators=generators(),
        process=process_state(),
        modules=len(sys.modules),
    )


def process_state() -> int:
    """Return a fingerprint of the working folder, the environment variables and ``sys.path``."""
    return hash((_folder(), tuple(sys.path), frozenset(os.environ.items())))


def generators() -> dict[str, int]:
    """Return the states of the global random generators of the libraries that are loaded."""
    found = {RANDOM["random"]: hash(random.getstate())}
    numpy: Any = sys.modules.get("numpy.random")
    if numpy is not None:
        state = numpy.get_state(legacy=False)
        inner = dict(state["state"])
        key = inner.pop("key", None)  # the 624 words of the Mersenne Twister
        words = b"" if key is None else key.tobytes()
        found[RANDOM["numpy"]] = hash((repr(inner), repr(state.get("gauss")), words))
    torch: Any = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_rng_state"):
        found[RANDOM["torch"]] = hash(torch.get_rng_state().numpy().tobytes())
    return found


def drawn(before: Snapshot, facts: CellFacts) -> frozenset[str]:
    """Return the generators that a cell has drawn from or seeded since a snapshot."""
    now = generators()
    moved = {name for name in now if now[name] != before.generators.get(name, now[name])}
    if before.modules != len(sys.modules) and not facts.uses & set(RANDOM):
        moved -= {RANDOM["random"]}  # some libraries draw from it while they are imported
    return frozenset(moved)


def observed(facts: CellFacts, before: Snapshot, after: Snapshot, *, failed: bool) -> CellFacts:
    """Return a cell's facts, put right by what was seen of it.

    Parameters
    ----------
    facts : CellFacts
        What its text says.
    before, after : Snapshot
        The namespace around it.
    failed : bool
        The cell raised: what it binds for certain is only what is seen to be bound.
    """
    old, new = before.names, after.names
    bound = {name for name in new if name not in old or new[name][0] != old[name][0]}
    changed = {name for name in new if name in old and new[name][:2] != old[name][:2]} - bound
    gone = set(old) - set(new)
    doubtful = {
        n for n in facts.mutates if n not in old or not (old[n][2] and new.get(n, old[n])[2])
    }
    read = set(facts.uses).union(*facts.deferred.values())
    doubtful |= {name for name in read & set(old) if old[name][1] == USED_UP}
    same = {new[name][0] for name in doubtful & set(new)}
    aliases = {name for name in new if new[name][0] in same} if same else set()
    moved = drawn(before, facts)
    binds = (set() if failed else set(facts.binds) & set(new)) | bound
    process = {PROCESS} if before.process != after.process else set()
    seeded = moved if facts.seeds else frozenset()
    return replace(
        facts,
        defines=frozenset(binds | seeded),
        binds=frozenset(binds | seeded),
        uses=facts.uses | (moved - seeded),
        mutates=frozenset(changed | doubtful | aliases | moved | process)
        | (facts.mutates & {PROCESS}),
        deletes=frozenset(gone | (facts.deletes if not failed else set())),
        seeds=facts.seeds and not seeded,
        stars=(),
    )


def _folder() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""
