"""The journal: what a run logs, appended to a file of its own by the process that runs it.

One file per run, ``.mlops/journal/<uid>.jsonl``, one JSON object a line; files that belong to the
run are staged in the folder of the same name. The writer holds a ``flock`` on the file for as long
as it lives, so a free lock means a dead or finished writer. A call is one ``write(2)``: what was
logged before a crash is in the file.
"""

from __future__ import annotations

import fcntl
import math
import os
import warnings
import weakref
from contextlib import suppress
from pathlib import Path

import msgspec

from mlops_nb.config import current_attempt
from mlops_nb.secrets import Redaction

CHUNK_BYTES = 4 * 1024 * 1024
"""How much of a journal is read at once."""


class _Entry(msgspec.Struct, tag_field="type", forbid_unknown_fields=False):
    """One line of a journal; a reader passes over fields it does not know."""


class Start(_Entry, tag="start"):
    """The first line: the run, and when it began in ms since 1970."""

    uid: str
    name: str
    at: int
    parent: str = ""
    tags: dict[str, str] = {}


class Metric(_Entry, tag="metric"):
    """A point; a value that JSON has no number for stands as ``nan``, ``inf`` or ``-inf``."""

    key: str
    value: float | str
    step: int
    at: int


class Param(_Entry, tag="param"):
    """A parameter, as text."""

    key: str
    value: str


class Tag(_Entry, tag="tag"):
    """A tag; the last one of a name counts."""

    key: str
    value: str


class Artifact(_Entry, tag="artifact"):
    """A file or folder, staged under the same path that it has among the run's artifacts."""

    path: str


class Model(_Entry, tag="model"):
    """A fitted model: its staged file and, when given, an example of its input."""

    name: str
    file: str
    example: str = ""


class End(_Entry, tag="end"):
    """The last line: FINISHED, FAILED or KILLED, and when in ms since 1970."""

    status: str
    at: int


Entry = Start | Metric | Param | Tag | Artifact | Model | End

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode
_open_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


def journal_folder(home: Path) -> Path:
    """Return the folder of the journals under a project's ``.mlops``."""
    return home / "journal"


class Journal:
    """The writing end of one run's journal.

    Parameters
    ----------
    home : Path
        The project's ``.mlops``; created when it is missing.
    start : Start
        The first line.
    """

    def __init__(self, home: Path, start: Start) -> None:
        folder = journal_folder(home)
        # Another thread or kernel may be making them at this very moment.
        folder.mkdir(parents=True, exist_ok=True)
        ignore = home / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        self.path = folder / f"{start.uid}.jsonl"
        self.staging = folder / start.uid
        self._torn = False
        self._warned = False
        attempt = current_attempt()
        self.redaction = attempt.redaction() if attempt else Redaction(())
        # Locked before it gets its name: nobody may find it and take its writer for dead.
        hidden = folder / f".{start.uid}.new"
        self._fd = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        self.append(start)
        hidden.rename(self.path)
        _open_journals.add(self)

    def append(self, entry: Entry) -> None:
        """Write one line. A full disk costs the line and a warning, never the user's training."""
        line = _encode(entry) + b"\n"
        if self.redaction:
            line = self.redaction.data(line)
            if isinstance(entry, Artifact):
                self.redaction.file(self.staging / entry.path)
        try:
            # A line cut short by a full disk must not swallow this one.
            complete = os.write(self._fd, b"\n" + line if self._torn else line) >= len(line)
        except OSError as error:
            if self._fd < 0:
                raise
            self._complain(str(error))
            return
        self._torn = not complete
        if not complete:
            self._complain("no space left")

    def flush(self) -> None:
        """Make what was written survive a power cut."""
        with suppress(OSError):  # a file system without fsync keeps what it can
            os.fsync(self._fd)

    def close(self) -> None:
        """Flush and give the file up; its writer counts as gone afterwards."""
        if self._fd >= 0:
            self.flush()
            os.close(self._fd)
            self._fd = -1
        _open_journals.discard(self)

    def _complain(self, reason: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(f"cannot write to {self.path}: {reason}", RuntimeWarning, stacklevel=4)

    def _reopen_in_child(self) -> None:
        # The child may log, but must not keep the parent's lock alive after the parent is dead.
        os.close(self._fd)
        with suppress(OSError):
            self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND)


def flush_all() -> None:
    """Flush every journal that this process writes."""
    for journal in list(_open_journals):
        journal.flush()


def _after_fork() -> None:
    for journal in list(_open_journals):
        journal._reopen_in_child()


os.register_at_fork(after_in_child=_after_fork)


def is_live(path: Path) -> bool:
    """Whether the writer of a journal still holds it."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def read(path: Path, offset: int = 0) -> tuple[list[Entry], int, list[str]]:
    """Read the next lines of a journal.

    Parameters
    ----------
    path : Path
        The journal.
    offset : int
        The byte to begin at, the start of a line.

    Returns
    -------
    entries : list
        At most about :data:`CHUNK_BYTES` of them; empty at the end.
    offset : int
        Where to go on. A last line without its end is not consumed.
    problems : list of str
        Lines that cannot be read and were passed over.
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(CHUNK_BYTES)
        if not data.endswith(b"\n") and len(data) == CHUNK_BYTES:
            data += file.readline()
    whole = data[: data.rfind(b"\n") + 1]
    entries: list[Entry] = []
    problems = []
    for line in whole.splitlines():
        if not line:
            continue
        try:
            entries.append(_decode(line))
        except msgspec.DecodeError as error:
            problems.append(f"{path.name}: a line cannot be read and is ignored ({error})")
    return entries, offset + len(whole), problems


def as_stored(value: float) -> float | str:
    """Return a number as a journal holds it."""
    return value if math.isfinite(value) else str(value)
