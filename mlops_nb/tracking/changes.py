"""What is different between a run and another state: cells, packages, files, one by one."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_nb import git
from mlops_nb.config import Project
from mlops_nb.tracking.counterparts import body, counterparts
from mlops_nb.tracking.slicefile import Slice, SliceCell

if TYPE_CHECKING:
    from mlops_nb.tracking.reproduce import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Everything that a replay is made from.

    Parameters
    ----------
    cells : tuple of SliceCell
        What runs.
    packages : mapping
        Name → version of the environment; empty: this very environment.
    python : str
        Version of the interpreter.
    files : mapping
        Path, relative to the project → content that is put in its place.
    """

    cells: tuple[SliceCell, ...]
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs.

    Parameters
    ----------
    kind : str
        ``cell``, ``package`` or ``data``.
    what : str
        In a few words.
    cells : tuple of (int, int, tuple of SliceCell)
        For a cell: from, to, and what stands there instead.
    package : tuple of (str, str or None)
        For a package: its name, and its other version, None where it is not installed.
    path : str
        For a file: its path.
    """

    kind: str
    what: str
    cells: tuple[int, int, tuple[SliceCell, ...]] | None = None
    package: tuple[str, str | None] | None = None
    path: str = ""


def applied(setting: Setting, changes: Sequence[Change]) -> Setting:
    """Return a setting with changes made to it; those of cells must not overlap."""
    cells = list(setting.cells)
    packages, files = dict(setting.packages), dict(setting.files)
    for change in sorted(changes, key=lambda c: c.cells[0] if c.cells else -1, reverse=True):
        if change.cells is not None:
            start, end, instead = change.cells
            cells[start:end] = instead
        if change.package is not None:
            name, version = change.package
            packages.pop(name, None)
            if version is not None:
                packages[name] = version
        files.pop(change.path, None)
    return replace(setting, cells=tuple(cells), packages=packages, files=files)


def changed_cells(before: Slice, after: Slice) -> Iterator[Change]:
    """Yield each cell, or block of cells, that two slices do not share."""
    old = [cell.source.rstrip() for cell in before.cells]
    new = [cell.source.rstrip() for cell in after.cells]
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = [(i1, i2, j1, j2)]
        if i2 - i1 == j2 - j1:
            pairs = [(i1 + k, i1 + k + 1, j1 + k, j1 + k + 1) for k in range(i2 - i1)]
        for start, end, first, last in pairs:
            instead = after.cells[first:last]
            yield Change(
                kind="cell",
                what=_describe(before.cells[start:end], instead),
                cells=(start, end, instead),
            )


def edited_cells(slice_: Slice, notebook: Path) -> Iterator[Change]:
    """Yield the cells that stand in the notebook with another text than was executed."""
    for position, (cell, now) in enumerate(
        zip(slice_.cells, counterparts(slice_, notebook) or (), strict=False)
    ):
        if now is not None and not now.is_same and body(cell.source):
            header = [line for line in cell.source.splitlines() if line.startswith("%%mlops")]
            text = "\n".join([*header, body(now.source)])
            instead = (SliceCell(text, cell.count, cell.cell_id),)
            what = _describe((cell,), instead)
            yield Change(kind="cell", what=what, cells=(position, position + 1, instead))


def changed_packages(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    """Yield each package of another version."""
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            what = f"{name} {old or 'not installed'} → {new or 'not installed'}"
            yield Change(kind="package", what=what, package=(name, new))


def recorded_files(project: Project, evidence: Evidence) -> tuple[dict[str, bytes], list[str]]:
    """Return the recorded content of the files that changed, and those whose content is lost.

    The content comes from the run's commit; a file that git does not keep cannot be brought back.
    """
    commit = evidence.record.tags.get("mlflow.source.git.commit", "")
    found, lost = {}, []
    needs = evidence.slice_.surroundings
    for known in (*needs.get("files", ()), *needs.get("modules", ())):
        path = project.root / known["path"]
        if path.is_file() and _hash(path.read_bytes()) == known["hash"]:
            continue
        inside = not Path(known["path"]).is_absolute()
        content = git.content_at(project.root, commit, known["path"]) if commit and inside else None
        if content is not None and _hash(content) == known["hash"]:
            found[known["path"]] = content
        else:
            lost.append(known["path"])
    return found, lost


def mirror(root: Path, files: Mapping[str, bytes], target: Path) -> None:
    """Make a folder that looks like the project, with some files of other content.

    Everything else is a link to the original, so that nothing of the user's is touched.
    """
    folders = {Path(), *(parent for path in files for parent in Path(path).parents)}
    for folder in sorted(folders, key=lambda path: len(path.parts)):
        (target / folder).mkdir(parents=True, exist_ok=True)
        for entry in (root / folder).iterdir() if (root / folder).is_dir() else ():
            inside = folder / entry.name
            if inside not in folders and inside.as_posix() not in files:
                (target / inside).symlink_to(entry.resolve())
    for path, content in files.items():
        (target / path).write_bytes(content)


def _hash(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _describe(old: Sequence[SliceCell], new: Sequence[SliceCell]) -> str:
    names = ", ".join(f"In [{cell.count}]" for cell in old or new)
    if not new:
        return f"{names} left out"
    if not old:
        return f"{names} put in: {_first_line(new[0].source)}"
    lines = difflib.ndiff(old[0].source.splitlines(), new[0].source.splitlines())
    told = [line for line in lines if line[:1] in "+-"][:2]
    return f"{names}: {' / '.join(told)}"


def _first_line(source: str) -> str:
    return next((line for line in source.splitlines() if line.strip()), "")[:60]
