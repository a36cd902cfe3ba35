"""Why a result may differ when it is made again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_nb.secrets import MASK
from mlops_nb.tracking.counterparts import body, counterparts
from mlops_nb.tracking.outside import describe_file
from mlops_nb.tracking.slicefile import Slice

_CLOCK = re.compile(r"\b(?:datetime\.now|date\.today|datetime\.today|Timestamp\.now|time\.time)\(")
_FRESH = re.compile(
    r"\bdefault_rng\(\s*\)|\bRandomState\(\s*\)|\bos\.urandom\(|\buuid4\(|\bsecrets\."
)
# Cells that the slice does not hold as they were: masked, or only the part that ran.
_REWRITTEN = (MASK, "# raised when it was run", "# what followed raised")
_IMPORT = re.compile(r"^\s*(?:import|from)\s+([^\W\d]\w*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cause:
    """One possible cause.

    Parameters
    ----------
    kind : str
        ``data``, ``packages``, ``seed``, ``outside``, ``parameters``, ``clock``, ``secret``,
        ``order`` or ``error``.
    text : str
        What was found, in one sentence.
    """

    kind: str
    text: str


def changed_files(slice_: Slice, root: Path) -> Iterator[Cause]:
    """Yield the files that are not what they were when the run was made."""
    for kind, what in (("files", "data"), ("modules", "outside")):
        for known in slice_.surroundings.get(kind, ()):
            path = root / known["path"]
            if not path.is_file():
                yield Cause(what, f"{known['path']} is missing")
            elif known.get("changed") and kind == "files":
                text = f"{known['path']} was changed after the cell had read it"
                yield Cause("outside", text)
            elif describe_file(str(path), None, root)["hash"] != known["hash"]:
                yield Cause(what, f"{known['path']} has changed since the run")


def outside_influences(slice_: Slice) -> Iterator[Cause]:
    """Yield what the slice's cells depend on besides themselves and their files."""
    source = "\n".join(cell.source for cell in slice_.cells)
    needs = slice_.surroundings
    if needs.get("unseeded"):
        names = ", ".join(needs["unseeded"])
        yield Cause("seed", f"random numbers of {names} were drawn before anything seeded them")
    if found := _FRESH.search(source):
        yield Cause("seed", f"{found[0].rstrip('(')} takes its randomness from the machine")
    if found := _CLOCK.search(source):
        yield Cause("clock", f"a cell reads the clock: {found[0]})")
    if needs.get("hosts"):
        yield Cause("outside", f"a cell reads from the network: {', '.join(needs['hosts'])}")
    if needs.get("commands"):
        yield Cause("outside", f"a cell runs other programs: {', '.join(needs['commands'][:5])}")
    if MASK in source:
        yield Cause("secret", "a credential in the code was masked and is not known any more")


def changed_packages(
    before: Mapping[str, str], now: Mapping[str, str], python: tuple[str, str], slice_: Slice
) -> Iterator[Cause]:
    """Yield the packages of other versions, those that the slice imports by name."""
    if python[0] and python[0] != python[1]:
        yield Cause("packages", f"Python {python[0]} then, {python[1]} now")
    differing = {
        name: (before.get(name), now.get(name))
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    }
    used = imported_packages(slice_)
    for name in sorted(differing):
        if name in used:
            old, new = differing.pop(name)
            yield Cause("packages", f"{name} {old or 'not installed'} then, {new or 'none'} now")
    if differing:
        few = ", ".join(sorted(differing)[:5])
        more = f" and {len(differing) - 5} more" if len(differing) > 5 else ""
        yield Cause("packages", f"other packages differ: {few}{more}")


def imported_packages(slice_: Slice) -> set[str]:
    """Return the distributions whose modules the slice imports."""
    from importlib.metadata import packages_distributions

    owners = packages_distributions()
    source = "\n".join(cell.source for cell in slice_.cells)
    return {name for module in _IMPORT.findall(source) for name in owners.get(module, ())}


def differing_values(
    what: str, before: Mapping[str, str], now: Mapping[str, str], kind: str
) -> Iterator[Cause]:
    """Yield the parameters or inputs that came out differently."""
    for name in sorted({*before, *now}):
        if before.get(name) == now.get(name):
            continue
        if kind == "data":
            yield Cause(kind, f"{what} {name!r} holds other content than in the run")
        else:
            old, new = before.get(name, "none"), now.get(name, "none")
            yield Cause(kind, f"{what} {name!r} was {old} in the run and is {new} now")


def of_error(error: str) -> Cause:
    """Return what the error of a replay says about its cause."""
    kind = error.partition(":")[0]
    if kind in {"FileNotFoundError", "NotADirectoryError"}:
        return Cause("data", f"a file is missing: {error}")
    if kind in {"ModuleNotFoundError", "ImportError"}:
        return Cause("packages", f"a package is missing or another: {error}")
    if kind in {"NameError", "UnboundLocalError"}:
        return Cause("outside", f"a name came from outside of the executed cells: {error}")
    return Cause("error", error)


def notebook_differences(slice_: Slice, notebook: Path) -> Iterator[Cause]:
    """Yield how the notebook on disk differs from what was executed for the run."""
    found = counterparts(slice_, notebook)
    if found is None:
        return
    pairs = [pair for pair in zip(slice_.cells, found, strict=True) if body(pair[0].source)]
    lost = [
        f"In [{cell.count}] ({'edited since' if now else 'no longer there'})"
        for cell, now in pairs
        if (now is None or not now.is_same) and not any(mark in cell.source for mark in _REWRITTEN)
    ]
    if lost:
        yield Cause(
            "order", f"cells the result needs are not in {notebook.name}: {', '.join(lost)}"
        )
    order = [now.position for _, now in pairs if now is not None]
    if order != sorted(order):
        yield Cause("order", f"the cells ran in another order than {notebook.name} has them")
    yield from _repeated(slice_)


def _repeated(slice_: Slice) -> Iterator[Cause]:
    counts: dict[str, list[int]] = {}
    for cell in slice_.cells:
        counts.setdefault(cell.source, []).append(cell.count)
    for found in counts.values():
        if len(found) > 1:
            names = ", ".join(f"In [{count}]" for count in found)
            yield Cause("order", f"one cell ran {len(found)} times, and each run counts: {names}")
