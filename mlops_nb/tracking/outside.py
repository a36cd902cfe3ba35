"""What a cell reads and does outside of the notebook: files, hosts, commands.

Python's own audit events tell, so no library is patched. Files that a library opens in C are not
seen; those whose name stands in the cell as a text are found by it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HASHED_BYTES = 64_000_000
"""Files up to this size are hashed entirely; of larger ones, the first and the last megabyte."""

_EDGE = 1_000_000
_CODE = (".py", ".pyc", ".pyi", ".so", ".pth", ".ipynb")
_FOREIGN = tuple(
    str(Path(folder)) + os.sep
    for folder in {sys.prefix, sys.base_prefix, "/proc", "/sys", "/dev", "/etc", "/usr", "/lib"}
)
_OWN = frozenset(
    {".mlops", ".ipython", ".git", ".jupyter", "__pycache__", "matplotlib", "fontconfig"}
)
# Libraries ask the machine about itself.
_LOOKS = frozenset({"lscpu", "uname", "ldconfig", "nvidia-smi", "sysctl", "gcc", "cc", "ld"})


@dataclass(slots=True)
class Outside:
    """What one cell touched.

    Parameters
    ----------
    reads : dict
        Path → time of its last change in ns and size, when it was opened.
    writes, hosts, commands : set of str
        Paths written; names of machines connected to; programs run.
    """

    reads: dict[str, tuple[int, int]] = field(default_factory=dict)
    writes: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    commands: set[str] = field(default_factory=set)


_listening: Outside | None = None
_installed = False


def listen(record: Outside | None) -> None:
    """Write what happens from now on into a record, or nowhere."""
    global _installed, _listening
    _listening = record
    if record is not None and not _installed:
        sys.addaudithook(_hear)
        _installed = True


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    record = _listening
    if record is None or threading.current_thread().name.startswith("mlops-"):
        return
    if event == "open":
        _note_file(record, arguments[0], arguments[1], arguments[2])
    elif event == "socket.getaddrinfo" and isinstance(arguments[0], str | bytes):
        name = arguments[0] if isinstance(arguments[0], str) else arguments[0].decode()
        if name not in {"localhost", "127.0.0.1", "::1"}:
            record.hosts.add(name)
    elif event == "subprocess.Popen" and _is_the_users(arguments):
        record.commands.add(str(arguments[0]))


def _is_the_users(arguments: tuple[Any, ...]) -> bool:
    """Whether a program was started by the cell, and not by a library's look or our own sync."""
    return Path(str(arguments[0])).name not in _LOOKS and "--follow" not in arguments[1]


def _note_file(record: Outside, path: Any, mode: Any, flags: Any) -> None:
    if not isinstance(path, str | os.PathLike):
        return
    file = Path(path).absolute()
    full = os.path.normpath(file)
    if full.endswith(_CODE) or full.startswith(_FOREIGN) or not _OWN.isdisjoint(file.parts):
        return
    writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
    if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
        record.writes.add(full)
    elif full not in record.reads and file.is_file():
        status = file.stat()
        record.reads[full] = (status.st_mtime_ns, status.st_size)


def note_texts(record: Outside, texts: Iterable[str], folder: str) -> None:
    """Add the files whose names stand as texts in a cell, seen from the folder it ran in."""
    for text in texts:
        if 0 < len(text) < 1000 and "\0" not in text and "\n" not in text and "." in text:
            path = Path(folder, text)
            if path.is_file() and os.path.normpath(path) not in record.writes:
                _note_file(record, path, "r", 0)


def describe_file(path: str, seen: tuple[int, int] | None, root: Path) -> dict[str, Any]:
    """Return path (relative inside `root`), bytes and hash of a file as it is now.

    ``changed`` is true when the file is no longer what the cell read.
    """
    full = Path(path)
    shown = full.relative_to(root).as_posix() if full.is_relative_to(root) else str(full)
    try:
        status = full.stat()
        digest = _digest(str(full), status.st_mtime_ns, status.st_size)
    except OSError:
        return {"path": shown, "bytes": seen[1] if seen else 0, "hash": "", "changed": True}
    changed = seen is not None and seen != (status.st_mtime_ns, status.st_size)
    return {"path": shown, "bytes": status.st_size, "hash": digest, "changed": changed}


_digests: dict[tuple[str, int, int], str] = {}


def _digest(path: str, changed_ns: int, size: int) -> str:
    key = (path, changed_ns, size)
    if key not in _digests:
        import hashlib

        digest = hashlib.sha256()
        with Path(path).open("rb") as file:
            if size <= HASHED_BYTES:
                digest = hashlib.file_digest(file, "sha256")
            else:
                digest.update(file.read(_EDGE))
                file.seek(-_EDGE, os.SEEK_END)
                digest.update(file.read(_EDGE))
        kind = "sha256" if size <= HASHED_BYTES else f"sha256-edges-{size}"
        _digests[key] = f"{kind}:{digest.hexdigest()}"
    return _digests[key]


def project_modules(root: Path) -> list[str]:
    """Return the files of the modules that were imported from the project itself."""
    found = set()
    inside = os.path.join(root, "")  # noqa: PTH118 - thousands of modules, a hundred times faster
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str) or not path.startswith(inside) or not path.endswith(".py"):
            continue
        if not path.startswith(_FOREIGN) and "site-packages" not in path:
            found.add(path)
    return sorted(found)
